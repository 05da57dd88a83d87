"""The days of the demo's plans: they are the same on every date, as the calendar of 2026 is known."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from luban.reference.rules import rule
from luban.reference.shanghai import SHANGHAI, end_of_day
from luban.reference.working_days import national_calendar

BEGINS_ON = date(2026, 3, 2)
"""A Monday after the spring festival."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """The days of one batch, by the notices that the rules ask for."""

    filed: date
    registration_closes: date
    exam_begins: date
    exam_ends: date

    @classmethod
    def of(cls, filed: date) -> "Timetable":
        """The soonest a plan filed on that day can be held."""
        calendar = national_calendar()
        exam = calendar.add_working_days(filed, rule("plan.notice_working_days", filed))
        closes = calendar.add_working_days(exam, -rule("registration.close_working_days", filed))
        return cls(filed, closes, exam, calendar.add_working_days(exam, 1))

    @property
    def begins(self) -> datetime:
        """When the demo begins, UTC."""
        return at(self.filed, 9)

    @property
    def registration_over(self) -> datetime:
        """The first instant after registration, UTC."""
        return end_of_day(self.registration_closes)

    @property
    def theory_begins(self) -> datetime:
        """UTC."""
        return at(self.exam_begins, 9)

    @property
    def theory_ends(self) -> datetime:
        """UTC; 90 minutes are the least for theory."""
        return at(self.exam_begins, 11)

    @property
    def exam_over(self) -> datetime:
        """The evening of the last exam day, UTC."""
        return at(self.exam_ends, 18)


def at(day: date, hour: int) -> datetime:
    """A full hour in Shanghai, as UTC."""
    return datetime.combine(day, time(hour), SHANGHAI).astimezone(UTC)
