"""Panels of raters: who may form one, and what their marks make."""

from uuid import UUID

import pytest

from luban.exam.domain.marking import Mark, MarkingState, marking_state, panel_score, require_panel
from luban.reference.refusal import Invalid

ABSENT = Mark(None)


def marks(*tenths: int) -> list[Mark]:
    return [Mark(each) for each in tenths]


@pytest.mark.parametrize("number", [3, 5, 7])
def test_three_or_another_odd_number_is_a_panel(number: int) -> None:
    require_panel([UUID(int=each) for each in range(number)])


@pytest.mark.parametrize("number", [0, 1, 2, 4, 6])
def test_an_even_number_or_fewer_than_three_is_none(number: int) -> None:
    with pytest.raises(Invalid, match="raters-number"):
        require_panel([UUID(int=each) for each in range(number)])


def test_nobody_is_on_a_panel_twice() -> None:
    with pytest.raises(Invalid, match="raters-repeated"):
        require_panel([UUID(int=1), UUID(int=1), UUID(int=2)])


@pytest.mark.parametrize("tenths", [-1, 1001, 1005])
def test_a_mark_lies_between_0_and_100(tenths: int) -> None:
    with pytest.raises(Invalid, match="mark-range"):
        Mark.of(tenths, absent=False)


@pytest.mark.parametrize(("tenths", "absent"), [(None, False), (0, True), (600, True)])
def test_a_mark_is_a_score_or_absent(tenths: int | None, absent: bool) -> None:
    with pytest.raises(Invalid, match="mark-or-absent"):
        Mark.of(tenths, absent)


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ([], MarkingState.INCOMPLETE),
        (marks(600, 700), MarkingState.INCOMPLETE),
        (marks(600, 700, 0), MarkingState.COMPLETE),
        ([ABSENT] * 3, MarkingState.COMPLETE),
        ([ABSENT, *marks(600, 700)], MarkingState.ABSENCE_DISPUTED),
        ([ABSENT, ABSENT, *marks(0)], MarkingState.ABSENCE_DISPUTED),
    ],
)
def test_absence_must_be_unanimous(given: list[Mark], state: MarkingState) -> None:
    assert marking_state(given, 3) is state


def test_the_score_is_the_mean_rounded_half_up_once() -> None:
    assert panel_score(marks(600, 600, 601), 5) == 600
    assert panel_score(marks(600, 601, 601), 5) == 601


def test_from_five_raters_on_the_extremes_are_left_out() -> None:
    assert panel_score(marks(0, 600, 610, 620, 1000), 5) == 610


def test_absent_is_not_zero() -> None:
    assert panel_score([ABSENT] * 3, 5) is None
    assert panel_score(marks(0, 0, 0), 5) == 0
