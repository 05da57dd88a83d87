"""Working days by the State Council's holiday notices, with their make-up Saturdays and Sundays."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from luban.reference.packaged import packaged_text
from luban.reference.refusal import Invalid
from luban.reference.shanghai import end_of_day

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """Which days are worked. A year without its notice is refused, never taken for plain weekends.

    `version` follows the content, so that a decision can store by which calendar it was made.
    """

    version: str
    holidays: frozenset[date]
    workdays: frozenset[date]
    """Days that a notice makes working days: as a rule Saturdays and Sundays that make up for a holiday."""
    years: frozenset[int]

    @classmethod
    def from_csv(cls, *texts: str) -> "Calendar":
        """Read files with the columns `date,kind,name`; kind is holiday or workday, and a later file overrules.

        A year counts as known when its 1 January and 1 October are holidays in the files. A notice may touch the
        last days of the year before, so a year's file may hold those too. Raises ValueError for anything else.
        """
        kinds: dict[date, str] = {}
        for text in texts:
            kinds |= _read(text)
        holidays = frozenset(day for day, kind in kinds.items() if kind == "holiday")
        years = frozenset(day.year for day in holidays if {date(day.year, 1, 1), date(day.year, 10, 1)} <= holidays)
        return cls(_version(kinds, years), holidays, frozenset(kinds) - holidays, years)

    def is_working_day(self, day: date) -> bool:
        """Raises `Invalid` calendar-year-missing."""
        if day.year not in self.years:
            raise Invalid(
                "calendar-year-missing",
                zh="工作日历缺少{year}年的节假日安排，请先导入国务院通知",
                en="the calendar lacks the holidays of {year}; import the State Council's notice first",
                year=day.year,
            )
        return day in self.workdays or (day.weekday() < _SATURDAY and day not in self.holidays)

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day` (before it when negative), `day` itself not counted; 0 gives `day`.

        Raises `Invalid` calendar-year-missing.
        """
        step = _DAY if count > 0 else -_DAY
        left = abs(count)
        while left:
            day += step
            left -= self.is_working_day(day)
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days there are after `start` up to and including `end`.

        Raises `Invalid` calendar-year-missing; ValueError when `end` is before `start`.
        """
        if end < start:
            raise ValueError("the end is before the start")
        return sum(self.is_working_day(start + _DAY * offset) for offset in range(1, (end - start).days + 1))

    def publicity_end(self, first_day: date, days: int) -> datetime:
        """When publicity that begins on `first_day` is over: 24:00 Shanghai of its `days`-th working day, as UTC.

        The first day is not counted. Raises `Invalid` calendar-year-missing; ValueError when `days` is not positive.
        """
        if days < 1:
            raise ValueError("publicity lasts at least one working day")
        return end_of_day(self.add_working_days(first_day, days))


@cache
def national_calendar() -> Calendar:
    """The packaged calendar. A customer adds a year with `Calendar.from_csv(national_calendar_csv(), text)`."""
    return Calendar.from_csv(national_calendar_csv())


def national_calendar_csv() -> str:
    return packaged_text("working_days.csv")


def _read(text: str) -> dict[date, str]:
    days: dict[date, str] = {}
    for day, kind in _rows(text):
        if day in days:
            raise ValueError(f"{day} stands twice in one file")
        if kind not in ("holiday", "workday"):
            raise ValueError(f"{day}: {kind!r} is neither holiday nor workday")
        days[day] = kind
    return days


def _rows(text: str) -> Iterator[tuple[date, str]]:
    reader = csv.DictReader(text.splitlines())
    if reader.fieldnames != ["date", "kind", "name"]:
        raise ValueError("a calendar file has the columns date,kind,name")
    return ((date.fromisoformat(row["date"]), row["kind"]) for row in reader)


def _version(kinds: dict[date, str], years: frozenset[int]) -> str:
    content = "\n".join(f"{day} {kind}" for day, kind in sorted(kinds.items()))
    digest = hashlib.sha256(content.encode()).hexdigest()[:8]
    return f"cn-{min(years)}-{max(years)}-{digest}" if years else f"cn-none-{digest}"
