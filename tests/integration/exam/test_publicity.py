"""A second person confirms, the public sees a masked list for five working days, the clock confirms what is left."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from luban.eventkit.ids import new_id
from luban.eventkit.sealing import associated_data, open_from_event
from luban.events.v1 import registration_pb2 as registration
from luban.exam.handlers import confirming
from luban.reference.names import mask_name
from luban.webkit.authentication import Role
from tests.integration.exam.desk import (
    Desk,
    Person,
    as_csv,
    candidate,
    filled,
    province,
    publicised,
    refusal,
    staff_of,
    submitted,
)
from tests.integration.exam.rig import ExamRig, synthetic_person

BEGAN = datetime(2026, 12, 9, 2, tzinfo=UTC)
ENDS = datetime(2026, 12, 16, 16, tzinfo=UTC)
"""24:00 Shanghai of the fifth working day after Wednesday 9 December 2026."""


def test_the_person_who_submitted_does_not_confirm(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    first = staff_of(plan)
    response = desk.upload(plan, first, as_csv(filled(desk, plan)))
    path = f"/submissions/{response.json()['submission_id']}/confirm"
    assert refusal(desk.post(path, first)) == (409, "same-person")
    assert refusal(desk.post(path, Person(new_id(), Role.BODY_STAFF, new_id()))) == (403, "not-your-plan")
    assert rig.rows("select state from result") == [("AWAITING_CONFIRMATION",)]
    assert desk.post(path, staff_of(plan)).status_code == 200
    assert refusal(desk.post(path, staff_of(plan))) == (409, "submission-settled")


def test_publicity_excludes_its_first_day_and_ends_after_five_working_days(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    response = desk.post(f"/submissions/{submitted(desk, plan)}/confirm", staff_of(plan))
    assert response.json() == {"publicity": {"starts_on": "2026-12-09", "ends_at": "2026-12-16T16:00:00Z"}}
    assert rig.rows("select state, publicity_ends_at from result") == [("PUBLICISED", ENDS)]
    assert rig.rows("select kind, subject_id, due_at from eventkit.timer where done_at is null") == [
        ("end-publicity", UUID(plan.plan_id), ENDS)
    ]


def test_a_cancelled_plan_is_not_publicised(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    submission_id = submitted(desk, plan)
    plan_id = UUID(plan.plan_id)
    rig.deliver(rig.event(registration.PlanCancelled(plan_id=str(plan_id)), plan_id))
    assert refusal(desk.post(f"/submissions/{submission_id}/confirm", staff_of(plan))) == (409, "plan-cancelled")


def test_the_public_sees_a_masked_list_only_while_publicity_runs(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(3)
    path = f"/plans/{plan.plan_id}/publicity"
    submission_id = submitted(desk, plan, {2: ("缺考", "70")})
    assert refusal(desk.get(path)) == (404, "publicity-not-running")
    desk.post(f"/submissions/{submission_id}/confirm", staff_of(plan))
    response = desk.get(path, params={"limit": 2})
    person = synthetic_person(0)
    assert response.headers["x-robots-tag"] == "noindex, nofollow"
    assert response.json()["items"][0] == {
        "publicity_no": 1,
        "name_masked": mask_name(person.name),
        "id_last4": person.id_no[-4:],
        "scores": {
            "THEORY": {"outcome": "SCORED", "score_tenths": 700},
            "SKILL": {"outcome": "SCORED", "score_tenths": 805},
        },
        "passed": True,
        "publicity_ends_at": "2026-12-16T16:00:00Z",
    }
    assert person.name not in response.text
    assert response.json()["items"][1]["passed"] is False
    rest = desk.get(path, params={"cursor": response.json()["next"]}).json()
    assert ([item["publicity_no"] for item in rest["items"]], rest["next"]) == ([3], None)
    rig.clock(ENDS)
    assert refusal(desk.get(path)) == (404, "publicity-not-running")
    assert refusal(desk.get(f"/plans/{new_id()}/publicity")) == (404, "publicity-not-running")


def test_when_publicity_ends_every_pass_is_confirmed_and_told_once(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(3)
    publicised(desk, plan, {2: ("59.9", "100")})
    rig.clock(ENDS - timedelta(seconds=30))
    assert rig.fire_timers() == 0
    rig.clock(ENDS)
    assert rig.fire_timers() == 1
    assert rig.rows("select passed, state, confirmation_no from result order by publicity_no") == [
        (True, "CONFIRMED", 1),
        (False, "CONFIRMED", 0),
        (True, "CONFIRMED", 1),
    ]
    events = rig.events("ResultConfirmed")
    assert len(events) == rig.one("select count(*) from confirmation") == 2
    payload, entry_id = events[0].result_confirmed, rig.entry_ids(plan.plan_id)[0]
    assert (payload.entry_id, payload.candidate_id, payload.confirmation_no) == (str(entry_id), str(entry_id), 1)
    assert (payload.plan, payload.confirmed_on) == (plan, "2026-12-17")
    assert [(score.subject_code, score.score_tenths) for score in payload.scores] == [("THEORY", 700), ("SKILL", 805)]
    associated = associated_data(UUID(events[0].id), "ResultConfirmed", UUID(payload.result_id))
    assert open_from_event(rig.units.keyring, payload.personal, associated) == synthetic_person(0)
    rig.run(lambda uow: confirming.on_publicity_end(uow, UUID(plan.plan_id)))
    assert len(rig.events("ResultConfirmed")) == 2
    assert rig.rows("select state, ended_at is not null from publicity") == [("OVER", True)]


def test_a_long_list_is_confirmed_in_chunks_of_a_transaction_each(
    desk: Desk, rig: ExamRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirming, "CHUNK", 2)
    plan = rig.plan_with(5)
    publicised(desk, plan)
    rig.clock(ENDS)
    assert rig.fire_timers() == 3
    assert rig.one("select count(*) from result where state = 'CONFIRMED'") == 5
    assert len({event.aggregate_id for event in rig.events("ResultConfirmed")}) == 5
    assert rig.one("select state from publicity") == "OVER"


def test_a_year_without_its_calendar_lets_no_publicity_begin(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(1)
    submission_id = submitted(desk, plan)
    rig.clock(datetime(2031, 12, 30, 2, tzinfo=UTC))
    response = desk.post(f"/submissions/{submission_id}/confirm", staff_of(plan))
    assert refusal(response) == (422, "calendar-year-missing")
    assert rig.rows("select state from submission") == [("AWAITING_CONFIRMATION",)]


def test_candidates_see_their_own_results_with_how_they_came_about(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2)
    entry_id = rig.entry_ids(plan.plan_id)[0]
    submission_id = submitted(desk, plan)
    (before,) = desk.get("/results", candidate(entry_id)).json()["items"]
    assert (before["state"], before["passed"], before["scores"]) == ("AWAITING_CONFIRMATION", None, None)
    desk.post(f"/submissions/{submission_id}/confirm", staff_of(plan))
    rig.clock(ENDS)
    rig.fire_timers()
    (item,) = desk.get("/results", candidate(entry_id)).json()["items"]
    assert (item["entry_id"], item["state"], item["passed"]) == (str(entry_id), "CONFIRMED", True)
    assert (item["name"], item["publicity_ends_at"]) == (None, "2026-12-16T16:00:00Z")
    assert [(step["state"], step["reason"]) for step in item["history"]] == [
        ("AWAITING_CONFIRMATION", "submitted"),
        ("PUBLICISED", "confirmed-by-body"),
        ("CONFIRMED", "publicity-over"),
    ]
    assert desk.get("/results", candidate(new_id())).json() == {"items": [], "next": None}


def test_staff_read_the_results_of_plans_they_answer_for_and_that_is_recorded(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(3)
    submitted(desk, plan)
    path = f"/results?plan_id={plan.plan_id}"
    city, other_city = (Person(new_id(), Role.CITY_STAFF, division=code) for code in ("370100", "370200"))
    for reader in (staff_of(plan), province(), city):
        response = desk.get(f"{path}&limit=2", reader)
        rest = desk.get(f"{path}&cursor={response.json()['next']}", reader)
        assert rest.status_code == 200, rest.text
        assert [item["publicity_no"] for item in (*response.json()["items"], *rest.json()["items"])] == [1, 2, 3]
        assert response.json()["items"][0]["name"] == synthetic_person(0).name
        assert rig.one("select count(*) from webkit.personal_data_access where actor = %s", str(reader.subject)) >= 3
    stranger = Person(new_id(), Role.BODY_STAFF, new_id())
    assert refusal(desk.get(path, stranger)) == (403, "not-your-plan")
    assert refusal(desk.get(path, other_city)) == (403, "not-your-plan")
    assert refusal(desk.get("/results", province())) == (422, "plan-id-required")
    assert refusal(desk.get(f"/results?plan_id={new_id()}", province())) == (404, "plan-unknown")


def test_submissions_of_a_plan_show_who_did_what(desk: Desk, rig: ExamRig) -> None:
    plan = rig.plan_with(2)
    submission_id = submitted(desk, plan, {1: ("缺考", "0")})
    (item,) = desk.get(f"/plans/{plan.plan_id}/submissions", staff_of(plan)).json()["items"]
    assert item["submission_id"] == submission_id
    assert (item["rows"], item["passed"], item["failed"], item["absent"], item["source"]) == (2, 1, 1, 1, "FILE")
    assert datetime.fromisoformat(item["submitted_at"]) - BEGAN < timedelta(minutes=2)
