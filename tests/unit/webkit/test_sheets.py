"""Sheets that people upload: what is read, what is refused, and that nothing written computes."""

import io
import zipfile
from collections.abc import Callable

import pytest
from openpyxl import Workbook, load_workbook

from luban.reference.refusal import Invalid
from luban.webkit.sheets import Sheet, SheetKind, SheetLimits, annotate, read_sheet, write_sheet

HEADING = ["序号", "姓名", "证件号码"]
ROWS = [HEADING, ["1", "张三", "11010519491231002X"], ["2", "李四", "440524188001010014"]]


def refused(data: bytes, filename: str = "", limits: SheetLimits | None = None) -> str:
    with pytest.raises(Invalid) as refusal:
        read_sheet(data, filename, limits)
    return refusal.value.code


def repacked(change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> bytes:
    """A workbook of ROWS whose parts went through `change`."""
    source = zipfile.ZipFile(io.BytesIO(write_sheet(SheetKind.XLSX, ROWS)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
        for name, content in (extra or {}).items():
            target.writestr(name, content)
    return out.getvalue()


def in_worksheet(old: bytes, new: bytes, extra: dict[str, bytes] | None = None) -> bytes:
    def change(name: str, content: bytes) -> bytes:
        if not name.startswith("xl/worksheets/"):
            return content
        assert old in content
        return content.replace(old, new, 1)

    return repacked(change, extra)


def cells(sheet: Sheet) -> list[list[str]]:
    return [row.cells for row in sheet.rows]


@pytest.mark.parametrize("kind", list(SheetKind))
def test_what_is_written_is_read_back(kind: SheetKind) -> None:
    sheet = read_sheet(write_sheet(kind, ROWS))
    assert sheet.kind is kind
    assert cells(sheet) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_each_of_its_encodings(encoding: str) -> None:
    data = "姓名,证件号码\r\n张三·𠮷,1\r\n".encode(encoding)
    assert cells(read_sheet(data, "a.csv")) == [["姓名", "证件号码"], ["张三·𠮷", "1"]]


@pytest.mark.parametrize("kind", list(SheetKind))
@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+8613800000000", "-1", "'=x", "'-"])
def test_a_text_that_looks_like_a_formula_is_escaped_and_survives(kind: SheetKind, text: str) -> None:
    data = write_sheet(kind, [["a"], [text]])
    if kind is SheetKind.XLSX:
        written = load_workbook(io.BytesIO(data))["Sheet1"]["A2"]
        assert written.data_type == "s"
        assert str(written.value).startswith("'")
    else:
        assert data.decode("utf-8-sig").splitlines()[1].startswith("'")
    assert cells(read_sheet(data))[1] == [text]


def test_values_of_typed_cells() -> None:
    import datetime

    workbook = Workbook()
    assert workbook.active is not None
    workbook.active.append([60.5, 60, 60.0, datetime.date(2026, 3, 1), True, " x ", None, "y"])
    out = io.BytesIO()
    workbook.save(out)
    assert cells(read_sheet(out.getvalue())) == [["60.5", "60", "60", "2026-03-01", "TRUE", "x", "", "y"]]


def test_an_id_number_typed_as_a_number_is_refused() -> None:
    workbook = Workbook()
    assert workbook.active is not None
    workbook.active.append([110105194912310025])
    out = io.BytesIO()
    workbook.save(out)
    assert refused(out.getvalue()) == "sheet-number-inexact"


def test_row_numbers_are_those_of_the_spreadsheet() -> None:
    sheet = read_sheet(b"a,b\r\n\r\n1,2\r\n")
    assert [row.number for row in sheet.rows] == [1, 3]


def test_records_find_columns_by_name_in_any_order_and_below_a_title() -> None:
    sheet = read_sheet("花名册\r\n证件号码,备注,姓名\r\n1,x,张三\r\n".encode())
    (record,) = sheet.records(["姓名", "证件号码"], ["手机号码"])
    assert record.number == 3
    assert record.values == {"姓名": "张三", "证件号码": "1", "手机号码": ""}


def test_a_missing_or_repeated_column_is_refused() -> None:
    with pytest.raises(Invalid, match="sheet-columns"):
        read_sheet(b"a,b\r\n1,2\r\n").records(["c"])
    with pytest.raises(Invalid, match="sheet-columns"):
        read_sheet(b"a,a\r\n1,2\r\n").records(["a"])


@pytest.mark.parametrize("kind", list(SheetKind))
def test_annotated_copy_has_the_reason_beside_its_row(kind: SheetKind) -> None:
    sheet = read_sheet(write_sheet(kind, ROWS))
    copy = read_sheet(annotate(sheet, sheet.rows[0], {3: "重复"}))
    assert cells(copy) == [[*HEADING, "原因"], [*ROWS[1], ""], [*ROWS[2], "重复"]] or cells(copy) == [
        [*HEADING, "原因"],
        ROWS[1],
        [*ROWS[2], "重复"],
    ]


def test_a_formula_in_a_workbook_is_refused_with_its_place() -> None:
    workbook = Workbook()
    assert workbook.active is not None
    workbook.active["D7"] = "=1+1"
    out = io.BytesIO()
    workbook.save(out)
    with pytest.raises(Invalid, match="D7") as refusal:
        read_sheet(out.getvalue())
    assert refusal.value.code == "sheet-formula"


def test_a_formula_in_a_csv_is_refused_with_its_place() -> None:
    with pytest.raises(Invalid, match="B2"):
        read_sheet(b"a,b\r\n1,=1+1\r\n")


@pytest.mark.parametrize("filename", ["a.xlsx", "a.csv", ""])
def test_two_megabytes_of_zeros_are_refused(filename: str) -> None:
    assert refused(bytes(2_000_000), filename) == "sheet-format"


@pytest.mark.parametrize(
    "data",
    [b"", b"   ", b"PK\x03\x04 and then nothing", b"\xd0\xcf\x11\xe0 an old workbook\0", b'a,"b\r\n', b"\xff\xff\xff"],
)
def test_what_is_no_sheet_is_refused(data: bytes) -> None:
    assert refused(data) == "sheet-format"


def test_a_name_that_says_xlsx_of_a_text_is_refused() -> None:
    assert refused(b"a,b\r\n", "a.xlsx") == "sheet-format"


def test_a_zip_bomb_is_refused_before_it_is_unpacked_whole() -> None:
    bomb = repacked(lambda _, content: content, {"xl/media/image1.png": bytes(250_000_000)})
    assert len(bomb) < 1_000_000
    assert refused(bomb) == "sheet-too-large"


def test_a_zip_bomb_inside_the_worksheet_is_refused() -> None:
    bomb = in_worksheet(b"</worksheet>", b" " * 20_000_000 + b"</worksheet>")
    assert len(bomb) < 100_000
    assert refused(bomb, "", SheetLimits(unpacked_bytes=10_000_000)) == "sheet-too-large"


def test_a_far_cell_cannot_make_the_reader_fill_an_empty_rectangle() -> None:
    assert refused(in_worksheet(b'<c r="A1"', b'<c r="XFD1"')) == "sheet-too-large"
    assert refused(in_worksheet(b'<row r="2"', b'<row r="1048576"')) == "sheet-rows"
    assert refused(in_worksheet(b'<c r="A2"', b'<c r="A1048576"')) == "sheet-rows"
    assert refused(in_worksheet(b'<c r="A1"', b'<c r="1"')) == "sheet-format"


def test_one_long_text_in_many_cells_is_refused() -> None:
    shared = b"<sst><si><t>" + b"x" * 900 + b"</t></si></sst>"
    workbook = in_worksheet(b"<row", b"<row>" + b'<c t="s"><v>0</v></c>' * 50 + b"</row><row", {"xl/s.xml": shared})
    assert refused(workbook, "", SheetLimits(text_bytes=40_000)) == "sheet-too-large"


@pytest.mark.parametrize("kind", list(SheetKind))
def test_a_cell_that_is_too_long_is_refused(kind: SheetKind) -> None:
    assert refused(write_sheet(kind, [["x" * 1001]])) == "sheet-too-large"


def test_entities_macros_and_links_are_refused() -> None:
    declared = b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet'
    assert refused(in_worksheet(b"<worksheet", declared)) == "sheet-format"
    assert refused(repacked(lambda _, content: content, {"xl/vbaProject.bin": b"x"})) == "sheet-programs"
    assert refused(repacked(lambda _, content: content, {"xl/externalLinks/e.xml": b"<x/>"})) == "sheet-programs"


def test_broken_xml_is_refused() -> None:
    assert refused(in_worksheet(b"</worksheet>", b"</work")) == "sheet-format"


def test_limits_of_bytes_rows_and_columns() -> None:
    limits = SheetLimits(file_bytes=1000, rows=2, columns=3)
    assert refused(b"a" * 1001, "", limits) == "sheet-too-large"
    assert refused(b"a,b,c,d\r\n", "", limits) == "sheet-too-large"
    assert refused(b"a\r\n" * 13, "", limits) == "sheet-rows"
    with pytest.raises(Invalid, match="sheet-rows"):
        read_sheet(b"a\r\n1\r\n2\r\n3\r\n", "", limits).records(["a"])
