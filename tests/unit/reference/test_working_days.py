from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from luban.reference.refusal import Invalid
from luban.reference.shanghai import end_of_day, shanghai_day, start_of_day
from luban.reference.working_days import Calendar, national_calendar, national_calendar_csv

CALENDAR = national_calendar()
NEXT_YEAR = "date,kind,name\n2027-01-01,holiday,元旦\n2027-10-01,holiday,国庆节\n2026-12-31,holiday,元旦\n"

known_days = st.dates(date(2021, 1, 1), date(2025, 12, 31))


def test_the_packaged_calendar_knows_its_years() -> None:
    assert {2024, 2025, 2026} <= CALENDAR.years
    assert CALENDAR.version.startswith("cn-2020-2026-")


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 22), False),
        (date(2026, 10, 1), False),
        (date(2026, 10, 10), True),
        (date(2026, 9, 20), True),
        (date(2026, 2, 23), False),
        (date(2024, 2, 18), True),
    ],
)
def test_holidays_are_free_and_make_up_days_are_worked(day: date, worked: bool) -> None:
    assert CALENDAR.is_working_day(day) is worked


def test_a_year_without_its_notice_is_refused_and_never_guessed() -> None:
    for ask in (
        lambda: CALENDAR.is_working_day(date(2027, 3, 1)),
        lambda: CALENDAR.add_working_days(date(2026, 12, 30), 5),
        lambda: CALENDAR.working_days_between(date(2026, 12, 30), date(2027, 1, 10)),
        lambda: CALENDAR.publicity_end(date(2026, 12, 28), 5),
        lambda: CALENDAR.add_working_days(date(2020, 1, 3), -5),
    ):
        with pytest.raises(Invalid) as refused:
            ask()
        assert refused.value.code == "calendar-year-missing"


def test_a_customer_adds_the_next_years_notice() -> None:
    extended = Calendar.from_csv(national_calendar_csv(), NEXT_YEAR)

    assert extended.years == CALENDAR.years | {2027}
    assert extended.version != CALENDAR.version
    assert extended.add_working_days(date(2026, 12, 30), 1) == date(2027, 1, 4)


def test_a_later_notice_overrules_an_earlier_one() -> None:
    amended = Calendar.from_csv(national_calendar_csv(), "date,kind,name\n2026-10-08,holiday,amended\n")
    assert not amended.is_working_day(date(2026, 10, 8))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "day,kind\n2027-01-01,holiday",
        "date,kind,name\n2027-01-32,holiday,x",
        "date,kind,name\n2027-01-01,free,x",
        "date,kind,name\n2027-01-01,holiday,x\n2027-01-01,workday,x",
    ],
)
def test_a_broken_calendar_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Calendar.from_csv(text)


def test_half_a_year_is_not_a_known_year() -> None:
    assert Calendar.from_csv("date,kind,name\n2027-01-01,holiday,元旦\n").years == frozenset()


def test_publicity_excludes_its_first_day_and_ends_at_24_00_shanghai_of_its_fifth_working_day() -> None:
    assert CALENDAR.publicity_end(date(2026, 11, 23), 5) == datetime(2026, 11, 30, 16, tzinfo=UTC)


def test_publicity_over_the_national_holiday_waits_for_make_up_days() -> None:
    assert CALENDAR.publicity_end(date(2026, 9, 28), 5) == end_of_day(date(2026, 10, 10))


def test_publicity_of_no_day_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        CALENDAR.publicity_end(date(2026, 11, 23), 0)


def test_days_are_shanghais() -> None:
    assert shanghai_day(datetime(2026, 11, 22, 16, tzinfo=UTC)) == date(2026, 11, 23)
    assert shanghai_day(datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert start_of_day(date(2026, 11, 23)) == datetime(2026, 11, 22, 16, tzinfo=UTC)
    with pytest.raises(ValueError, match="aware"):
        shanghai_day(datetime(2026, 11, 22))  # noqa: DTZ001 - a naive instant is what is refused


@given(known_days, st.integers(1, 60))
def test_going_forth_counts_what_lies_between(day: date, count: int) -> None:
    later = CALENDAR.add_working_days(day, count)
    assert CALENDAR.is_working_day(later)
    assert CALENDAR.working_days_between(day, later) == count


@given(known_days, st.integers(0, 60))
def test_going_back_from_a_working_day_returns_to_it(day: date, count: int) -> None:
    assume(CALENDAR.is_working_day(day))
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(day, count), -count) == day


@given(known_days, st.integers(0, 60), st.integers(0, 60))
def test_steps_add_up(day: date, one: int, other: int) -> None:
    at_once = CALENDAR.add_working_days(day, one + other)
    assert CALENDAR.add_working_days(CALENDAR.add_working_days(day, one), other) == at_once


@given(known_days, st.integers(1, 20))
def test_publicity_ends_at_a_shanghai_midnight_after_a_working_day(day: date, days: int) -> None:
    end = CALENDAR.publicity_end(day, days)
    last = shanghai_day(end - timedelta(seconds=1))
    assert end == end_of_day(last)
    assert CALENDAR.is_working_day(last)


def test_an_end_before_the_start_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="before the start"):
        CALENDAR.working_days_between(date(2026, 11, 23), date(2026, 11, 20))
