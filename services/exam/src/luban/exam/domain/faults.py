"""What was wrong with single rows of a list of results."""

from dataclasses import dataclass

from luban.reference.refusal import Invalid


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one row. `row` is the number the spreadsheet shows (in JSON the place from 1); None for
    somebody who is missing, then `entry_id` names them."""

    row: int | None
    column: str
    code: str
    zh: str
    en: str
    entry_id: str = ""


def not_on_roster(row: int, column: str) -> Fault:
    """Nobody on the plan's list has this number."""
    return Fault(row, column, "not-on-roster", "该人不在本计划名单中", "this person is not on the plan's list")


def withdrawn(row: int, column: str) -> Fault:
    """The entry was withdrawn."""
    return Fault(row, column, "entry-withdrawn", "该报名已撤回", "this entry was withdrawn")


def duplicate(row: int, column: str, first: int) -> Fault:
    """The person already stands in an earlier row."""
    zh, en = f"与第{first}行是同一人", f"the same person as in row {first}"
    return Fault(row, column, "person-twice", zh, en)


def mismatch(row: int, column: str) -> Fault:
    """Name and document number are not those of the entry."""
    zh, en = "姓名或证件号码与报名不符", "name or document number are not those of the entry"
    return Fault(row, column, "person-mismatch", zh, en)


def mark(row: int, column: str, refusal: Invalid) -> Fault:
    """A mark that is none; the column is named in the text, because a sheet has one column of reasons."""
    return Fault(row, column, refusal.code, f"{column}：{refusal.zh}", f"{column}: {refusal.en}")


def missing(column: str, entry_id: str) -> Fault:
    """An accepted entry without a row."""
    return Fault(
        None, column, "row-missing", "名单中的该考生没有成绩行", "this person of the list has no row", entry_id
    )


def no_outcome(entry_id: str, subject_code: str) -> Fault:
    """An accepted entry without an outcome in a subject."""
    zh, en = f"该考生缺少科目{subject_code}的成绩", f"this person has no outcome in {subject_code}"
    return Fault(None, subject_code, "outcome-missing", zh, en, entry_id)


def unknown_subject(row: int, column: str) -> Fault:
    """A mark for a subject that the plan does not have."""
    zh, en = "该计划没有这个科目", "the plan has no such subject"
    return Fault(row, column, "subject-unknown", zh, en)
