"""The enterprise's assessors post results on the plan's own sheet."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import BytesIO

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.faults import DemoError
from luban.cli.demo.people import Person

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ABSENT_TEXT = "缺考"
_PERSON, _REASON = "报名号", "原因"
_SUBJECTS = {"THEORY": "理论知识考试", "SKILL": "操作技能考核"}
_TOO_MUCH = "100.5"


def post_results(cycle: Cycle) -> str:
    """The plan's own sheet, downloaded and filled in; a spoilt one first, which comes back with its reasons.

    Returns the submission that waits for a second person.
    """
    staff = cycle.staff.at("exam")
    path = f"/v1/plans/{cycle.plan_id}/results"
    template = staff.get(f"{path}/template", format="xlsx").content
    people = {cycle.entry_ids[person]: person for person in cycle.accepted()}
    spoilt = _spoilt(template, people)
    send = partial(staff.upload, f"{path}/file", "results.xlsx", spoilt, accept=XLSX, expect=(409, 422))
    refused = cycle.once_closed(send).expect(422)
    _require_reasons(refused.content)
    cycle.note_refusal("spoilt file of results")
    filled = _filled(template, people)
    tried = staff.upload(f"{path}/file", "results.xlsx", filled, dry_run="true").json()
    posted = staff.upload(f"{path}/file", "results.xlsx", filled, expect=(201,)).json()
    if tried["rows"] != posted["rows"] or posted["rows"] != len(people):
        raise DemoError(f"{posted['rows']} results were posted of {len(people)}, {tried['rows']} in the dry run")
    return str(posted["submission_id"])


def _filled(template: bytes, people: Mapping[str, Person]) -> bytes:
    """Every mark as text with one decimal."""

    def fill(sheet: Worksheet, columns: Mapping[str, int]) -> None:
        for row in _people_rows(sheet, columns):
            person = people[str(sheet.cell(row, columns[_PERSON]).value)]
            for code, heading in _SUBJECTS.items():
                sheet.cell(row, columns[heading]).value = _written(person.marks[code])

    return _edited(template, fill)


def _spoilt(template: bytes, people: Mapping[str, Person]) -> bytes:
    """The right sheet with a mark above 100 and one person twice instead of another."""

    def spoil(sheet: Worksheet, columns: Mapping[str, int]) -> None:
        first, second, third = _people_rows(sheet, columns)[:3]
        sheet.cell(first, columns[_SUBJECTS["THEORY"]]).value = _TOO_MUCH
        for column in columns.values():
            sheet.cell(third, column).value = sheet.cell(second, column).value

    return _edited(_filled(template, people), spoil)


def _require_reasons(content: bytes) -> None:
    """Raises DemoError unless the sheet came back with a reason for each of the three faults."""
    sheet = first_sheet(load_workbook(BytesIO(content)))
    column = _columns(sheet)[_REASON]
    reasons = [sheet.cell(row, column).value for row in range(2, sheet.max_row + 1)]
    if sum(reason not in (None, "") for reason in reasons) != 3:
        raise DemoError(f"the spoilt sheet should come back with 3 reasons, not {[r for r in reasons if r]}")


def _edited(content: bytes, edit: Callable[[Worksheet, Mapping[str, int]], None]) -> bytes:
    book = load_workbook(BytesIO(content))
    sheet = first_sheet(book)
    edit(sheet, _columns(sheet))
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def first_sheet(book: Workbook) -> Worksheet:
    """The sheet of a book. Raises DemoError where there is none."""
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise DemoError("the file that came back holds no sheet")
    return sheet


def _columns(sheet: Worksheet) -> dict[str, int]:
    """Columns by their heading, which stands in the first row."""
    return {str(cell.value): cell.column for cell in sheet[1] if cell.value}


def _people_rows(sheet: Worksheet, columns: Mapping[str, int]) -> Sequence[int]:
    return [row for row in range(2, sheet.max_row + 1) if sheet.cell(row, columns[_PERSON]).value]


def _written(mark: int | None) -> str:
    return ABSENT_TEXT if mark is None else f"{mark // 10}.{mark % 10}"
