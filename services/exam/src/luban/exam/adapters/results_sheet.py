"""The sheet on which an enterprise's assessors post results: its template, and reading it back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from luban.exam.adapters.plans import Plan
from luban.exam.adapters.roster import NamedMember
from luban.exam.domain.posting import Columns, PostedRow
from luban.reference.row_faults import RowFault
from luban.webkit.sheets import Sheet, SheetKind, SheetLimits, SheetRow, annotate, read_sheet, write_sheet

PLACE, PERSON, NAME, ID_TAIL, REMARK, REASON = "序号", "报名号", "姓名", "证件号码后四位", "备注", "原因"
FIXED = (PLACE, PERSON, NAME, ID_TAIL, REMARK, REASON)
CSV_LIMITS = SheetLimits(file_bytes=32_000_000, rows=250_000)
XLSX_LIMITS = SheetLimits(file_bytes=16_000_000, rows=50_000)
MAX_FILE_BYTES = max(CSV_LIMITS.file_bytes, XLSX_LIMITS.file_bytes)


def columns_of(plan: Plan) -> Columns:
    """What a plan's sheet calls its columns: subjects by name, with the code where the name alone is not clear."""
    names = [subject.name for subject in plan.subjects]
    subjects = {
        subject.code: f"{subject.name}({subject.code})"
        if names.count(subject.name) > 1 or subject.name in FIXED
        else subject.name
        for subject in plan.subjects
    }
    return Columns(PERSON, NAME, subjects)


def template(kind: SheetKind, plan: Plan, people: Iterable[NamedMember]) -> bytes:
    """The plan's own sheet with its list filled in and its marks empty."""
    columns = columns_of(plan)
    empty = [""] * (len(columns.subjects) + 1)
    heading = [PLACE, PERSON, NAME, ID_TAIL, *columns.subjects.values(), REMARK]
    rows = ([str(place), str(one.entry_id), one.name, one.id_tail, *empty] for place, one in enumerate(people, 1))
    return write_sheet(kind, [heading, *rows])


class ResultsSheet:
    """A sheet that was sent. Raises `Invalid` sheet-* for what is no sheet, holds formulas or lacks a column."""

    def __init__(self, content: bytes, filename: str, plan: Plan) -> None:
        limits = XLSX_LIMITS if content.startswith(b"PK") else CSV_LIMITS
        self.sheet: Sheet = read_sheet(content, filename, limits)
        self.columns = columns_of(plan)
        self._required = [PERSON, NAME, ID_TAIL, *self.columns.subjects.values()]
        self.heading: SheetRow = self.sheet.heading(self._required)

    def rows(self) -> Iterator[PostedRow]:
        """The rows below the heading that hold more than a place in the list."""
        places = [self.heading.cells.index(name) for name in self._required]
        person, name, tail, *marks = places
        width = max(places) + 1
        for number, cells in self._below():
            row = cells if len(cells) >= width else cells + [""] * (width - len(cells))
            yield PostedRow(number, row[person], row[name], row[tail], "", [row[place] for place in marks])

    def with_reasons(self, faults: Sequence[RowFault], language: str) -> bytes:
        """The same sheet with the reasons of each row beside it; people who are missing follow at the end."""
        reasons: dict[int, str] = {}
        last = self.sheet.rows[-1].number
        added: list[SheetRow] = []
        for fault in faults:
            text = fault.en if language == "en" else fault.zh
            number = fault.row
            if number is None:
                number = last + len(added) + 1
                added.append(SheetRow(number, self._named(fault.entry_id)))
            reasons[number] = f"{reasons[number]}；{text}" if number in reasons else text
        return annotate(replace(self.sheet, rows=[*self.sheet.rows, *added]), self.heading, reasons, REASON)

    def _below(self) -> Iterator[tuple[int, list[str]]]:
        return ((row.number, row.cells) for row in self.sheet.rows if row.number > self.heading.number)

    def _named(self, entry_id: str) -> list[str]:
        cells = [""] * len(self.heading.cells)
        cells[self.heading.cells.index(PERSON)] = entry_id
        return cells
