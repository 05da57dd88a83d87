"""An enterprise's roster (花名册): one row per member of its staff, read by the names of its columns."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from luban.reference.eligibility_facts import PriorCertificate, Schooling, SchoolKind
from luban.reference.identity import ID_TYPE_NAMES
from luban.reference.levels import Level
from luban.reference.refusal import Invalid
from luban.reference.row_faults import RowFault
from luban.reference.spelling import half_width
from luban.registration.domain.candidate import Declaration, Person, YearsOfWork, parse_person

REQUIRED = ("姓名", "证件号码", "手机号码", "工作年限")
OPTIONAL = ("序号", "证件类型", "出生日期", "现有证书等级", "证书编号", "发证日期", "文化程度", "专业", "所在部门")
HEADING = (
    "序号", "姓名", "证件类型", "证件号码", "出生日期", "手机号码", "工作年限",
    "现有证书等级", "证书编号", "发证日期", "文化程度", "专业", "所在部门",
)  # fmt: skip
"""The template's columns. A birth date is asked only of documents that do not carry one."""

SCHOOLING: Mapping[str, SchoolKind] = {
    "博士": SchoolKind.UNIVERSITY,
    "研究生": SchoolKind.UNIVERSITY,
    "大学本科": SchoolKind.UNIVERSITY,
    "大学专科和专科学校": SchoolKind.JUNIOR_COLLEGE,
    "大专": SchoolKind.JUNIOR_COLLEGE,
    "中等专业学校": SchoolKind.SECONDARY_VOCATIONAL,
    "职高": SchoolKind.SECONDARY_VOCATIONAL,
    "技校": SchoolKind.TECHNICAL_SCHOOL,
    "高级技校": SchoolKind.SENIOR_TECHNICAL_SCHOOL,
    "技师学院": SchoolKind.TECHNICIAN_COLLEGE,
    "高中": SchoolKind.GENERAL,
    "初中": SchoolKind.GENERAL,
    "小学": SchoolKind.GENERAL,
}
_LEVELS = {text: level for level in Level for text in (level.code, level.short, *level.certificate_text.split("/"))}
_LEVELS |= {level.certificate_text: level for level in Level}
_COLUMN_OF = {"name": "姓名", "phone": "手机号码", "birth": "出生日期", "roster-date": "发证日期"}
"""By a refusal's code or its first word, where it is not the column being read."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One member of staff: who they are, and what the enterprise declares of them."""

    number: int
    """Of the row, as the spreadsheet shows it."""
    person: Person
    declared: Declaration


@dataclass(frozen=True, slots=True)
class Reading:
    """How rows of one plan are read."""

    occupation_code: str
    """What years and certificates are taken to be of: the plan's own occupation."""
    closing_day: date
    today: date

    def row(self, number: int, values: Mapping[str, str]) -> RosterRow:
        """Raises `RowError`."""
        person = _at("证件号码", number, lambda: _person(values, self.today))
        return RosterRow(number, person, self._declared(number, values))

    def _declared(self, number: int, values: Mapping[str, str]) -> Declaration:
        years = _at("工作年限", number, lambda: _years(values["工作年限"]))
        certificates = _at("现有证书等级", number, lambda: self._certificates(values))
        schooling = _at("文化程度", number, lambda: self._schooling(values))
        return Declaration((YearsOfWork(self.occupation_code, years),), certificates, (), schooling, employed=True)

    def _certificates(self, values: Mapping[str, str]) -> tuple[PriorCertificate, ...]:
        text = values["现有证书等级"]
        if text in ("", "无", "--"):
            return ()
        if text not in _LEVELS:
            raise Invalid("roster-level", zh="现有证书等级应为5至1或等级名称", en="a level is 5 to 1 or its name")
        return (PriorCertificate(self.occupation_code, _LEVELS[text], parse_day(values["发证日期"])),)

    def _schooling(self, values: Mapping[str, str]) -> tuple[Schooling, ...]:
        text = values["文化程度"]
        if not text:
            return ()
        if text not in SCHOOLING:
            raise Invalid("roster-schooling", zh="文化程度不在字典中", en="the schooling is not in the dictionary")
        return (Schooling(SCHOOLING[text], values["专业"], self.closing_day),)


class RowError(Exception):
    """A row that cannot be read."""

    def __init__(self, fault: RowFault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def read_rows(
    records: Sequence[tuple[int, Mapping[str, str]]], reading: Reading
) -> tuple[list[RosterRow], list[RowFault]]:
    """All rows that can be read, and what is wrong with the others, people who stand twice included."""
    rows: list[RosterRow] = []
    faults: list[RowFault] = []
    for number, values in records:
        try:
            rows.append(reading.row(number, values))
        except RowError as error:
            faults.append(error.fault)
    return rows, faults + _repeated(rows)


def parse_day(text: str) -> date:
    """A day as sheets have it: 2024-03-01, 2024/3/1, 2024.3.1 or 20240301. Raises `Invalid` roster-date."""
    found = re.fullmatch(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?", half_width(text.strip()))
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise Invalid("roster-date", zh="日期应为YYYY-MM-DD", en="a date is YYYY-MM-DD")


def _at(column: str, row: int, read: Callable[[], T]) -> T:
    try:
        return read()
    except Invalid as error:
        named = _COLUMN_OF.get(error.code, column)
        named = _COLUMN_OF.get(error.code.partition("-")[0], named)
        raise RowError(RowFault(row, named, error.code, error.zh, error.en)) from error


def _person(values: Mapping[str, str], today: date) -> Person:
    if values["证件类型"] not in ID_TYPE_NAMES:
        raise Invalid("roster-id-type", zh="证件类型不在字典中", en="the type of document is not in the dictionary")
    born = parse_day(values["出生日期"]) if values["出生日期"] else None
    id_type = ID_TYPE_NAMES[values["证件类型"]]
    return parse_person(values["姓名"], id_type, values["证件号码"], values["手机号码"], born, today)


def _years(text: str) -> int:
    digits = half_width(text).removesuffix("年").removesuffix(".0")
    if not re.fullmatch(r"[0-9]{1,2}", digits) or int(digits) > 60:
        raise Invalid("roster-years", zh="工作年限应为0至60的整数", en="years of work are a whole number up to 60")
    return int(digits)


def _repeated(rows: Sequence[RosterRow]) -> list[RowFault]:
    first: dict[tuple[str, str], int] = {}
    faults = []
    for row in rows:
        identity = row.person.identity
        before = first.setdefault((identity.id_type, identity.matching_no), row.number)
        if before != row.number:
            zh, en = f"与第{before}行为同一人", f"the same person as in row {before}"
            faults.append(RowFault(row.number, "证件号码", "roster-duplicate", zh, en))
    return faults
