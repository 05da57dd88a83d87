"""Responses, marks, results and corrections: the comparison tells when the system differs from the ledger."""

import pytest

from luban.cli.load.compare import assessment
from tests.unit.cli.load.agreeing import (
    FAILED,
    NAMES,
    RATERS,
    Both,
    agreeing,
    correct,
    revoke,
    swap,
    withdraw,
)


@pytest.fixture
def both() -> Both:
    return agreeing()


@pytest.mark.parametrize("change", ["lost", "changed", "another's"])
def test_a_response_in_the_database_that_is_not_as_it_was_sent(both: Both, change: str) -> None:
    assert both.seen.responses is not None
    first = both.seen.responses.pop(0)
    if change == "changed":
        both.seen.responses.append((*first[:2], "D"))
    elif change == "another's":
        both.seen.responses.append(("paper9", *first[1:]))
    assert both.broken() == {assessment.RESPONSES}


def test_a_response_that_was_not_read_back(both: Both) -> None:
    seen = next(fact for fact in both.record.facts if fact["fact"] == "seen")
    del seen["responses"][1]
    assert both.broken() == {assessment.READ_BACK}


@pytest.mark.parametrize("change", ["lost", "open", "another time"])
def test_a_paper_that_is_not_as_it_was_handed_in(both: Both, change: str) -> None:
    match change:
        case "lost":
            del both.seen.papers[1]
        case "open":
            both.seen.papers[1] = {"state": "OPEN", "submitted_at": None}
        case _:
            both.seen.papers[1] = both.seen.papers[2]
    assert both.broken() == {assessment.HANDED_IN}


def test_the_last_of_two_responses_must_stand(both: Both) -> None:
    sent = both.operation("responses", who=1, position=1).sent
    both.write("responses", {**sent, "response": "B"}, sha256="x", serial=3)
    assert {assessment.READ_BACK, assessment.RESPONSES} <= both.broken()


def test_a_response_in_doubt_over_an_acknowledged_one_may_stand_or_not(both: Both) -> None:
    sent = both.operation("responses", who=1, position=1).sent
    both.write("responses", {**sent, "response": "B", "worth": 0}, None)
    assert both.broken() == set()
    both.result(1)["scores"]["THEORY"]["score_tenths"] = 400
    both.certificate(1)["scores"][0]["score_tenths"] = 400
    assert both.broken() == set()
    both.result(1)["scores"]["THEORY"]["score_tenths"] = 500
    assert assessment.RESULTS in both.broken()


@pytest.mark.parametrize("change", ["lost", "changed", "swapped"])
def test_a_mark_that_is_not_as_it_was_given(both: Both, change: str) -> None:
    rows = both.seen.marks[RATERS[0]]
    match change:
        case "lost":
            rows.pop()
        case "changed":
            rows[0] = {**rows[0], "score_tenths": 999}
        case _:
            swap(rows[0], rows[1], "score_tenths")  # type: ignore[arg-type] # dicts
    assert both.broken() == {assessment.MARKS}


def test_a_mark_that_nobody_gave(both: Both) -> None:
    both.seen.marks[RATERS[0]].append({"entry_id": "e4", "score_tenths": 700, "absent": False})
    assert both.broken() == {assessment.UNMARKED}


def test_a_mark_that_stands_twice(both: Both) -> None:
    both.seen.marks[RATERS[0]].append(both.seen.marks[RATERS[0]][0])
    assert both.broken() == {assessment.UNMARKED}


def test_a_lost_result(both: Both) -> None:
    both.seen.results = [row for row in both.seen.results if row["name"] != NAMES[FAILED]]
    assert both.broken() == {assessment.RESULTS}


def test_a_result_that_stands_twice(both: Both) -> None:
    both.seen.results.append(both.result(FAILED))
    assert both.broken() == {assessment.RESULTS}


@pytest.mark.parametrize("subject", ["THEORY", "SKILL"])
def test_a_score_that_was_changed_behind_everybodys_back(both: Both, subject: str) -> None:
    both.result(FAILED)["scores"][subject]["score_tenths"] += 10
    assert both.broken() == {assessment.RESULTS}


def test_somebody_absent_who_was_marked(both: Both) -> None:
    both.result(FAILED)["scores"]["SKILL"] = {"outcome": "ABSENT", "score_tenths": 0}
    assert both.broken() == {assessment.RESULTS}


def test_two_people_whose_results_are_swapped(both: Both) -> None:
    swap(both.result(1), both.result(2), "scores")
    assert assessment.RESULTS in both.broken()


def test_confirmed_results_that_still_await_confirmation(both: Both) -> None:
    both.result(FAILED)["state"] = "AWAITING_CONFIRMATION"
    assert both.broken() == {assessment.PUBLICISED}


def test_a_correction_that_does_not_show(both: Both) -> None:
    correct(both, 1, 650)
    assert {assessment.CORRECTIONS, assessment.RESULTS} <= both.broken()


def test_a_correction_in_doubt_may_show_or_not(both: Both) -> None:
    correct(both, 1, 650, None)
    assert both.broken() == set()
    both.result(1)["scores"]["SKILL"]["score_tenths"] = 650
    both.certificate(1)["scores"][1]["score_tenths"] = 650
    assert both.broken() == set()


def test_a_withdrawal_of_a_certificate_in_doubt_may_stand_or_not(both: Both) -> None:
    revoke(both, 1, None)
    assert both.broken() == set()
    withdraw(both, 1)
    assert both.broken() == set()
