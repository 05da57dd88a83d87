"""Months of a subsidy, codes of documents, blank paper."""

from datetime import date

import pytest

from luban.certificate.domain.blanks import Blanks, Move, require_move
from luban.certificate.domain.upload import add_months, document_code, subsidy_warning
from luban.reference.identity import IdType
from luban.reference.refusal import Conflict


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 1, 31), -12, date(2025, 1, 31)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_months_end_on_the_same_day_or_the_months_last(day: date, months: int, later: date) -> None:
    assert add_months(day, months) == later


def test_a_subsidy_warns_before_its_end_and_after() -> None:
    end = date(2026, 11, 30)
    days = (date(2026, 9, 30), date(2026, 10, 1), end, date(2026, 12, 1))
    assert [subsidy_warning(end, day, 60) for day in days] == [None, "ENDS_SOON", "ENDS_SOON", "ENDED"]


def test_a_document_without_a_known_code_goes_up_by_name() -> None:
    assert document_code(IdType.RESIDENT_ID) == "201"
    assert document_code(IdType.PASSPORT) == "护照"
    assert {document_code(kind) for kind in IdType} == {
        "201", "护照", "其他", "港澳居民来往内地通行证", "台湾居民来往大陆通行证", "港澳台居民居住证",
        "外国人永久居留身份证",
    }  # fmt: skip


def test_paper_is_drawn_up_to_a_tenth_more_than_passed() -> None:
    stands = Blanks(passed=105, drawn=100, returned=10, printed=50, void=5, destroyed=2)
    assert stands.may_draw(110) == 25  # 115 of 105, less 90
    assert (stands.due_printed, stands.on_hand, stands.to_destroy) == (85, 35, 3)
    require_move(stands, Move.DRAWN, 25, 110)
    for move, sheets in (
        (Move.DRAWN, 26),
        (Move.PRINTED, 36),
        (Move.VOID, 36),
        (Move.RETURNED, 36),
        (Move.DESTROYED, 4),
    ):
        with pytest.raises(Conflict):
            require_move(stands, move, sheets, 110)
