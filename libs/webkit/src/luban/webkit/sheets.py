"""Sheets that people upload and download: xlsx and csv, read with limits, written so that no cell computes.

`read_sheet` gives text only. A text that a spreadsheet would take for a formula is written with a leading apostrophe,
and read back without it, so a sheet survives the round trip.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

import python_calamine
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from luban.reference.refusal import Invalid
from luban.webkit.workbook_check import (
    SheetLimits,
    check_workbook,
    formula_refused,
    not_a_sheet,
    too_large,
    too_many_rows,
)

__all__ = ["Record", "Sheet", "SheetKind", "SheetLimits", "SheetRow", "annotate", "read_sheet", "write_sheet"]

_ZIP = b"PK\x03\x04"
_COMPUTES = ("=", "@")
_LOOKS_COMPUTED = ("=", "@", "+", "-", "\t", "\r")
_HEADING_WITHIN = 10
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_EXACT_DIGITS = 15
"""Digits that survive in a number cell; an ID number typed as a number has lost its end."""


class SheetKind(StrEnum):
    """The two forms of a sheet."""

    XLSX = "xlsx"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """For Content-Type and Accept."""
        if self is SheetKind.XLSX:
            return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with its number as the spreadsheet shows it, from 1. Cells are text without outer spaces."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Record:
    """A row below the heading, by column name; a missing cell is an empty text."""

    number: int
    values: dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """The rows of an uploaded sheet that hold anything."""

    kind: SheetKind
    rows: list[SheetRow]
    limits: SheetLimits

    def heading(self, required: Sequence[str]) -> SheetRow:
        """The first row that names all required columns. Raises `Invalid` sheet-columns."""
        for row in self.rows[:_HEADING_WITHIN]:
            if set(required) <= set(row.cells):
                return row
        raise Invalid(
            "sheet-columns",
            zh="表头应含有下列各列：{columns}",
            en="the heading must name the columns {columns}",
            columns="、".join(required),
        )

    def records(self, required: Sequence[str], optional: Sequence[str] = ()) -> list[Record]:
        """The rows below the heading; other columns are left out. Raises `Invalid` sheet-columns, sheet-rows."""
        heading = self.heading(required)
        wanted = {name: heading.cells.index(name) for name in (*required, *optional) if name in heading.cells}
        if any(heading.cells.count(name) > 1 for name in wanted):
            raise Invalid("sheet-columns", zh="表头有重复的列", en="a column stands twice in the heading")
        below = [row for row in self.rows if row.number > heading.number]
        if len(below) > self.limits.rows:
            raise too_many_rows(self.limits)
        absent = {name: "" for name in optional if name not in wanted}
        width = max(wanted.values()) + 1
        return [Record(row.number, _by_name(row.cells, wanted, width) | absent) for row in below]


def read_sheet(data: bytes, filename: str = "", limits: SheetLimits | None = None) -> Sheet:
    """The rows of an xlsx file (its first visible sheet) or a csv file (UTF-8 with or without BOM, or GB 18030).

    What it is follows from its bytes; a `filename` that says xlsx of a file that is none is refused.
    Raises `Invalid` with a code of sheet-*.
    """
    limits = limits or SheetLimits()
    if len(data) > limits.file_bytes:
        raise too_large("bytes", limits.file_bytes)
    if data.startswith(_ZIP):
        check_workbook(data, limits)
        return Sheet(SheetKind.XLSX, _checked(_rows_of_workbook(data), limits), limits)
    if filename.lower().endswith((".xlsx", ".xlsm", ".xls")):
        raise not_a_sheet()
    return Sheet(SheetKind.CSV, _checked(_rows_of_csv(data), limits), limits)


def write_sheet(kind: SheetKind, rows: Iterable[Sequence[str]]) -> bytes:
    """The bytes of a sheet of text cells; csv is UTF-8 with BOM, as spreadsheets want it."""
    guarded = ([_guarded(cell) for cell in row] for row in rows)
    return _workbook(guarded) if kind is SheetKind.XLSX else _csv(guarded)


def annotate(sheet: Sheet, heading: SheetRow, reasons: Mapping[int, str], title: str = "原因") -> bytes:
    """The same sheet with the reason of each row number beside it, in a column of its own after the last."""
    width = max(len(row.cells) for row in sheet.rows)
    rows: list[list[str]] = []
    for row in sheet.rows:
        rows += [[]] * (row.number - len(rows) - 1)
        reason = title if row.number == heading.number else reasons.get(row.number, "")
        rows.append([*row.cells, *[""] * (width - len(row.cells)), reason])
    return write_sheet(sheet.kind, rows)


def _by_name(cells: list[str], wanted: Mapping[str, int], width: int) -> dict[str, str]:
    if len(cells) < width:
        cells = cells + [""] * (width - len(cells))
    return {name: cells[place] for name, place in wanted.items()}


def _rows_of_workbook(data: bytes) -> list[SheetRow]:
    try:
        with python_calamine.load_workbook(io.BytesIO(data)) as workbook:
            grid = workbook.get_sheet_by_name(_first_visible(workbook)).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise not_a_sheet() from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what its Rust code raises on some broken files; not importable
            raise
        raise not_a_sheet() from error
    rows = (SheetRow(number, [_text(value) for value in values]) for number, values in enumerate(grid, 1))
    return [row for row in rows if any(row.cells)]


def _first_visible(workbook: python_calamine.CalamineWorkbook) -> str:
    for sheet in workbook.sheets_metadata:
        visible = sheet.visible == python_calamine.SheetVisibleEnum.Visible
        if visible and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet:
            return sheet.name
    raise not_a_sheet()


def _text(value: object) -> str:
    match value:
        case str():
            return _unguarded(value.strip())
        case bool():
            return str(value).upper()
        case int() | float():
            return _exact(value)
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)


def _exact(value: float) -> str:
    if value == int(value) and abs(value) < 10**_EXACT_DIGITS:
        return str(int(value))
    if abs(value) >= 10**_EXACT_DIGITS:
        raise Invalid(
            "sheet-number-inexact",
            zh="证件号码等长数字应以文本格式填写，否则末几位会丢失",
            en="long numbers such as ID numbers must be text cells, or their last digits are lost",
        )
    return repr(value)


def _rows_of_csv(data: bytes) -> list[SheetRow]:
    if not data.strip() or b"\0" in data:
        raise not_a_sheet()
    reader = csv.reader(io.StringIO(_decoded(data), newline=""), strict=True)
    try:
        grid = [(number, [cell.strip() for cell in cells]) for number, cells in enumerate(reader, 1)]
    except csv.Error as error:
        raise not_a_sheet() from error
    _refuse_formulas(grid)
    return [SheetRow(number, [_unguarded(cell) for cell in cells]) for number, cells in grid if any(cells)]


def _refuse_formulas(grid: Iterable[tuple[int, list[str]]]) -> None:
    formulas = [
        f"{get_column_letter(place)}{number}"
        for number, cells in grid
        for place, cell in enumerate(cells, 1)
        if cell.startswith(_COMPUTES)
    ]
    if formulas:
        raise formula_refused(formulas)


def _checked(rows: list[SheetRow], limits: SheetLimits) -> list[SheetRow]:
    if rows and rows[-1].number > limits.rows + _HEADING_WITHIN:
        raise too_many_rows(limits)
    if max((len(row.cells) for row in rows), default=0) > limits.columns:
        raise too_large("columns", limits.columns)
    if max((len(cell) for row in rows for cell in row.cells), default=0) > limits.cell_characters:
        raise too_large("characters of a cell", limits.cell_characters)
    return rows


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise not_a_sheet()


def _guarded(cell: str) -> str:
    text = _NOT_IN_XML.sub("\ufffd", cell)
    return f"'{text}" if text.lstrip("'").startswith(_LOOKS_COMPUTED) else text


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_LOOKS_COMPUTED) else cell


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def _workbook(rows: Iterable[Sequence[str]]) -> bytes:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Sheet1")
    for column in range(1, 31):
        sheet.column_dimensions[get_column_letter(column)].number_format = "@"
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()
