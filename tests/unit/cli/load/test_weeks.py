"""The conveyor of weeks keeps the notices that the rules ask for, and wave sizes suit the year."""

import itertools
from datetime import UTC, date, datetime

import pytest

from luban.cli.demo.timetable import BEGINS_ON
from luban.cli.load.faults import LoadError
from luban.cli.load.sizing import FEWEST, FIRST, MOST, Sizing, shares
from luban.cli.load.weeks import EXAM_AFTER, WEEKS_OF_A_WAVE, calendar_from, first_day, plan_days, weeks_from
from luban.reference.batch_calendar import PlanDates, check_plan_dates
from luban.reference.rules import national_rules, rule
from luban.reference.working_days import national_calendar


@pytest.mark.parametrize("begins", [BEGINS_ON, date(2026, 1, 5), date(2026, 4, 30), date(2026, 9, 29)])
def test_a_plan_of_any_week_may_be_filed_and_held(begins: date) -> None:
    weeks = calendar_from(begins)
    for filed, exam in zip(weeks, weeks[EXAM_AFTER:], strict=False):
        days = plan_days(filed, exam)
        dates = PlanDates(days.filed, days.registration_closes, days.exam, days.exam)
        check_plan_dates(dates, days.filed, national_calendar(), national_rules())


def test_publicity_that_begins_in_one_week_is_over_in_the_next() -> None:
    weeks = calendar_from(BEGINS_ON)
    for week, following in itertools.pairwise(weeks):
        over = national_calendar().publicity_end(week.day, rule("publicity.working_days", week.day))
        assert week.evening < over <= following.morning


def test_registration_is_over_a_week_later() -> None:
    weeks = calendar_from(BEGINS_ON)
    for filed, seated, exam in zip(weeks, weeks[1:], weeks[2:], strict=False):
        assert filed.day <= plan_days(filed, exam).registration_closes < seated.day


def test_the_demos_spring_leaves_weeks_enough() -> None:
    assert len(calendar_from(BEGINS_ON)) >= 38


def test_a_stack_at_the_end_of_the_year_is_refused() -> None:
    assert len(list(weeks_from(date(2026, 12, 20)))) < WEEKS_OF_A_WAVE
    with pytest.raises(LoadError, match="start a fresh demo stack"):
        calendar_from(date(2026, 12, 20))


def test_the_first_day_is_one_whose_morning_is_still_to_come() -> None:
    assert first_day(datetime(2026, 3, 2, 0, 59, tzinfo=UTC)) == date(2026, 3, 2)
    assert first_day(datetime(2026, 3, 2, 1, 1, tzinfo=UTC)) == date(2026, 3, 3)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_count_is_reached_exactly() -> None:
    sizing = Sizing(count=1000, seconds=None, rate=None, clock=Clock())
    sizes: list[int] = []
    while sizing.wants_more():
        sizes.append(sizing.next_wave(30, 8.0 if sizes else None))
    assert sum(sizes) == 1000
    assert sizes[0] == FIRST


def test_a_great_count_fits_into_the_weeks_that_there_are() -> None:
    sizing = Sizing(count=100_000, seconds=None, rate=None, clock=Clock())
    weeks = [sizing.next_wave(left, 600.0) for left in range(35, 0, -1)]
    assert sum(weeks) == 100_000
    assert max(weeks) <= MOST


def test_when_the_time_is_up_nobody_begins_any_more() -> None:
    clock = Clock()
    sizing = Sizing(count=None, seconds=60.0, rate=None, clock=clock)
    assert sizing.next_wave(30, None) == FIRST
    clock.now = 59.0
    assert sizing.next_wave(29, 8.0) >= FEWEST
    clock.now = 60.0
    assert not sizing.wants_more()
    assert sizing.next_wave(28, 8.0) == 0


def test_who_is_content_wants_nobody_more_and_has_what_was_asked() -> None:
    sizing = Sizing(count=1000, seconds=None, rate=None, clock=Clock())
    assert sizing.next_wave(30, None) > 0
    sizing.be_content()
    assert sizing.next_wave(29, 8.0) == 0
    assert not sizing.wants_more()


def test_waves_grow_when_a_weeks_work_is_quick_and_shrink_when_it_is_slow() -> None:
    sizing = Sizing(count=None, seconds=60.0, rate=None, clock=Clock())
    first = sizing.next_wave(30, None)
    grown = sizing.next_wave(29, 1.0)
    assert grown == 2 * first
    assert sizing.next_wave(28, 80.0) == grown // 2


def test_a_long_run_takes_weeks_that_last_longer_so_that_the_year_suffices() -> None:
    sizing = Sizing(count=None, seconds=3600.0, rate=100.0, clock=Clock())
    assert sizing.next_wave(36, None) == pytest.approx(100 * 3600 / 36 / 15, rel=0.01)


def test_when_the_weeks_are_used_up_nobody_begins() -> None:
    sizing = Sizing(count=1000, seconds=None, rate=None, clock=Clock())
    assert sizing.next_wave(0, 8.0) == 0
    assert sizing.wants_more()


@pytest.mark.parametrize("people", [30, 31, 32, 900, 4_501, 15_000])
def test_people_are_shared_evenly_and_no_plan_is_too_large(people: int) -> None:
    plans = shares(people, 3)
    assert sum(map(sum, plans)) == people
    assert max(map(sum, plans)) - min(map(sum, plans)) <= 1
    assert all(0 < size <= 500 for track in plans for size in track)
