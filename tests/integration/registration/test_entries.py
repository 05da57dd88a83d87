"""Entries: decided by rule or by a person, never more than there are places, never twice for the same thing."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from luban.eventkit.ids import new_id
from tests.integration.registration.conftest import Service, made, refusal
from tests.integration.registration.people import ELECTRICIAN, resident_id, uuid

CLOSING = datetime(2026, 11, 30, 16, tzinfo=UTC)
EXAM = datetime(2026, 12, 18, 16, tzinfo=UTC)


def test_an_eligible_candidate_is_accepted_and_the_exam_is_told(service: Service) -> None:
    plan = service.published()
    entry = made(service.enter(service.candidate(1), plan["plan_id"]))
    assert (entry["state"], entry["answered_by"]) == ("ACCEPTED", "exam")
    assert [step["state"] for step in entry["history"]] == ["SUBMITTED", "ACCEPTED"]
    decision = entry["decision"]
    assert (decision["edition"], decision["outcome"], decision["judged_on"]) == ("2023", "MET", "2026-11-30")
    assert decision["rule_version"].startswith("2023-")
    assert decision["calendar_version"].startswith("cn-")
    assert {c["id"]: c["outcome"] for c in decision["conditions"]}["3.1"] == "MET"
    (event,) = service.events("EntryAccepted")
    assert str(event.aggregate_id) == entry["entry_id"]
    assert (event.payload.candidate_id, event.payload.plan.plan_version) == (str(uuid(1)), 1)
    assert (event.personal().name, event.personal().id_no) == ("测试甲", resident_id(1))
    assert service.rows("select key from eventkit.journal where event_type = 'EntryAccepted'") == [(uuid(1),)]
    assert service.places(plan["plan_id"]) == (1, 1)


def test_a_candidate_without_a_condition_is_rejected_with_reasons_and_holds_no_place(service: Service) -> None:
    plan = service.published()
    entry = made(service.enter(service.candidate(1, years=2), plan["plan_id"], **{"Accept-Language": "en"}))
    assert (entry["state"], entry["answered_by"]) == ("REJECTED", "registration")
    reasons = {c["id"]: c["reason"] for c in entry["decision"]["conditions"]}
    assert "24 months; 10 years are asked" in reasons["3.1"]
    assert entry["history"][-1]["reason"] == "no condition of eligibility is met"
    assert service.places(plan["plan_id"]) == (0, 0)
    assert service.event_names() == ["PlanPublished"]


def test_what_the_rules_leave_open_a_person_decides(service: Service) -> None:
    body_id = service.filed()
    plan = service.published(body_id)
    schooling = {"schooling": [{"kind": "SENIOR_CLASS", "major": "电气", "graduated_on": "2020-06-30"}]}
    first, second = (service.candidate(n, facts=schooling) for n in (1, 2))
    waiting = [made(service.enter(who, plan["plan_id"])) for who in (first, second)]
    assert [entry["state"] for entry in waiting] == ["NEEDS_DECISION"] * 2
    assert service.places(plan["plan_id"]) == (2, 0)
    path = f"/v1/entries/{waiting[0]['entry_id']}/decision"
    other = service.staff(service.filed())
    assert refusal(service.post(path, other, {"accept": True, "reason": "专业相关"}), 403) == "not-your-body"
    decided = made(service.post(path, service.staff(body_id), {"accept": True, "reason": "专业相关"}), 200)
    assert (decided["state"], decided["history"][-1]["reason"]) == ("ACCEPTED", "专业相关")
    again = service.post(path, service.staff(body_id), {"accept": False, "reason": "x"})
    assert refusal(again, 409) == "entry-state"
    assert again.json()["params"] == {"state": "ACCEPTED", "attempt": "decide"}
    path = f"/v1/entries/{waiting[1]['entry_id']}/decision"
    made(service.post(path, service.province(), {"accept": False, "reason": "专业不相关"}), 200)
    assert service.places(plan["plan_id"]) == (1, 1)
    assert service.event_names() == ["PlanPublished", "EntryAccepted"]
    seen = made(service.client.get(f"/v1/entries/{waiting[1]['entry_id']}", headers=second), 200)
    assert (seen["state"], seen["history"][-1]["reason"]) == ("REJECTED", "专业不相关")
    actors = service.rows("select actor from entry_history where state = 'ACCEPTED'")
    assert actors[0][0] not in (str(uuid(1)), "timer")


def test_the_registers_owneds_count(service: Service) -> None:
    plan = service.published()
    headers = service.candidate(1, facts={"years_in_occupation": [{"occupation_code": ELECTRICIAN, "years": 4}],
                                          "employed": True})  # fmt: skip
    assert made(service.enter(headers, plan["plan_id"]))["state"] == "REJECTED"
    service.issue_certificate(1, level=4, issued_on=date(2022, 11, 1))
    assert made(service.enter(headers, plan["plan_id"]))["state"] == "ACCEPTED"


def test_the_301st_of_300_is_refused_whoever_comes_at_once(service: Service) -> None:
    plan = service.published(capacity=300)
    candidates = [service.candidate(n) for n in range(310)]
    with ThreadPoolExecutor(50) as clients:
        answers = list(clients.map(lambda who: service.enter(who, plan["plan_id"]), candidates))
    assert Counter(answer.status_code for answer in answers) == {201: 300, 409: 10}
    assert {refusal(a, 409) for a in answers if a.status_code == 409} == {"plan-full"}
    assert service.places(plan["plan_id"]) == (300, 300)
    assert len(service.events("EntryAccepted")) == 300


def test_a_place_that_is_given_back_can_be_taken(service: Service) -> None:
    plan = service.published(capacity=1)
    first, second = service.candidate(1), service.candidate(2)
    entry = made(service.enter(first, plan["plan_id"]))
    assert refusal(service.enter(second, plan["plan_id"]), 409) == "plan-full"
    withdrawn = made(service.post(f"/v1/entries/{entry['entry_id']}/withdraw", first), 200)
    assert withdrawn["state"] == "WITHDRAWN"
    made(service.enter(second, plan["plan_id"]))
    assert service.event_names() == ["PlanPublished", "EntryAccepted", "EntryWithdrawn", "EntryAccepted"]
    (gone,) = service.events("EntryWithdrawn")
    assert (str(gone.aggregate_id), gone.version) == (entry["entry_id"], 2)


def test_an_undecided_entry_is_withdrawn_without_an_event(service: Service) -> None:
    plan = service.published()
    schooling = {"schooling": [{"kind": "SENIOR_CLASS", "major": "电气", "graduated_on": "2020-06-30"}]}
    who = service.candidate(1, facts=schooling)
    entry = made(service.enter(who, plan["plan_id"]))
    made(service.post(f"/v1/entries/{entry['entry_id']}/withdraw", who), 200)
    assert service.event_names() == ["PlanPublished"]
    assert service.places(plan["plan_id"]) == (0, 0)


def test_one_key_is_one_entry_and_two_keys_are_refused_the_second(service: Service) -> None:
    plan = service.published()
    who = service.candidate(1)
    first = service.enter(who, plan["plan_id"], **{"Idempotency-Key": "one"})
    replayed = service.enter(who, plan["plan_id"], **{"Idempotency-Key": "one"})
    assert (made(first), replayed.headers["idempotent-replayed"]) == (made(replayed), "true")
    assert refusal(service.enter(who, plan["plan_id"], **{"Idempotency-Key": "two"}), 409) == "entry-exists"
    assert service.places(plan["plan_id"]) == (1, 1)


def test_twelve_attempts_of_one_person_at_once_make_one_entry(service: Service) -> None:
    plan = service.published()
    who = service.candidate(1)
    answers = service.all_at_once(who, [plan["plan_id"]] * 12)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 11}
    assert service.places(plan["plan_id"]) == (1, 1)


def test_one_thing_is_entered_once_where_exam_days_overlap(service: Service) -> None:
    body_id = service.filed()
    one, other = service.published(body_id), service.published(body_id)
    later = service.published(body_id, exam_from="2026-12-26", exam_to="2026-12-27")
    who = service.candidate(1)
    made(service.enter(who, one["plan_id"]))
    assert refusal(service.enter(who, other["plan_id"]), 409) == "entry-exists"
    made(service.enter(who, later["plan_id"]))
    nearer = {"exam_from": "2026-12-20", "exam_to": "2026-12-20"}
    answer = service.client.patch(f"/v1/plans/{later['plan_id']}", headers=service.staff(body_id), json=nearer)
    assert refusal(answer, 409) == "plan-change-overlaps"


def test_two_overlapping_plans_at_once_take_one_entry(service: Service) -> None:
    body_id = service.filed()
    plans = [service.published(body_id)["plan_id"] for _ in range(8)]
    who = service.candidate(1)
    answers = service.all_at_once(who, plans)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 7}


def test_the_accepted_freeze_what_is_assessed_but_not_the_site(service: Service) -> None:
    body_id = service.filed(letter="Y")
    plan = service.published(body_id, track="ENTERPRISE")
    path, staff = f"/v1/plans/{plan['plan_id']}", service.staff(body_id)
    subjects = [{"code": "SKILL", "name": "操作技能"}]
    made(service.client.patch(path, headers=staff, json={"subjects": subjects}), 200)
    made(service.roster(body_id, plan["plan_id"], [(1, 10)]))
    level = {"occupation_code": ELECTRICIAN, "trade": "", "level": 4}
    answer = service.client.patch(path, headers=staff, json={"level": level})
    assert refusal(answer, 409) == "plan-frozen"
    answer = service.client.patch(path, headers=staff, json={"subjects": [{"code": "WORK", "name": "业绩"}]})
    assert refusal(answer, 409) == "plan-frozen"
    made(service.client.patch(path, headers=staff, json={"site_name": "二号考点", "capacity": 1}), 200)
    assert refusal(service.client.patch(path, headers=staff, json={"capacity": 0}), 422) == "plan-capacity"


def test_places_are_never_fewer_than_are_taken(service: Service) -> None:
    body_id = service.filed()
    plan = service.published(body_id)
    for number in (1, 2):
        made(service.enter(service.candidate(number), plan["plan_id"]))
    path = f"/v1/plans/{plan['plan_id']}"
    answer = service.client.patch(path, headers=service.staff(body_id), json={"capacity": 1})
    assert refusal(answer, 409) == "plan-capacity-taken"


def test_registration_opens_and_closes_by_the_calendar(service: Service) -> None:
    plan = service.published(registration_from="2026-11-24")
    who = service.candidate(1)
    assert refusal(service.enter(who, plan["plan_id"]), 409) == "registration-not-open"
    service.advance_to(CLOSING - timedelta(seconds=5))
    entry = made(service.enter(who, plan["plan_id"]))
    service.advance_to(CLOSING + timedelta(seconds=1))
    shown = made(service.client.get(f"/v1/plans/{plan['plan_id']}"), 200)
    assert shown["state"] == "CLOSED"
    (closed,) = service.events("PlanClosed")
    assert (closed.payload.accepted_entries, closed.payload.plan.plan_id) == (1, plan["plan_id"])
    assert refusal(service.enter(service.candidate(2), plan["plan_id"]), 409) == "registration-closed"
    answer = service.post(f"/v1/entries/{entry['entry_id']}/withdraw", who)
    assert refusal(answer, 409) == "registration-closed"
    service.advance_to(CLOSING + timedelta(days=1))
    assert len(service.events("PlanClosed")) == 1


def test_registration_is_over_at_midnight_even_before_its_timer_fires(service: Service) -> None:
    plan = service.published()
    who = service.candidate(1)
    service.set_clock(CLOSING + timedelta(seconds=1))
    assert refusal(service.enter(who, plan["plan_id"]), 409) == "registration-closed"


def test_what_nobody_decides_before_the_exam_is_rejected(service: Service) -> None:
    body_id = service.filed()
    plan = service.published(body_id)
    schooling = {"schooling": [{"kind": "SENIOR_CLASS", "major": "电气", "graduated_on": "2020-06-30"}]}
    waiting = [made(service.enter(service.candidate(n, facts=schooling), plan["plan_id"])) for n in (1, 2)]
    service.advance_to(CLOSING + timedelta(days=2))
    decision = {"accept": True, "reason": "专业相关"}
    made(service.post(f"/v1/entries/{waiting[0]['entry_id']}/decision", service.staff(body_id), decision), 200)
    service.advance_to(EXAM + timedelta(seconds=1))
    answer = service.post(f"/v1/entries/{waiting[1]['entry_id']}/decision", service.staff(body_id), decision)
    assert answer.status_code == 409
    rows = service.rows("select state, reason_code, actor from entry_history where step = 3 order by at")
    assert [row[:2] for row in rows] == [("ACCEPTED", "accepted-by-person"), ("REJECTED", "undecided-at-exam")]
    assert rows[1][2] == "timer"
    assert service.places(plan["plan_id"]) == (1, 1)


def test_a_timer_follows_a_changed_day(service: Service) -> None:
    body_id = service.filed()
    plan = service.published(body_id)
    later = {"registration_to": "2026-12-03"}
    made(service.client.patch(f"/v1/plans/{plan['plan_id']}", headers=service.staff(body_id), json=later), 200)
    service.advance_to(CLOSING + timedelta(seconds=1))
    assert service.events("PlanClosed") == []
    service.advance_to(CLOSING + timedelta(days=3, seconds=1))
    assert len(service.events("PlanClosed")) == 1


def test_a_cancelled_plan_ends_its_entries_and_says_why(service: Service) -> None:
    body_id = service.filed()
    plan = service.published(body_id)
    who = service.candidate(1)
    entry = made(service.enter(who, plan["plan_id"]))
    path = f"/v1/plans/{plan['plan_id']}/cancel"
    made(service.post(path, service.staff(body_id), {"reason": "考点停电"}), 200)
    seen = made(service.client.get(f"/v1/entries/{entry['entry_id']}", headers=who), 200)
    assert (seen["state"], seen["history"][-1]["reason"]) == ("CANCELLED", "考点停电")
    assert service.places(plan["plan_id"]) == (0, 0)
    (event,) = service.events("PlanCancelled")
    assert event.payload.reason == "考点停电"
    assert refusal(service.post(path, service.staff(body_id), {"reason": "x"}), 409) == "plan-state"
    assert refusal(service.enter(service.candidate(2), plan["plan_id"]), 409) == "plan-state"
    service.advance_to(EXAM + timedelta(seconds=1))
    assert service.event_names() == ["PlanPublished", "EntryAccepted", "PlanCancelled"]


def test_a_special_ability_asks_for_working_age_only(service: Service) -> None:
    project = made(
        service.post("/v1/projects", service.province(), {"code": "SD-1", "name": "剪纸", "category": "手工制作"})
    )["project_id"]
    body_id = service.filed(scope=[], project_ids=[project])
    plan = service.published(body_id, track="SPECIAL_ABILITY", level=None, project_id=project)
    old_enough = service.candidate(1, id_no=resident_id(1, date(2010, 11, 30)), facts={})
    too_young = service.candidate(2, id_no=resident_id(2, date(2010, 12, 1)), facts={})
    assert made(service.enter(old_enough, plan["plan_id"]))["state"] == "ACCEPTED"
    rejected = made(service.enter(too_young, plan["plan_id"]))
    assert (rejected["state"], rejected["decision"]["edition"]) == ("REJECTED", "SD-1-1")


def test_an_enterprises_plan_takes_no_entry_from_candidates(service: Service) -> None:
    plan = service.published(service.filed(letter="Y"), track="ENTERPRISE")
    assert refusal(service.enter(service.candidate(1), plan["plan_id"]), 403) == "plan-by-roster"


@pytest.mark.parametrize("reader", ["other candidate", "other body", "other city"])
def test_somebody_elses_entry_does_not_exist(service: Service, reader: str) -> None:
    plan = service.published()
    entry = made(service.enter(service.candidate(1), plan["plan_id"]))
    headers: dict[str, Any] = {
        "other candidate": service.candidate(2),
        "other body": service.staff(service.filed()),
        "other city": service.token("city_staff", division="370200"),
    }
    answer = service.client.get(f"/v1/entries/{entry['entry_id']}", headers=headers[reader])
    assert refusal(answer, 404) == "entry-unknown"


def test_staff_read_the_entries_of_their_own_and_every_reading_is_recorded(service: Service) -> None:
    body_id = service.filed()
    plan = service.published(body_id)
    for number in (1, 2, 3):
        made(service.enter(service.candidate(number, years=10 if number < 3 else 1), plan["plan_id"]))
    path = f"/v1/plans/{plan['plan_id']}/entries"
    shown = made(service.client.get(path, headers=service.staff(body_id)), 200)["items"]
    assert [item["name"] for item in shown] == ["测试甲"] * 3
    assert resident_id(1) not in str(shown)
    assert len(service.rows("select 1 from webkit.personal_data_access")) == 3
    rejected = made(service.client.get(f"{path}?state=REJECTED&limit=1", headers=service.province()), 200)
    assert [item["candidate_id"] for item in rejected["items"]] == [str(uuid(3))]
    in_city = service.token("city_staff", division="370100")
    assert len(made(service.client.get(path, headers=in_city), 200)["items"]) == 3
    elsewhere = service.token("city_staff", division="370200")
    assert refusal(service.client.get(path, headers=elsewhere), 403) == "not-your-division"
    one = made(service.client.get(f"/v1/entries/{shown[0]['entry_id']}", headers=service.province()), 200)
    assert one["name"] == "测试甲"


def test_a_candidates_own_list_is_the_newest_first(service: Service) -> None:
    body_id = service.filed()
    days = [("2026-12-19", "2026-12-20"), ("2026-12-26", "2026-12-27")]
    plans = [service.published(body_id, exam_from=a, exam_to=b)["plan_id"] for a, b in days]
    who = service.candidate(1)
    for plan_id in plans:
        made(service.enter(who, plan_id))
    items = made(service.client.get("/v1/entries", headers=who), 200)["items"]
    assert [item["plan_id"] for item in items] == plans[::-1]
    assert made(service.client.get("/v1/entries", headers=service.candidate(2)), 200)["items"] == []


def test_an_unknown_plan_or_entry_is_not_found(service: Service) -> None:
    who = service.candidate(1)
    assert refusal(service.enter(who, str(new_id())), 404) == "plan-unknown"
    assert refusal(service.post(f"/v1/entries/{new_id()}/withdraw", who), 404) == "entry-unknown"
