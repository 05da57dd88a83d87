from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.reference.pass_rule import (
    ABSENT,
    VOID,
    OutcomeKind,
    SubjectOutcome,
    carried,
    is_passed,
    parse_mark,
    round_half_up,
    score,
    skill_mark,
)
from luban.reference.refusal import Invalid
from luban.reference.rules import rule

marks = st.integers(0, 1000)


def test_every_subject_has_to_reach_sixty() -> None:
    assert is_passed({"theory": score(600), "skill": score(600)})
    assert not is_passed({"theory": score(599), "skill": score(1000)})


def test_nothing_is_averaged_however_good_the_rest() -> None:
    assert not is_passed({"theory": score(1000), "skill": score(1000), "review": score(590)})


@pytest.mark.parametrize("missing", [ABSENT, VOID])
def test_absence_and_misconduct_never_pass(missing: SubjectOutcome) -> None:
    assert not is_passed({"theory": score(1000), "skill": missing})
    assert missing.tenths is None


def test_an_earlier_pass_counts_and_nothing_less_is_carried() -> None:
    assert is_passed({"theory": carried(600), "skill": score(600)})
    with pytest.raises(ValueError, match="only a pass"):
        carried(599)


def test_an_examination_without_subjects_is_passed_by_nobody() -> None:
    with pytest.raises(ValueError, match="at least one subject"):
        is_passed({})


def test_an_outcome_without_its_mark_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="SCORE"):
        SubjectOutcome(OutcomeKind.SCORE)
    with pytest.raises(ValueError, match="ABSENT"):
        SubjectOutcome(OutcomeKind.ABSENT, 0)
    with pytest.raises(Invalid):
        score(1001)


@given(st.lists(marks, min_size=1, max_size=6))
def test_passing_is_decided_by_the_worst_subject(tenths: list[int]) -> None:
    outcomes = {str(place): score(mark) for place, mark in enumerate(tenths)}
    assert is_passed(outcomes) == (min(tenths) >= 600)


@pytest.mark.parametrize(
    ("raw", "tenths"),
    [("60", 600), ("59.5", 595), (" 100 ", 1000), ("100.0", 1000), ("0", 0), ("７６.５", 765), ("60.50", 605)],
)
def test_a_mark_is_read_in_tenths(raw: str, tenths: int) -> None:
    assert parse_mark(raw) == tenths


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("100.5", "mark-range"),
        ("101", "mark-range"),
        ("999999", "mark-range"),
        ("60.05", "mark-format"),
        ("-1", "mark-format"),
        ("", "mark-format"),
        ("6 0", "mark-format"),
        ("=60", "mark-format"),
        ("1e2", "mark-format"),
        ("NaN", "mark-format"),
        ("缺考", "mark-format"),
        ("٦٠", "mark-format"),
    ],
)
def test_what_is_no_mark_is_refused(raw: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_mark(raw)
    assert refused.value.code == code


def test_halves_round_up_once() -> None:
    assert [round_half_up(Fraction(n, 4)) for n in (2394, 2397, 2398, 2399)] == [599, 599, 600, 600]
    assert round_half_up(Fraction(5, 2)) == 3


def test_the_skill_mark_is_the_mean_of_the_raters() -> None:
    assert skill_mark([600, 601, 601], 5) == 601
    assert skill_mark([595, 600, 600], 5) == 598


def test_from_five_raters_on_one_highest_and_one_lowest_are_left_out() -> None:
    dropped_from = rule("skill.drop_extremes_from_raters", date(2026, 11, 23))
    assert skill_mark([0, 600, 600, 600, 1000], dropped_from) == 600
    assert skill_mark([0, 600, 600, 600, 900], 7) == 540


@pytest.mark.parametrize("number", [0, 1, 2, 4, 6])
def test_an_even_or_too_small_number_of_raters_is_refused(number: int) -> None:
    with pytest.raises(Invalid) as refused:
        skill_mark([600] * number, 5)
    assert refused.value.code == "raters-number"


@given(st.lists(marks, min_size=3, max_size=9).filter(lambda each: len(each) % 2 == 1))
def test_the_skill_mark_lies_between_the_raters_marks(given_marks: list[int]) -> None:
    assert min(given_marks) <= skill_mark(given_marks, 5) <= max(given_marks)
