"""What an uploaded xlsx file must be before anything opens it: bounded, well formed, without formulas or programs.

A workbook is a zip of XML. Sizes that a zip declares may lie, so every part is unpacked against one allowance; every
XML part is parsed once by expat, which also finds the cells that would make a reader allocate a huge empty rectangle.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from luban.reference.refusal import Invalid

_CHUNK = 1 << 18
_MOST_PARTS = 500
_BYTES_PER_CHARACTER = 4
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_PROGRAMS = ("vbaproject.bin", "/externallinks/", "/activex/", "/embeddings/", "/macrosheets/")


@dataclass(frozen=True)
class SheetLimits:
    """How large an uploaded sheet may be."""

    file_bytes: int = 16_000_000
    unpacked_bytes: int = 200_000_000
    rows: int = 50_000
    """Rows below the heading."""
    columns: int = 60
    cell_characters: int = 1_000
    text_bytes: int = 600_000_000
    """Bound on the texts of all cells together."""


def check_workbook(data: bytes, limits: SheetLimits) -> None:
    """Raises `Invalid` sheet-format, sheet-too-large, sheet-programs, sheet-rows or sheet-formula."""
    inspection = _Inspection(limits)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_parts(archive)
            for part in archive.infolist():
                inspection.read(part.filename, _unpacked(archive, part, inspection))
    except (zipfile.BadZipFile, zlib.error, struct.error, expat.ExpatError, EOFError, ValueError) as error:
        raise not_a_sheet() from error
    inspection.conclude()


def not_a_sheet() -> Invalid:
    """The refusal of bytes that are no sheet at all."""
    return Invalid(
        "sheet-format",
        zh="文件不是有效的xlsx或csv表格",
        en="the file is not a valid xlsx or csv sheet",
    )


def too_large(what: str, limit: int) -> Invalid:
    """The refusal of a sheet over one of its limits."""
    return Invalid(
        "sheet-too-large",
        zh="表格过大（{what}超过{limit}）",
        en="the sheet is too large: {what} over {limit}",
        what=what,
        limit=limit,
    )


def formula_refused(cells: list[str]) -> Invalid:
    """The refusal of cells that compute; `cells` are such as D7."""
    return Invalid(
        "sheet-formula",
        zh="表格中不得使用公式，请粘贴为数值：{places}",
        en="a sheet may not have formulas, paste the values: {places}",
        places=", ".join(cells[:20]),
        cells=cells[:100],
    )


def _check_parts(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    if len(names) > _MOST_PARTS or len(set(names)) != len(names) or "xl/workbook.xml" not in names:
        raise not_a_sheet()
    if any(marked in f"/{name.lower()}" for name in names for marked in _PROGRAMS):
        raise Invalid("sheet-programs", zh="表格中不得含有宏或外部链接", en="a sheet may not have macros or links")
    methods = {part.compress_type for part in archive.infolist()}
    if any(part.flag_bits & 1 for part in archive.infolist()) or not methods <= {
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    }:
        raise not_a_sheet()


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, inspection: "_Inspection") -> Iterator[bytes]:
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            inspection.unpack(len(chunk))
            yield chunk


class _Inspection:
    def __init__(self, limits: SheetLimits) -> None:
        self._limits = limits
        self._unpacked = 0
        self._formulas: list[str] = []
        self._longest_shared = 0
        self._cells = 0

    def unpack(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > self._limits.unpacked_bytes:
            raise too_large("unpacked bytes", self._limits.unpacked_bytes)

    def read(self, name: str, chunks: Iterator[bytes]) -> None:
        if name.endswith((".xml", ".rels")):
            part = _Part(self._limits)
            for chunk in chunks:
                part.parser.Parse(chunk, False)
            part.parser.Parse(b"", True)
            self._formulas += part.formulas
            self._cells += part.cells
            self._longest_shared = max(self._longest_shared, part.longest_shared)
        else:
            for _ in chunks:
                pass

    def conclude(self) -> None:
        if self._formulas:
            raise formula_refused(self._formulas)
        if self._longest_shared > _BYTES_PER_CHARACTER * self._limits.cell_characters:
            raise too_large("characters of a cell", self._limits.cell_characters)
        # One shared text may stand in every cell, and a reader copies it for each.
        if self._longest_shared * self._cells > self._limits.text_bytes:
            raise too_large("bytes of text", self._limits.text_bytes)


class _Part:
    """One XML part, read once from its first byte to its last."""

    def __init__(self, limits: SheetLimits) -> None:
        self.formulas: list[str] = []
        self.longest_shared = 0
        self.cells = 0
        self._limits = limits
        self._row = self._column = 0
        self._text_began = -1
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = _refuse_doctype
        self.parser.StartElementHandler = self._root

    def _root(self, name: str, _attributes: dict[str, str]) -> None:
        match _local(name):
            case "worksheet" | "macrosheet" | "dialogsheet":
                self.parser.StartElementHandler = self._in_worksheet
            case "sst":
                self.parser.StartElementHandler = self._in_shared_texts
                self.parser.EndElementHandler = self._after_shared_text
            case _:
                self.parser.StartElementHandler = None

    def _in_worksheet(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = _local(name)
        if name == "c":
            self._place_cell(attributes.get("r"))
        elif name == "row":
            self._place_row(attributes.get("r"))
        elif name == "f":
            self.formulas.append(f"{_letters(self._column)}{self._row}")

    def _place_row(self, reference: str | None) -> None:
        self._row = _number(reference) if reference is not None else self._row + 1
        self._column = 0
        if self._row > self._limits.rows + _ROWS_ABOVE:
            raise too_many_rows(self._limits)

    def _place_cell(self, reference: str | None) -> None:
        self.cells += 1
        if reference is None:
            self._column += 1
        else:
            found = _CELL.fullmatch(reference)
            if found is None:
                raise not_a_sheet()
            self._column = _column_number(found[1])
            self._row = int(found[2])
        if self._row > self._limits.rows + _ROWS_ABOVE:
            raise too_many_rows(self._limits)
        if self._column > self._limits.columns:
            raise too_large("columns", self._limits.columns)

    def _in_shared_texts(self, name: str, _attributes: dict[str, str]) -> None:
        if _local(name) == "si":
            self._text_began = self.parser.CurrentByteIndex

    def _after_shared_text(self, name: str) -> None:
        if _local(name) == "si":
            self.longest_shared = max(self.longest_shared, self.parser.CurrentByteIndex - self._text_began)


_ROWS_ABOVE = 10
"""Rows a sheet may have above its data: title and heading."""


def too_many_rows(limits: SheetLimits) -> Invalid:
    """The refusal of a sheet with more rows than its limit."""
    return Invalid(
        "sheet-rows",
        zh="表格最多{limit}行",
        en="a sheet has at most {limit} rows",
        limit=limits.rows,
    )


def _refuse_doctype(*_: object) -> None:
    raise not_a_sheet()


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _number(reference: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", reference):
        raise not_a_sheet()
    return int(reference)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
