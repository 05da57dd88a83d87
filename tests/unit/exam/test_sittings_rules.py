"""When a sitting may be held, and when its papers may be begun."""

from datetime import UTC, date, datetime, timedelta

import pytest

from luban.exam.domain.sittings import (
    TimeSpan,
    paper_end,
    require_fitting_time,
    require_length,
    require_room,
    require_time_to_start,
    ticket_number,
)
from luban.reference.refusal import Conflict, Invalid

START = datetime(2026, 12, 7, 1, tzinfo=UTC)
"""09:00 in Shanghai."""
SPAN = TimeSpan(START, START + timedelta(minutes=90))
DAYS = (date(2026, 12, 7), date(2026, 12, 8))
BEFORE = START - timedelta(days=7)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_a_sitting_within_the_days_of_the_plan_is_fine() -> None:
    require_fitting_time(SPAN, *DAYS, BEFORE)


@pytest.mark.parametrize(
    ("span", "code"),
    [
        (TimeSpan(START, START), "sitting-time"),
        (TimeSpan(START, START - timedelta(hours=1)), "sitting-time"),
        (TimeSpan(START, START + timedelta(hours=13)), "sitting-time"),
        (TimeSpan(START - timedelta(days=8), START - timedelta(days=8) + timedelta(hours=1)), "sitting-time"),
        (TimeSpan(START - timedelta(hours=10), START - timedelta(hours=8)), "sitting-outside-plan"),
        (TimeSpan(START + timedelta(hours=38), START + timedelta(hours=40)), "sitting-outside-plan"),
    ],
)
def test_a_sitting_at_another_time_is_refused(span: TimeSpan, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        require_fitting_time(span, *DAYS, BEFORE)
    assert refusal.value.code == code


@pytest.mark.parametrize("seats", [0, 31])
def test_a_room_seats_one_to_thirty(seats: int) -> None:
    require_room(30, 30)
    with pytest.raises(Invalid, match="sitting-seats"):
        require_room(seats, 30)


def test_a_sitting_is_as_long_as_its_form_at_least() -> None:
    require_length(SPAN, 90)
    with pytest.raises(Invalid, match="sitting-too-short"):
        require_length(SPAN, 91)


@pytest.mark.parametrize("minutes", [0, 15, 30])
def test_a_paper_is_begun_in_the_first_half_hour(minutes: float) -> None:
    require_time_to_start(SPAN, after(minutes), 30)


@pytest.mark.parametrize(
    ("minutes", "code"), [(-0.01, "sitting-not-started"), (30.01, "sitting-late"), (90, "sitting-ended")]
)
def test_a_paper_is_not_begun_at_another_time(minutes: float, code: str) -> None:
    with pytest.raises(Conflict) as refusal:
        require_time_to_start(SPAN, after(minutes), 30)
    assert refusal.value.code == code


def test_a_candidates_time_is_the_forms_and_ends_with_the_sitting() -> None:
    assert paper_end(SPAN, after(0), 60) == after(60)
    assert paper_end(SPAN, after(20), 90) == after(90)


def test_a_ticket_has_the_day_in_shanghai_province_site_and_sequence() -> None:
    late = datetime(2026, 12, 7, 16, 30, tzinfo=UTC)
    assert ticket_number(late, "370102", "370001", 12) == "2612083737000100012"


def test_tickets_of_a_day_and_site_end_at_99999() -> None:
    with pytest.raises(Invalid, match="ticket-format"):
        ticket_number(START, "370102", "370001", 100_000)
