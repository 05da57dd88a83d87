"""The load's calendar: a conveyor of weeks.

A week is as long as a publicity, five working days, so that four waves of people can be on their way at once: while one
registers, the one before it gets its seats, the one before that is examined, and the first one gets its certificates.
A plan filed in one week is held two weeks later, which is the ten working days of notice that the rules ask for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from luban.cli.demo.timetable import at
from luban.cli.load.faults import LoadError
from luban.reference.refusal import Invalid
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.reference.working_days import national_calendar

WEEKS_OF_A_WAVE = 4
EXAM_AFTER = 2
"""Weeks from filing."""
_DAY = timedelta(days=1)
_MORNING, _EVENING, _EXAM_ENDS = 9, 18, 11


@dataclass(frozen=True, slots=True)
class Week:
    """One stop of the clock."""

    day: date

    @property
    def morning(self) -> datetime:
        """When sittings begin, UTC."""
        return at(self.day, _MORNING)

    @property
    def exam_ends(self) -> datetime:
        """When sittings end, UTC."""
        return at(self.day, _EXAM_ENDS)

    @property
    def evening(self) -> datetime:
        """When results are posted, UTC."""
        return at(self.day, _EVENING)


@dataclass(frozen=True, slots=True)
class PlanDays:
    """The days of a plan filed on a week's day."""

    filed: date
    registration_closes: date
    exam: date


def weeks_from(day: date) -> Iterator[Week]:
    """The weeks from a day on, each after the publicity that began in the one before; they end with the calendar."""
    while True:
        try:
            following = shanghai_day(national_calendar().publicity_end(day, rule("publicity.working_days", day)))
        except Invalid:
            return
        yield Week(day)
        day = following


def first_day(now: datetime) -> date:
    """The day of the first week on a stack whose clock stands at `now`: today before nine, else tomorrow."""
    today = shanghai_day(now)
    return today if now <= Week(today).morning else today + _DAY


def calendar_from(day: date) -> list[Week]:
    """All weeks left. Raises LoadError when not even one wave has time in them."""
    weeks = list(weeks_from(day))
    if len(weeks) < WEEKS_OF_A_WAVE:
        raise LoadError(
            f"the stack's clock stands at {day}, and a wave of candidates needs {WEEKS_OF_A_WAVE} weeks of a year "
            "whose holidays are known; start a fresh demo stack, whose clock is set to the spring"
        )
    return weeks


def plan_days(filed: Week, exam: Week) -> PlanDays:
    """Registration stays open as long as the rules allow."""
    before = rule("registration.close_working_days", filed.day)
    return PlanDays(filed.day, national_calendar().add_working_days(exam.day, -before), exam.day)
