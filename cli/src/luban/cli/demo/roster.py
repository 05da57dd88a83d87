"""The enterprise enters its staff by files: a spoilt roster, the right one, and one that names people again."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

from openpyxl import load_workbook

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.entering import SECOND_ENTRY, WRONG_ID, decide_entries
from luban.cli.demo.enterprise import first_sheet
from luban.cli.demo.faults import DemoError
from luban.cli.demo.kinds import Kind
from luban.cli.demo.people import Person

_FIRST_ROW = 2
"""Of people, below the heading."""
_WITH_LEVEL_FOUR = {"工作年限": "6", "现有证书等级": "四级", "发证日期": "2020-06-15"}


def enter_roster(cycle: Cycle) -> None:
    """Everybody whose number is right in the end; staff decides, and some withdraw."""
    template = cycle.staff.at("registration").get(_path(cycle, "roster-template"), format="xlsx").content
    _send_spoilt(cycle, template)
    _send(cycle, template)
    _send_again(cycle, template)
    decide_entries(cycle)
    _withdraw(cycle)


def _send_spoilt(cycle: Cycle, template: bytes) -> None:
    """With every wrong number in it: refused as a whole, and each of those rows is named."""
    mistyped = cycle.of_kind(Kind.WRONG_ID, Kind.MISTYPES_ID)
    rows = [_row(person, person.mistyped_id if person in mistyped else person.typed_id) for person in cycle.people]
    refused = _upload(cycle, _sheet(template, rows), expect=(422,))
    due = sorted(cycle.people.index(person) + _FIRST_ROW for person in mistyped)
    if [fault["row"] for fault in refused["rows"]] != due:
        raise DemoError(f"a roster with wrong numbers in the rows {due} is refused for others: {refused['rows']}")
    for _ in mistyped:
        cycle.note_refusal(WRONG_ID)


def _send(cycle: Cycle, template: bytes) -> None:
    listed = [person for person in cycle.people if person.kind is not Kind.WRONG_ID]
    content = _sheet(template, [_row(person, person.typed_id) for person in listed])
    outcomes = _upload(cycle, content, expect=(201,))["report"]
    ids = {outcome["row"]: outcome["entry_id"] for outcome in outcomes}
    cycle.entry_ids |= {person: ids[row] for row, person in enumerate(listed, _FIRST_ROW)}
    cycle.candidate_ids |= {person: outcome["candidate_id"] for person, outcome in zip(listed, outcomes, strict=True)}


def _send_again(cycle: Cycle, template: bytes) -> None:
    """A second roster that names people who are entered: nothing is added for them."""
    again = cycle.of_kind(Kind.REGISTERS_TWICE)
    answer = _upload(cycle, _sheet(template, [_row(person, person.typed_id) for person in again]), expect=(201,))
    states = [outcome["state"] for outcome in answer["report"]]
    if states != ["ALREADY_ENTERED"] * len(again):
        raise DemoError(f"people who are entered already were entered again: {states}")
    for _ in again:
        cycle.note_refusal(SECOND_ENTRY)


def _withdraw(cycle: Cycle) -> None:
    """People take their entries back by themselves, also those that their employer made."""
    for person in cycle.of_kind(Kind.WITHDRAWS):
        cycle.candidate(person, "registration").post(f"/v1/entries/{cycle.entry_ids[person]}/withdraw")


def _row(person: Person, id_no: str) -> Mapping[str, str]:
    return {"姓名": person.name, "证件号码": id_no, "手机号码": person.phone, **_experience(person)}


def _experience(person: Person) -> Mapping[str, str]:
    """What makes the rules say what the person's kind asks for, at level 3 by the edition of 2023."""
    match person.kind:
        case Kind.NOT_ELIGIBLE:
            return {"工作年限": "3"}
        case Kind.ADMITTED | Kind.REFUSED:
            return {"工作年限": "3", "文化程度": "高级技校", "专业": "综合管理"}
        case _ if person.variant % 3:
            return {"工作年限": str(11 + person.variant % 9)}
        case _:
            return _WITH_LEVEL_FOUR


def _sheet(template: bytes, rows: Iterable[Mapping[str, str]]) -> bytes:
    """The template filled in, a row below another."""
    book = load_workbook(BytesIO(template))
    sheet = first_sheet(book)
    headings = [str(cell.value) for cell in sheet[1]]
    for number, row in enumerate(rows, _FIRST_ROW):
        for column, heading in enumerate(headings, 1):
            if heading in row:
                sheet.cell(number, column).value = row[heading]
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _upload(cycle: Cycle, content: bytes, *, expect: Sequence[int]) -> Any:
    door = cycle.staff.at("registration")
    return door.upload(_path(cycle, "roster"), "roster.xlsx", content, expect=expect).json()


def _path(cycle: Cycle, last: str) -> str:
    return f"/v1/plans/{cycle.plan_id}/{last}"
