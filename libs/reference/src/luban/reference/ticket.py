"""Numbers of plans (14 digits) and admission tickets (19 digits), as seen in one real system [S-]."""

import re
from dataclasses import dataclass
from datetime import date

from luban.reference.divisions import is_province
from luban.reference.refusal import Invalid
from luban.reference.spelling import plain


@dataclass(frozen=True, slots=True)
class PlanNumber:
    """Year (2 digits), province (2), site (6), sequence (4): 22119999660044."""

    year: int
    province: str
    site: str
    sequence: int

    def __post_init__(self) -> None:
        _require_place("plan-number-format", self.province, self.site)
        _require(2000 <= self.year <= 2099 and 1 <= self.sequence <= 9999, "plan-number-format")

    def __str__(self) -> str:
        return f"{self.year % 100:02d}{self.province}{self.site}{self.sequence:04d}"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Day of the exam (YYMMDD), province (2), site (6), sequence (5): 2104271199996600001."""

    day: date
    province: str
    site: str
    sequence: int

    def __post_init__(self) -> None:
        _require_place("ticket-format", self.province, self.site)
        _require(2000 <= self.day.year <= 2099 and 1 <= self.sequence <= 99_999, "ticket-format")

    def __str__(self) -> str:
        return f"{self.day:%y%m%d}{self.province}{self.site}{self.sequence:05d}"


def parse_plan_number(raw: str) -> PlanNumber:
    """Raises `Invalid` plan-number-format."""
    digits = plain(raw.strip())
    _require(re.fullmatch(r"[0-9]{14}", digits) is not None, "plan-number-format")
    return PlanNumber(2000 + int(digits[:2]), digits[2:4], digits[4:10], int(digits[10:]))


def parse_ticket(raw: str) -> Ticket:
    """Raises `Invalid` ticket-format."""
    digits = plain(raw.strip())
    _require(re.fullmatch(r"[0-9]{19}", digits) is not None, "ticket-format")
    try:
        day = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))
    except ValueError as error:
        raise _bad("ticket-format") from error
    return Ticket(day, digits[6:8], digits[8:14], int(digits[14:]))


def _require_place(code: str, province: str, site: str) -> None:
    _require(is_province(province) and re.fullmatch(r"[0-9]{6}", site) is not None, code)


def _require(holds: bool, code: str) -> None:
    if not holds:
        raise _bad(code)


def _bad(code: str) -> Invalid:
    if code == "ticket-format":
        return Invalid(code, zh="准考证号应为19位数字", en="an admission ticket has 19 digits")
    return Invalid(code, zh="计划编号应为14位数字", en="a plan number has 14 digits")
