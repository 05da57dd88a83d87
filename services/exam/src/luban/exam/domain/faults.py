"""What was wrong with single rows of a list of results."""

from luban.reference.refusal import Invalid
from luban.reference.row_faults import RowFault


def not_on_roster(row: int, column: str) -> RowFault:
    """Nobody on the plan's list has this number."""
    return RowFault(row, column, "not-on-roster", "该人不在本计划名单中", "this person is not on the plan's list")


def withdrawn(row: int, column: str) -> RowFault:
    """The entry was withdrawn."""
    return RowFault(row, column, "entry-withdrawn", "该报名已撤回", "this entry was withdrawn")


def duplicate(row: int, column: str, first: int) -> RowFault:
    """The person already stands in an earlier row."""
    zh, en = f"与第{first}行是同一人", f"the same person as in row {first}"
    return RowFault(row, column, "person-twice", zh, en)


def mismatch(row: int, column: str) -> RowFault:
    """Name and document number are not those of the entry."""
    zh, en = "姓名或证件号码与报名不符", "name or document number are not those of the entry"
    return RowFault(row, column, "person-mismatch", zh, en)


def mark(row: int, column: str, refusal: Invalid) -> RowFault:
    """A mark that is none; the column is named in the text, because a sheet has one column of reasons."""
    return RowFault(row, column, refusal.code, f"{column}：{refusal.zh}", f"{column}: {refusal.en}")


def missing(column: str, entry_id: str) -> RowFault:
    """An accepted entry without a row."""
    return RowFault(
        None, column, "row-missing", "名单中的该考生没有成绩行", "this person of the list has no row", entry_id
    )


def no_outcome(entry_id: str, subject_code: str) -> RowFault:
    """An accepted entry without an outcome in a subject."""
    zh, en = f"该考生缺少科目{subject_code}的成绩", f"this person has no outcome in {subject_code}"
    return RowFault(None, subject_code, "outcome-missing", zh, en, entry_id)


def unknown_subject(row: int, column: str) -> RowFault:
    """A mark for a subject that the plan does not have."""
    zh, en = "该计划没有这个科目", "the plan has no such subject"
    return RowFault(row, column, "subject-unknown", zh, en)
