"""Taking a paper: by the ticket's own candidate, in time, with receipts; the clock ends it, the machine scores it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from luban.exam.handlers.receipts import is_genuine, response_sha256
from luban.webkit.authentication import Role
from tests.integration.exam.assessment_rig import (
    START,
    Assessment,
    assessment,
    code,
    items,
    right_answer,
)

__all__ = ["assessment"]

NOBODY = UUID(int=1)


@pytest.fixture
def seated(assessment: Assessment) -> tuple[Assessment, Any, list[UUID], dict[UUID, str]]:
    """Three candidates with seats, at the moment their sitting starts."""
    facts = assessment.plan(3)
    _, tickets = assessment.seat(facts)
    assessment.rig.clock(START)
    return assessment, facts, assessment.rig.entry_ids(facts.plan_id), tickets


Seated = tuple[Assessment, Any, list[UUID], dict[UUID, str]]


def paper_of(seated: Seated, number: int = 0) -> dict[str, Any]:
    assessment, _, entries, tickets = seated
    answer = assessment.start(entries[number], tickets[entries[number]])
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def minutes(assessment: Assessment, after: float) -> None:
    assessment.rig.clock(START + timedelta(minutes=after))


def answer_all(seated: Seated, number: int, wrong: int = 0) -> str:
    assessment, _, entries, _ = seated
    paper = paper_of(seated, number)
    for item in paper["items"][wrong:]:
        assert assessment.save(entries[number], paper["paper_id"], item["position"], right_answer(item)).is_success
    return str(paper["paper_id"])


def test_a_paper_shows_every_item_and_no_key(seated: Seated) -> None:
    paper = paper_of(seated)
    assert [item["position"] for item in paper["items"]] == list(range(1, 11))
    assert {frozenset(item) for item in paper["items"]} == {frozenset({"position", "type", "stem", "options"})}
    assert [[option["key"] for option in item["options"]] for item in paper["items"] if item["options"]] == [
        list("ABCD")
    ] * 6
    assert paper["ends_at"] == "2026-12-07T02:30:00Z"


def test_candidates_get_papers_shuffled_differently(seated: Seated) -> None:
    first, second = (paper_of(seated, number)["items"] for number in (0, 1))
    assert sorted(item["stem"] for item in first) == sorted(item["stem"] for item in second)
    assert first != second


def test_a_paper_starts_only_in_its_time(seated: Seated) -> None:
    assessment, _, entries, tickets = seated
    for after, refusal in ((-1, "sitting-not-started"), (31, "sitting-late"), (90, "sitting-ended")):
        minutes(assessment, after)
        assert code(assessment.start(entries[0], tickets[entries[0]])) == (409, refusal)
    assert assessment.rig.one("select count(*) from paper") == 0


def test_only_the_ticket_s_own_candidate_starts_its_paper(seated: Seated) -> None:
    assessment, _, entries, tickets = seated
    assert code(assessment.start(entries[1], tickets[entries[0]])) == (404, "ticket-unknown")
    assert code(assessment.start(entries[0], "2612073737000199999")) == (404, "ticket-unknown")
    assert code(assessment.start(entries[0], "12")) == (422, "ticket-format")
    staff = assessment.as_staff("POST", "/papers", seated[1], json={"ticket_no": tickets[entries[0]]})
    assert code(staff) == (403, "role-not-allowed")


def test_a_resumed_paper_brings_back_what_was_saved_even_after_the_late_limit(seated: Seated) -> None:
    assessment, _, entries, tickets = seated
    paper = paper_of(seated)
    for item in paper["items"][:3]:
        assessment.save(entries[0], paper["paper_id"], item["position"], right_answer(item))
    minutes(assessment, 45)
    again = assessment.start(entries[0], tickets[entries[0]])
    assert again.status_code == 200
    assert again.json()["items"] == paper["items"]
    assert again.json()["responses"] == {str(item["position"]): right_answer(item) for item in paper["items"][:3]}


def test_every_saved_response_has_a_receipt_the_service_recognises(seated: Seated) -> None:
    assessment, _, entries, _ = seated
    paper = paper_of(seated)
    position = next(item["position"] for item in paper["items"] if item["type"] == "MULTIPLE")
    first, second = (assessment.save(entries[0], paper["paper_id"], position, answer) for answer in (["B"], ["A", "D"]))
    assert [answer.json()["receipt"]["serial"] for answer in (first, second)] == [1, 2]
    receipt = second.json()["receipt"]
    assert receipt["response_sha256"] == response_sha256(["A", "D"])
    assert (receipt["paper_id"], receipt["position"]) == (paper["paper_id"], position)
    assert is_genuine(assessment.rig.units.keyring, receipt, second.json()["signature"])
    assert not is_genuine(assessment.rig.units.keyring, receipt, first.json()["signature"])


UNFIT: tuple[tuple[str, object, tuple[int, str]], ...] = (
    ("SINGLE", "E", (422, "response-option")),
    ("SINGLE", ["A"], (422, "response-type")),
    ("MULTIPLE", ["A", "E"], (422, "response-option")),
    ("MULTIPLE", [], (422, "response-type")),
    ("TRUE_FALSE", "T", (422, "response-type")),
    ("TRUE_FALSE", 1, (422, "request-invalid")),
    ("SINGLE", None, (422, "request-invalid")),
)


def test_a_response_that_the_item_does_not_offer_is_refused(seated: Seated) -> None:
    assessment, _, entries, _ = seated
    paper = paper_of(seated)
    for type_, response, refusal in UNFIT:
        position = next(item["position"] for item in paper["items"] if item["type"] == type_)
        assert code(assessment.save(entries[0], paper["paper_id"], position, response)) == refusal, response
    assert assessment.rig.one("select count(*) from response") == 0
    assert assessment.rig.one("select max(serial) from paper") == 0


def test_an_item_beyond_the_last_does_not_exist(seated: Seated) -> None:
    assessment, _, entries, _ = seated
    paper_id = paper_of(seated)["paper_id"]
    assert code(assessment.save(entries[0], paper_id, 11, "A")) == (404, "position-unknown")


def test_nobody_touches_another_candidates_paper(seated: Seated) -> None:
    assessment, _, entries, _ = seated
    paper_id = paper_of(seated)["paper_id"]
    assert code(assessment.save(entries[1], paper_id, 1, "A")) == (404, "paper-unknown")
    assert code(assessment.call("GET", f"/papers/{paper_id}", Role.CANDIDATE, NOBODY)) == (404, "paper-unknown")
    submit = assessment.call("POST", f"/papers/{paper_id}/submit", Role.CANDIDATE, entries[1])
    assert code(submit) == (404, "paper-unknown")


def test_an_answer_saved_after_time_is_refused_before_the_timer_ran_and_after(seated: Seated) -> None:
    assessment, _, entries, _ = seated
    paper = paper_of(seated)
    minutes(assessment, 90)
    for _ in range(2):
        assert code(assessment.save(entries[0], paper["paper_id"], 1, "A")) == (409, "sitting-ended")
        assessment.rig.fire_timers()
    assert assessment.rig.one("select count(*) from response") == 0


def test_a_paper_handed_in_is_final(seated: Seated) -> None:
    assessment, _, entries, tickets = seated
    paper_id = answer_all(seated, 0)
    submit = f"/papers/{paper_id}/submit"
    first, again = (assessment.call("POST", submit, Role.CANDIDATE, entries[0]) for _ in range(2))
    assert (first.status_code, first.json()["state"]) == (200, "SUBMITTED")
    assert again.json() == first.json()
    assert first.json()["items"] == []
    assert code(assessment.save(entries[0], paper_id, 1, "A")) == (409, "sitting-ended")
    assert code(assessment.start(entries[0], tickets[entries[0]])) == (409, "paper-submitted")


def test_nothing_is_handed_in_after_time_by_hand(seated: Seated) -> None:
    assessment, _, entries, _ = seated
    paper_id = paper_of(seated)["paper_id"]
    minutes(assessment, 90)
    submit = assessment.call("POST", f"/papers/{paper_id}/submit", Role.CANDIDATE, entries[0])
    assert code(submit) == (409, "sitting-ended")


def test_the_clock_ends_the_sitting_scores_papers_and_marks_who_never_came(seated: Seated) -> None:
    assessment, facts, entries, _ = seated
    right = answer_all(seated, 0)
    assessment.call("POST", f"/papers/{right}/submit", Role.CANDIDATE, entries[0])
    answer_all(seated, 1, wrong=1)
    minutes(assessment, 89.9)
    assert assessment.rig.fire_timers() == 0
    assert assessment.outcomes(facts) == {}
    minutes(assessment, 90)
    assert assessment.rig.fire_timers() == 1
    outcomes = assessment.outcomes(facts)
    assert outcomes[entries[0]] == ("SCORED", 1000, "paper")
    assert outcomes[entries[1]][0] == "SCORED"
    assert outcomes[entries[1]][1] < 1000
    assert outcomes[entries[2]] == ("ABSENT", 0, "paper")
    papers = assessment.rig.rows("select by_clock, score_tenths from paper order by by_clock")
    assert papers == [(False, 1000), (True, outcomes[entries[1]][1])]


def test_an_empty_paper_scores_zero_and_is_not_absent(seated: Seated) -> None:
    assessment, facts, entries, _ = seated
    paper_of(seated)
    minutes(assessment, 90)
    assessment.rig.fire_timers()
    assert assessment.outcomes(facts)[entries[0]] == ("SCORED", 0, "paper")


def test_results_drawn_up_before_the_end_stand_and_the_sitting_ends_all_the_same(seated: Seated) -> None:
    assessment, facts, _, _ = seated
    answer_all(seated, 0)
    assessment.rig.run(
        lambda uow: uow.sql(
            "insert into submission (submission_id, plan_id, state, source, total, passed, absent, submitted_by,"
            " submitted_at) values (%s, %s, 'AWAITING_CONFIRMATION', 'JSON', 3, 0, 0, 'staff', eventkit.now())",
            (uow.new_id(), facts.plan_id),
        )
    )
    minutes(assessment, 90)
    assert assessment.rig.fire_timers() == 1
    assert assessment.outcomes(facts) == {}
    assert assessment.rig.rows("select state, score_tenths from paper") == [("SUBMITTED", 1000)]
    assert assessment.rig.one("select state from sitting") == "ENDED"


def test_a_sitting_without_a_form_has_no_papers_and_sets_no_outcomes(assessment: Assessment) -> None:
    facts = assessment.plan(1)
    sitting = assessment.schedule(facts, None).json()["sitting_id"]
    assessment.as_staff("POST", f"/sittings/{sitting}/seats", facts)
    (entry,) = assessment.rig.entry_ids(facts.plan_id)
    minutes(assessment, 0)
    ticket = assessment.rig.one("select ticket_no from seat")
    assert code(assessment.start(entry, ticket)) == (409, "sitting-without-paper")
    minutes(assessment, 90)
    assert assessment.rig.fire_timers() == 1
    assert assessment.outcomes(facts) == {}


def test_items_changed_after_drawing_do_not_change_the_form(seated: Seated) -> None:
    assessment, facts, entries, _ = seated
    known = dict(assessment.rig.rows("select stem, item_id from item"))
    changed = [item | {"key": ["D"], "item_id": str(known[item["stem"]])} for item in items(8, 0, 0)]
    assessment.bank(changed)
    answer_all(seated, 0)
    minutes(assessment, 90)
    assessment.rig.fire_timers()
    assert assessment.outcomes(facts)[entries[0]] == ("SCORED", 1000, "paper")
