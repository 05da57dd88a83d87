"""Lists of results, row by row, without a database."""

from collections.abc import Collection
from uuid import UUID

import pytest

from luban.exam.domain.posting import Checked, Columns, Member, PostedRow, check, read_mark
from luban.reference.pass_rule import ABSENT, score
from luban.reference.refusal import Invalid

COLUMNS = Columns("报名号", "姓名", {"THEORY": "理论知识", "SKILL": "操作技能"})


class PlainHashes:
    """Stands in for keyed hashes: the text itself."""

    def of_match(self, name: str, id_tail: str) -> Collection[bytes]:
        return [f"{name}|{id_tail}".encode()]

    def of_name(self, name: str) -> Collection[bytes]:
        return [name.encode()]

    def of_number(self, id_no: str) -> Collection[bytes]:
        return [id_no.encode()]


def member(number: int, *, accepted: bool = True) -> Member:
    tail, name = f"{number:04d}", f"考生{number}"
    return Member(
        UUID(int=number),
        UUID(int=100 + number),
        number,
        accepted,
        f"{name}|{tail}".encode(),
        name.encode(),
        tail.encode(),
    )


def row(place: int, number: int, *marks: str) -> PostedRow:
    return PostedRow(place, str(UUID(int=number)), f"考生{number}", f"{number:04d}", "", marks or ("60", "60"))


def checked(*rows: PostedRow, people: int = 2) -> Checked:
    return check(rows, COLUMNS, [member(number) for number in range(1, people + 1)], PlainHashes())


def test_results_come_in_the_order_of_the_plans_list() -> None:
    found = checked(row(2, 2, "59.9", "100"), row(3, 1, "60", "60.0"))
    assert [(each.member.seq, each.passed) for each in found.scored] == [(1, True), (2, False)]
    assert found.faults == []


def test_everything_wrong_is_told_at_once() -> None:
    found = checked(row(2, 1, "101", ""), row(3, 9, "x", "60"), row(4, 1))
    assert [(fault.row, fault.code) for fault in found.faults] == [
        (2, "mark-range"),
        (2, "mark-missing"),
        (3, "not-on-roster"),
        (3, "mark-format"),
        (4, "person-twice"),
        (None, "row-missing"),
    ]
    assert found.scored == []


def test_a_person_whose_row_is_wrong_is_not_missing_as_well() -> None:
    assert [fault.code for fault in checked(row(2, 1, "x", "60"), row(3, 2)).faults] == ["mark-format"]


def test_a_withdrawn_entry_needs_no_row_and_takes_none() -> None:
    people = [member(1), member(2, accepted=False)]
    assert check([row(2, 1)], COLUMNS, people, PlainHashes()).faults == []
    (fault,) = check([row(2, 1), row(3, 2)], COLUMNS, people, PlainHashes()).faults
    assert fault.code == "entry-withdrawn"


def test_a_blank_number_end_on_a_sheet_matches_nobody() -> None:
    (fault,) = checked(row(2, 1)._replace(id_tail=""), people=1).faults
    assert (fault.code, fault.column) == ("person-mismatch", "姓名")


def test_without_the_numbers_end_the_name_decides_and_a_number_must_be_theirs() -> None:
    by_entry = row(1, 1)._replace(id_tail=None)
    by_number = by_entry._replace(entry="", id_no="0001")
    for right in (by_entry, by_number):
        assert checked(right, people=1).faults == []
        assert checked(right._replace(name=""), people=1).faults[0].code == "person-mismatch"
    assert checked(by_entry._replace(id_no="0002"), people=1).faults[0].code == "person-mismatch"


@pytest.mark.parametrize(("text", "tenths"), [("0", 0), ("60", 600), ("60.5", 605), ("100", 1000), ("６０．５", 605)])
def test_marks_are_tenths(text: str, tenths: int) -> None:
    assert read_mark(text) == score(tenths)


def test_absence_is_written_down_and_no_score() -> None:
    assert read_mark("缺考") == ABSENT


@pytest.mark.parametrize("text", ["", "100.5", "60.55", "-1", "优", "1e2", "60,5", "+60", "٦٠"])
def test_what_is_no_mark_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_mark(text)
