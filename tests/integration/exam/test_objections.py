"""An objection holds one person's result, and nobody else's, until the province has decided."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from luban.eventkit.ids import new_id
from luban.eventkit.timers import Timers
from luban.events.v1.common_pb2 import PlanFacts
from luban.exam.bootstrap import TIMERS
from luban.reference.rules import rule
from tests.integration.exam.desk import (
    Desk,
    candidate,
    province,
    publicised,
    refusal,
    staff_of,
    submitted,
)
from tests.integration.exam.rig import ExamRig

ENDS = datetime(2026, 12, 16, 16, tzinfo=UTC)
OBJECTOR = {"objector_name": "证人甲", "objector_phone": "+86 139-0000-0001", "statement": "分数与公布的答案不符"}


def object_to(desk: Desk, plan: PlanFacts, number: int, **changes: Any) -> httpx.Response:
    """An objection to the result of a number in the public list."""
    body = {"publicity_no": number, **OBJECTOR, **changes}
    return desk.post(f"/plans/{plan.plan_id}/objections", json=body, address=f"192.0.2.{number}")


def objected(desk: Desk, plan: PlanFacts, number: int, **changes: Any) -> str:
    """The same, accepted; its id."""
    response = object_to(desk, plan, number, **changes)
    assert response.status_code == 201, response.text
    return str(response.json()["objection_id"])


def decide(desk: Desk, objection_id: str, **decision: Any) -> httpx.Response:
    """The province's decision."""
    return desk.post(f"/objections/{objection_id}/decision", province(), json={"reason": "已复核", **decision})


def states(rig: ExamRig) -> list[str]:
    """The results' states in the list's order."""
    return [state for (state,) in rig.rows("select state from result order by publicity_no")]


def test_the_others_are_confirmed_while_one_is_held(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(3)
    publicised(desk, plan)
    objected(desk, plan, 2)
    assert states(rig) == ["PUBLICISED", "HELD", "PUBLICISED"]
    assert len(desk.get(f"/plans/{plan.plan_id}/publicity").json()["items"]) == 3
    rig.clock(ENDS)
    rig.fire_timers()
    assert states(rig) == ["CONFIRMED", "HELD", "CONFIRMED"]
    assert len(rig.events("ResultConfirmed")) == 2


def test_one_network_files_so_many_objections_a_day_and_no_more(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    publicised(desk, plan)

    def object_from(address: str, number: int) -> int:
        phone = f"1390000{number:04d}"
        body = {"publicity_no": 1, **OBJECTOR, "objector_phone": phone}
        return desk.post(f"/plans/{plan.plan_id}/objections", json=body, address=address).status_code

    most = rule("objection.daily_per_network", date(2026, 12, 1))
    assert [object_from("192.0.2.7", number) for number in range(most + 1)] == [201] * most + [429]
    assert object_from("192.0.2.8", most + 1) == 201
    assert rig.one("select count(*) from objection") == most + 1


def test_who_objects_is_sealed_and_shown_to_the_province_alone(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    publicised(desk, plan)
    objection_id = objected(desk, plan, 1)
    path, reader = f"/plans/{plan.plan_id}/objections", province()
    (shown,) = desk.get(path, reader).json()["items"]
    assert (shown["objector_name"], shown["objector_phone"]) == ("证人甲", "13900000001")
    (to_body,) = desk.get(path, staff_of(plan)).json()["items"]
    assert (to_body["objection_id"], to_body["objector_name"], to_body["state"]) == (objection_id, None, "OPEN")
    assert rig.rows("select actor, subject_id from webkit.personal_data_access where what like '%%objectors'") == [
        (str(reader.subject), UUID(objection_id))
    ]
    assert "证人甲".encode() not in bytes(rig.one("select sealed from objection"))


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"publicity_no": 9}, 404, "result-unknown"),
        ({"objector_phone": "12345"}, 422, "phone-format"),
        ({"objector_name": "007"}, 422, "name-format"),
        ({"statement": "   "}, 422, "request-invalid"),
        ({"publicity_no": 0}, 422, "request-invalid"),
    ],
)
def test_a_bad_objection_holds_nothing(
    desk: Desk, rig: ExamRig, changes: dict[str, Any], status: int, code: str
) -> None:
    plan = rig.plan_with(1)
    publicised(desk, plan)
    assert refusal(object_to(desk, plan, 1, **changes)) == (status, code)
    assert states(rig) == ["PUBLICISED"]


def test_objections_come_during_publicity_only(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    submission_id = submitted(desk, plan)
    assert refusal(object_to(desk, plan, 1)) == (404, "result-unknown")
    desk.post(f"/submissions/{submission_id}/confirm", staff_of(plan))
    rig.clock(ENDS)
    assert refusal(object_to(desk, plan, 1)) == (409, "publicity-over")
    rig.fire_timers()
    assert refusal(object_to(desk, plan, 1)) == (409, "publicity-over")
    assert states(rig) == ["CONFIRMED"]


def test_one_telephone_number_objects_once_to_a_result(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    publicised(desk, plan)
    objected(desk, plan, 1)
    assert refusal(object_to(desk, plan, 1, objector_phone="13900000001")) == (409, "objection-twice")
    objected(desk, plan, 1, objector_phone="13900000002")


def test_an_objection_that_is_not_upheld_gives_the_result_back(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    publicised(desk, plan)
    first, second = (objected(desk, plan, 1, objector_phone=f"1390000000{digit}") for digit in (1, 2))
    assert decide(desk, first, upheld=False).json()["state"] == "HELD"
    assert decide(desk, second, upheld=False).json()["state"] == "PUBLICISED"
    assert refusal(decide(desk, second, upheld=False)) == (409, "objection-settled")
    rig.clock(ENDS)
    rig.fire_timers()
    assert len(rig.events("ResultConfirmed")) == 1


def test_decided_after_publicity_the_result_is_confirmed_at_once(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    publicised(desk, plan)
    objection_id = objected(desk, plan, 1)
    rig.clock(ENDS + timedelta(days=3))
    rig.fire_timers()
    assert states(rig) == ["HELD"]
    assert decide(desk, objection_id, upheld=False).json()["state"] == "CONFIRMED"
    (event,) = rig.events("ResultConfirmed")
    assert event.result_confirmed.confirmed_on == "2026-12-20"
    (item,) = desk.get("/results", candidate(rig.entry_ids(plan.plan_id)[0])).json()["items"]
    assert [(step["state"], step["reason"]) for step in item["history"]][2:] == [
        ("HELD", "objection-filed"),
        ("CONFIRMED", "objection-not-upheld"),
        ("CONFIRMED", "publicity-over"),
    ]


def test_an_upheld_objection_corrects_the_result_and_publicises_it_again(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2)
    publicised(desk, plan, {1: ("55", "70")})
    objection_id = objected(desk, plan, 1)
    rig.clock(ENDS + timedelta(hours=2))
    rig.fire_timers()
    answer = decide(desk, objection_id, upheld=True, scores={"THEORY": 655}).json()
    assert (answer["state"], answer["passed"]) == ("PUBLICISED", True)
    assert answer["publicity_ends_at"] == "2026-12-24T16:00:00Z"
    shown = desk.get(f"/plans/{plan.plan_id}/publicity").json()["items"]
    assert [(item["publicity_no"], item["scores"]["THEORY"]["score_tenths"]) for item in shown] == [(1, 655)]
    rig.clock(datetime(2026, 12, 24, 16, tzinfo=UTC))
    assert rig.fire_timers() == 1
    assert states(rig) == ["CONFIRMED", "CONFIRMED"]
    assert len(rig.events("ResultConfirmed")) == 2
    assert rig.rows("select reason_code, objection_id from correction") == [("objection-upheld", UUID(objection_id))]


def test_a_decision_brings_scores_when_upheld_and_only_then(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    publicised(desk, plan)
    objection_id = objected(desk, plan, 1)
    for decision in ({"upheld": True}, {"upheld": False, "scores": {"THEORY": 700}}):
        assert refusal(decide(desk, objection_id, **decision)) == (422, "decision-scores")
    assert refusal(decide(desk, objection_id, upheld=True, scores={"MAGIC": 700})) == (422, "subject-unknown")
    assert refusal(decide(desk, objection_id, upheld=True, scores={"THEORY": 700})) == (422, "nothing-to-correct")
    assert refusal(decide(desk, str(new_id()), upheld=False)) == (404, "objection-unknown")
    path = f"/objections/{objection_id}/decision"
    assert desk.post(path, staff_of(plan), json={"upheld": False, "reason": "x"}).status_code == 403
    assert states(rig) == ["HELD"]


def test_the_timer_and_an_objection_at_the_last_moment_agree_on_one_outcome(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(40)
    publicised(desk, plan)
    rig.clock(ENDS - timedelta(milliseconds=150))
    stop = threading.Event()
    timers = threading.Thread(target=Timers(TIMERS, rig.units).run, args=(stop,))
    timers.start()
    answers = [object_to(desk, plan, number).status_code for number in range(1, 41)]
    while rig.one("select state from publicity") != "OVER":
        stop.wait(0.02)
    stop.set()
    timers.join(30)
    assert states(rig) == ["HELD" if status == 201 else "CONFIRMED" for status in answers]
    assert len(rig.events("ResultConfirmed")) == sum(status == 409 for status in answers)
