"""Certificates whose numbers were given elsewhere: rows of a file, read with all that is wrong with each.

Formats that are not ours (domain rules 1.2 to 1.5) are recognised here and generated nowhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

from luban.certificate.domain.face import CertificateKind
from luban.certificate.domain.register import Authority
from luban.reference.certificate_number import NumberKind, recognise
from luban.reference.identity import ID_TYPE_NAMES, IdType, parse_identity
from luban.reference.levels import Level
from luban.reference.names import parse_name
from luban.reference.refusal import Invalid
from luban.reference.row_faults import RowFault
from luban.reference.spelling import half_width, plain
from luban.reference.track import Track

REQUIRED = ("姓名", "证件号码", "证书编号", "职业名称", "职业技能等级", "发证日期", "评价机构")
OPTIONAL = ("证件类型", "工种名称", "项目名称")
MOST_ROWS = 5_000
LONGEST = 200
"""Characters of an occupation, a trade, a project or a body."""

_LEVEL_AT = {NumberKind.LEVEL: 15, NumberKind.QUALIFICATION: 10, NumberKind.PILOT: 14}
_YEAR_AT = {NumberKind.LEVEL: 13, NumberKind.QUALIFICATION: 0, NumberKind.PILOT: 12}
"""Where a number says its level and the two digits of its year."""
_OF_1X = re.compile(r"[A-Z0-9]{8,32}")
_LEVELS = {text: level for level in Level for text in (level.code, level.short, level.certificate_text)}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One certificate as a file says it."""

    row: int
    certificate_no: str
    number_kind: str
    name: str
    id_type: str
    id_no: str
    kind: str
    occupation_name: str | None
    trade: str | None
    level: int | None
    project_name: str | None
    body_name: str
    issued_on: str
    """YYYY-MM-DD."""

    @property
    def track(self) -> Track:
        """As far as the number tells it."""
        if self.kind == CertificateKind.SPECIAL_ABILITY:
            return Track.SPECIAL_ABILITY
        return Track.ENTERPRISE if self.certificate_no.startswith("Y") else Track.SOCIAL


def printed_number(raw: str) -> str:
    """One spelling of a number; Shanghai's old 13 digits get the 000 that they are asked with (domain rule 1.3)."""
    number = plain(raw)
    return f"000{number}" if recognise(number) is NumberKind.SHANGHAI_QUALIFICATION else number


def read_rows(
    records: Sequence[tuple[int, Mapping[str, str]]], authority: Authority, today: date
) -> tuple[list[ImportedRow], list[RowFault]]:
    """All rows that can be read, and the first fault of each of the others; a number that stands twice is one."""
    rows, faults = list[ImportedRow](), list[RowFault]()
    seen = set[str]()
    for number, values in records:
        try:
            row = _row(number, values, authority, today)
            _at("证书编号", partial(_new, row.certificate_no, seen))
        except _Fault as fault:
            refusal = fault.refusal
            faults.append(RowFault(number, fault.column, refusal.code, refusal.zh, refusal.en))
            continue
        rows.append(row)
    return rows, faults


class _Fault(Exception):  # noqa: N818  # carries a refusal to the row's end
    def __init__(self, column: str, refusal: Invalid) -> None:
        super().__init__(refusal.code)
        self.column = column
        self.refusal = refusal


def _at(column: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except Invalid as refusal:
        raise _Fault(column, refusal) from refusal


def _new(number: str, seen: set[str]) -> None:
    if number in seen:
        raise Invalid("import-number-twice", zh="证书编号在表中重复", en="this number stands twice in the file")
    seen.add(number)


def _row(place: int, values: Mapping[str, str], authority: Authority, today: date) -> ImportedRow:
    number = printed_number(values["证书编号"])
    number_kind = _at("证书编号", lambda: _number_kind(values["证书编号"], authority))
    name = _at("姓名", lambda: parse_name(values["姓名"]))
    identity = _at("证件号码", lambda: parse_identity(_id_type(values["证件类型"]), values["证件号码"], today))
    issued_on = _at("发证日期", lambda: _day(values["发证日期"], today))
    ability = number_kind is NumberKind.SPECIAL_ABILITY
    level = None if ability else _at("职业技能等级", lambda: _level(values["职业技能等级"]))
    _at("证书编号", lambda: _agrees(number, number_kind, level, issued_on))
    return ImportedRow(
        row=place,
        certificate_no=number,
        number_kind=number_kind.value,
        name=name,
        id_type=identity.id_type.value,
        id_no=identity.id_no,
        kind=CertificateKind.SPECIAL_ABILITY if ability else CertificateKind.LEVEL,
        occupation_name=None if ability else _at("职业名称", lambda: _text(values["职业名称"])),
        trade=None if ability else values["工种名称"].strip("-—")[:LONGEST],
        level=level.value if level else None,
        project_name=_at("项目名称", lambda: _text(values["项目名称"])) if ability else None,
        body_name=_at("评价机构", lambda: _text(values["评价机构"])),
        issued_on=issued_on.isoformat(),
    )


def _number_kind(raw: str, authority: Authority) -> NumberKind:
    kind = recognise(raw)
    if authority is Authority.MOE_1X:
        if kind in (NumberKind.LEVEL, NumberKind.PILOT) or not _OF_1X.fullmatch(plain(raw)):
            raise _bad_number("不是1+X证书的编号", "not the number of a 1+X certificate")
        return NumberKind.UNKNOWN
    if kind is NumberKind.UNKNOWN:
        raise _bad_number("证书编号格式不正确", "not a number of any known format")
    if kind is NumberKind.CHIEF_RANK:
        raise _bad_number(
            "特级技师、首席技师为岗位聘任，不在等级证书名册登记", "chief ranks are posts, and have no level"
        )
    return kind


def _agrees(number: str, kind: NumberKind, level: Level | None, issued_on: date) -> None:
    """What a number says of level and year must be what the row says."""
    level_at, year_at = _LEVEL_AT.get(kind), _YEAR_AT.get(kind)
    if level_at is not None and level is not None and number[level_at] != level.code:
        raise _bad_number("证书编号中的等级与本行不符", "the number says another level")
    if year_at is not None and number[year_at : year_at + 2] != f"{issued_on.year % 100:02d}":
        raise _bad_number("证书编号中的年份与发证日期不符", "the number says another year")


def _id_type(text: str) -> IdType:
    if text not in ID_TYPE_NAMES:
        raise Invalid("identity-type-unknown", zh="证件类型未知", en="there is no such type of document")
    return ID_TYPE_NAMES[text]


def _level(text: str) -> Level:
    found = _LEVELS.get(half_width(text))
    if found is None:
        raise Invalid("level-unknown", zh="等级应为5至1或等级名称", en="a level is one of 5 to 1, or its name")
    return found


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(half_width(text).replace("/", "-").replace(".", "-"))
    except ValueError as error:
        raise Invalid("import-date", zh="日期应为 YYYY-MM-DD", en="a date is YYYY-MM-DD") from error
    if not date(1994, 1, 1) <= day <= today:
        raise Invalid("import-date", zh="发证日期不在允许范围内", en="it was not issued between 1994 and today")
    return day


def _text(text: str) -> str:
    if not text or len(text) > LONGEST:
        raise Invalid("import-text", zh="必填，不超过{most}字", en="1 to {most} characters", most=LONGEST)
    return text


def _bad_number(zh: str, en: str) -> Invalid:
    return Invalid("import-number", zh=zh, en=en)
