"""The demo's days keep the notices that the rules ask for."""

from datetime import UTC, date, datetime

from luban.cli.demo.timetable import BEGINS_ON, Timetable
from luban.reference.batch_calendar import PlanDates, check_plan_dates
from luban.reference.rules import national_rules
from luban.reference.working_days import national_calendar


def test_the_plan_may_be_filed_so() -> None:
    days = Timetable.of(BEGINS_ON)
    dates = PlanDates(days.filed, days.registration_closes, days.exam_begins, days.exam_ends)
    check_plan_dates(dates, days.filed, national_calendar(), national_rules())
    assert days == Timetable(date(2026, 3, 2), date(2026, 3, 5), date(2026, 3, 16), date(2026, 3, 17))


def test_days_are_shanghais() -> None:
    days = Timetable.of(BEGINS_ON)
    assert days.begins == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert days.registration_over == datetime(2026, 3, 5, 16, tzinfo=UTC)
    assert days.begins < days.registration_over < days.theory_begins < days.theory_ends < days.exam_over


def test_theory_lasts_as_long_as_the_rules_ask() -> None:
    days = Timetable.of(BEGINS_ON)
    assert (days.theory_ends - days.theory_begins).total_seconds() >= 90 * 60
