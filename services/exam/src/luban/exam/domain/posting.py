"""Results that an enterprise's assessors post: every row is one person of the plan's list, every mark is a mark."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID

from luban.exam.domain import faults
from luban.reference.pass_rule import ABSENT, SubjectOutcome, is_passed, parse_mark, score
from luban.reference.refusal import Invalid
from luban.reference.row_faults import RowFault

ABSENT_TEXT = "缺考"


class Member(NamedTuple):
    """A person on a plan's list, known by keyed hashes only."""

    entry_id: UUID
    candidate_id: UUID
    seq: int
    accepted: bool
    match_key: bytes
    """Of the name and the last 4 characters of the document's number."""
    name_key: bytes
    id_hash: bytes


class PostedRow(NamedTuple):
    """A row as it was sent, text without outer spaces; "" where nothing was sent.

    A person is named by `entry` (the number of the entry) or, in JSON, by `id_no` (the whole document number).
    """

    number: int
    entry: str
    name: str
    id_tail: str | None
    """The last 4 characters of the document's number; None where the form does not ask for them."""
    id_no: str
    marks: Sequence[str]
    """One per subject, in the plan's order."""


class Hasher(Protocol):
    """The keyed hashes under which the list knows people; several while a look-up key is replaced."""

    def of_match(self, name: str, id_tail: str) -> Collection[bytes]:
        """Of a name and the last 4 characters of a document number."""

    def of_name(self, name: str) -> Collection[bytes]:
        """Of a name."""

    def of_number(self, id_no: str) -> Collection[bytes]:
        """Of a whole document number."""


@dataclass(frozen=True)
class Columns:
    """What the columns are called where the rows come from."""

    person: str
    name: str
    subjects: Mapping[str, str]
    """By subject code, in the plan's order."""


class Scored(NamedTuple):
    """What one person reached in every subject of the plan."""

    member: Member
    outcomes: Mapping[str, SubjectOutcome]

    @property
    def passed(self) -> bool:
        """Every subject at 60 or above, nothing averaged (domain rule 5.1)."""
        return is_passed(self.outcomes)

    @property
    def absent(self) -> bool:
        """Whether the person missed a subject; not the same as a score of 0."""
        return ABSENT in self.outcomes.values()


@dataclass
class Checked:
    """A list that was looked through: results in the order of the plan's list, or what is wrong."""

    scored: list[Scored] = field(default_factory=list)
    faults: list[RowFault] = field(default_factory=list)


def check(rows: Iterable[PostedRow], columns: Columns, members: Sequence[Member], hasher: Hasher) -> Checked:
    """Looks through a whole list, so that everything wrong is told at once. Every accepted entry needs a row."""
    checked, roster, marks = Checked(), _Roster(members, hasher), _Marks(columns.subjects)
    for row in rows:
        found, outcomes = roster.find(row, columns), marks.read(row)
        if isinstance(found, RowFault) or outcomes is None:
            checked.faults += [found] if isinstance(found, RowFault) else []
            checked.faults += marks.faults(row)
        else:
            checked.scored.append(Scored(found, outcomes))
    checked.faults += [faults.missing(columns.person, str(entry)) for entry in roster.not_seen()]
    checked.scored.sort(key=lambda each: each.member.seq)
    return checked


class _Roster:
    """Finds people and remembers in which row each was seen."""

    def __init__(self, members: Sequence[Member], hasher: Hasher) -> None:
        self._by_entry: Mapping[str, Member] = {str(member.entry_id): member for member in members}
        self._by_number = {member.id_hash: member for member in members if member.accepted}
        self._hasher = hasher
        self._seen: dict[UUID, int] = {}

    def find(self, row: PostedRow, columns: Columns) -> Member | RowFault:
        member = self._by_entry.get(row.entry.lower()) if row.entry else self._numbered(row.id_no)
        if member is None:
            return faults.not_on_roster(row.number, columns.person)
        if not member.accepted:
            return faults.withdrawn(row.number, columns.person)
        first = self._seen.setdefault(member.entry_id, row.number)
        if first != row.number:
            return faults.duplicate(row.number, columns.person, first)
        return member if self._is(member, row) else faults.mismatch(row.number, columns.name)

    def not_seen(self) -> list[UUID]:
        return [
            member.entry_id
            for member in self._by_entry.values()
            if member.accepted and member.entry_id not in self._seen
        ]

    def _numbered(self, id_no: str) -> Member | None:
        hashes = self._hasher.of_number(id_no) if id_no else ()
        return next((self._by_number[each] for each in hashes if each in self._by_number), None)

    def _is(self, member: Member, row: PostedRow) -> bool:
        """The name always, and as much of the number as was sent."""
        if row.id_tail is not None:
            return member.match_key in self._hasher.of_match(row.name, row.id_tail)
        if row.id_no and member.id_hash not in self._hasher.of_number(row.id_no):
            return False
        return bool(row.name) and member.name_key in self._hasher.of_name(row.name)


class _Marks:
    """Reads marks, each text once."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._read: dict[str, SubjectOutcome | None] = {}

    def read(self, row: PostedRow) -> dict[str, SubjectOutcome] | None:
        """The outcomes of a row; None when one of its marks is none."""
        outcomes: dict[str, SubjectOutcome] = {}
        for code, text in zip(self._columns, row.marks, strict=True):
            outcome = self._read[text] if text in self._read else self._one(text)
            if outcome is None:
                return None
            outcomes[code] = outcome
        return outcomes

    def faults(self, row: PostedRow) -> list[RowFault]:
        """What is wrong with the marks of a row."""
        found = []
        for column, text in zip(self._columns.values(), row.marks, strict=True):
            try:
                read_mark(text)
            except Invalid as refusal:
                found.append(faults.mark(row.number, column, refusal))
        return found

    def _one(self, text: str) -> SubjectOutcome | None:
        try:
            outcome = read_mark(text)
        except Invalid:
            outcome = None
        self._read[text] = outcome
        return outcome


def read_mark(text: str) -> SubjectOutcome:
    """0 to 100 with at most one decimal, or 缺考. A blank is neither: who did not come is written down as absent.

    Raises `Invalid` mark-missing, mark-format or mark-range.
    """
    if text == ABSENT_TEXT:
        return ABSENT
    if not text:
        raise Invalid("mark-missing", zh="没有填写成绩，缺考请填“缺考”", en="no mark; write 缺考 for somebody absent")
    return score(parse_mark(text))
