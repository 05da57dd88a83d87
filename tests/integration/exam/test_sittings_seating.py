"""Sittings, seats and tickets."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from luban.eventkit.uow import Cause
from luban.events.v1.registration_pb2 import PlanCancelled
from luban.exam.handlers.seating import assign_seats
from luban.webkit.authentication import Principal, Role
from tests.integration.exam.assessment_rig import STAFF, START, Assessment, assessment, code, items

__all__ = ["assessment"]

WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


def at(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat()


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    ends = monotonic() + seconds
    while not holds():
        assert monotonic() < ends, "waited in vain"


def assign(assessment: Assessment, facts: Any, sitting_id: str) -> Any:
    return assessment.as_staff("POST", f"/sittings/{sitting_id}/seats", facts)


def test_every_accepted_entry_gets_one_seat_and_a_ticket_of_19_digits(assessment: Assessment) -> None:
    facts = assessment.plan(5)
    first = assessment.schedule(facts, None, seats=3).json()["sitting_id"]
    second = assessment.schedule(facts, None, seats=3, room="2").json()["sitting_id"]
    assert assign(assessment, facts, first).json() == {"assigned": 3, "unseated": 2}
    assert assign(assessment, facts, second).json() == {"assigned": 2, "unseated": 0}
    assert assign(assessment, facts, second).json() == {"assigned": 0, "unseated": 0}
    seats = assessment.as_staff("GET", f"/sittings/{first}/seats", facts).json()["items"]
    assert [seat["ticket_no"] for seat in seats] == [f"26120737370001{number:05d}" for number in (1, 2, 3)]
    assert [seat["seat_no"] for seat in seats] == [1, 2, 3]
    assert [UUID(seat["entry_id"]) for seat in seats] == assessment.rig.entry_ids(facts.plan_id)[:3]


def test_two_people_who_assign_at_once_give_nobody_two_seats(assessment: Assessment) -> None:
    facts = assessment.plan(40)
    first, second = (assessment.schedule(facts, None, room=str(room)).json()["sitting_id"] for room in (1, 2))
    staff = Principal(STAFF, frozenset({Role.BODY_STAFF}), UUID(facts.body.body_id))
    with ThreadPoolExecutor(1) as pool:
        with assessment.rig.units.begin(Cause("test")) as uow:
            assert assign_seats(uow, staff, UUID(first)).assigned == 30
            waiting = pool.submit(assign, assessment, facts, second)
            wait_until(lambda: assessment.rig.one(WAITING) > 0)
        assert waiting.result().json() == {"assigned": 10, "unseated": 0}
    assert assessment.rig.one("select count(distinct ticket_no) from seat") == 40


def test_tickets_are_unique_across_plans_of_one_day_and_site(assessment: Assessment) -> None:
    tickets = set()
    for _ in range(2):
        facts = assessment.plan(2)
        assign(assessment, facts, assessment.schedule(facts, None).json()["sitting_id"])
        tickets |= {ticket for (ticket,) in assessment.rig.rows("select ticket_no from seat")}
    assert len(tickets) == 4


def test_nobody_is_seated_before_registration_closes(assessment: Assessment) -> None:
    facts = assessment.plan(2, closed=False)
    sitting = assessment.schedule(facts, None).json()["sitting_id"]
    assert code(assign(assessment, facts, sitting)) == (409, "plan-open")


def test_a_cancelled_plan_has_no_sittings(assessment: Assessment) -> None:
    facts = assessment.plan(2)
    sitting = assessment.schedule(facts, None).json()["sitting_id"]
    plan_id = UUID(facts.plan_id)
    assessment.rig.deliver(assessment.rig.event(PlanCancelled(plan_id=facts.plan_id, reason="test"), plan_id))
    assert code(assign(assessment, facts, sitting)) == (409, "plan-cancelled")
    assert code(assessment.schedule(facts, None)) == (409, "plan-cancelled")


NO_SITTINGS: tuple[tuple[dict[str, Any], tuple[int, str]], ...] = (
    ({"seats": 31}, (422, "sitting-seats")),
    ({"starts_at": at(-1440), "ends_at": at(-1380)}, (422, "sitting-outside-plan")),
    ({"starts_at": at(90), "ends_at": at(0)}, (422, "sitting-time")),
    ({"starts_at": "2026-12-07T09:00:00", "ends_at": at(90)}, (422, "request-invalid")),
    ({"subject_code": "REVIEW"}, (404, "subject-unknown")),
    ({"form_id": "0193d3f0-0000-7000-8000-000000000000"}, (404, "form-unknown")),
    ({"room": ""}, (422, "request-invalid")),
)


def test_a_sitting_that_cannot_be_is_refused(assessment: Assessment) -> None:
    facts = assessment.plan(1)
    for change, refusal in NO_SITTINGS:
        assert code(assessment.schedule(facts, None, **change)) == refusal, change
    assert assessment.rig.one("select count(*) from sitting") == 0
    assert assessment.rig.one("select count(*) from eventkit.timer") == 0


def test_a_form_is_sat_only_for_its_own_plan_and_in_its_full_time(assessment: Assessment) -> None:
    assessment.bank(items())
    facts, other = assessment.plan(1), assessment.plan(1)
    form_id = assessment.draw(facts).json()["form_id"]
    assert code(assessment.schedule(other, form_id)) == (422, "form-foreign")
    assert code(assessment.schedule(facts, form_id, subject_code="SKILL")) == (422, "form-foreign")
    assert code(assessment.schedule(facts, form_id, ends_at=at(89))) == (422, "sitting-too-short")
    assert assessment.schedule(facts, form_id).status_code == 201


def test_a_room_holds_one_sitting_at_a_time(assessment: Assessment) -> None:
    facts = assessment.plan(1)
    assert assessment.schedule(facts, None).status_code == 201
    assert code(assessment.schedule(facts, None, starts_at=at(60), ends_at=at(120))) == (409, "room-taken")
    assert assessment.schedule(facts, None, starts_at=at(90), ends_at=at(120)).status_code == 201


def test_another_body_touches_neither_sittings_nor_seats(assessment: Assessment) -> None:
    facts, other = assessment.plan(1), assessment.plan(1)
    sitting = assessment.schedule(facts, None).json()["sitting_id"]
    assert code(assessment.as_staff("POST", f"/sittings/{sitting}/seats", other)) == (403, "not-your-plan")
    assert code(assessment.as_staff("GET", f"/sittings/{sitting}/seats", other)) == (403, "not-your-plan")
    body = {"plan_id": facts.plan_id, "subject_code": "THEORY", "starts_at": at(0), "ends_at": at(9), "room": "2"}
    assert code(assessment.as_staff("POST", "/sittings", other, json=body | {"seats": 1})) == (403, "not-your-plan")


def test_a_candidate_sees_own_tickets_and_nobody_elses(assessment: Assessment) -> None:
    facts = assessment.plan(2)
    sitting = assessment.schedule(facts, None).json()["sitting_id"]
    assign(assessment, facts, sitting)
    candidate, _ = assessment.rig.entry_ids(facts.plan_id)
    (ticket,) = assessment.call("GET", "/tickets", Role.CANDIDATE, candidate).json()["items"]
    assert (ticket["sitting_id"], ticket["subject_code"], ticket["seat_no"]) == (sitting, "THEORY", 1)
    assert ticket["plan_no"] == facts.plan_no
    assert assessment.call("GET", "/tickets", Role.CANDIDATE, UUID(int=1)).json()["items"] == []


def test_the_list_of_candidates_gives_names_to_staff_alone_and_keeps_who_read_them(assessment: Assessment) -> None:
    facts = assessment.plan(3)
    assign(assessment, facts, assessment.schedule(facts, None, seats=2).json()["sitting_id"])
    path = f"/plans/{facts.plan_id}/entries?limit=2"
    staff = assessment.as_staff("GET", path, facts).json()
    assert [entry["name"] for entry in staff["items"]] == ["赵一", "钱一"]
    assert [len(entry["tickets"]["THEORY"]) for entry in staff["items"]] == [19, 19]
    assert assessment.rig.one("select count(*) from webkit.personal_data_access") == 2
    rest = assessment.as_staff("GET", f"{path}&cursor={staff['next']}", facts).json()
    assert [(entry["name"], entry["tickets"]) for entry in rest["items"]] == [("孙一", {})]
    rater = assessment.call("GET", path, Role.RATER, UUID(int=201), facts.body.body_id).json()
    assert [entry["name"] for entry in rater["items"]] == [None, None]
    assert assessment.rig.one("select count(*) from webkit.personal_data_access") == 3


def test_the_list_is_closed_to_other_bodies(assessment: Assessment) -> None:
    facts, other = assessment.plan(1), assessment.plan(1)
    path = f"/plans/{facts.plan_id}/entries"
    assert code(assessment.as_staff("GET", path, other)) == (403, "not-your-plan")
    assert code(assessment.call("GET", path, Role.RATER, UUID(int=201), other.body.body_id)) == (403, "not-your-plan")
    assert code(assessment.call("GET", path, Role.RATER, UUID(int=201))) == (403, "not-your-plan")
