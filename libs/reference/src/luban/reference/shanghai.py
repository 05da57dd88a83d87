"""Days and deadlines of the law are Shanghai's; instants are UTC."""

from datetime import UTC, date, datetime, time, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""A fixed offset: China has had no summer time since 1991, and the rules here are younger."""


def shanghai_day(instant: datetime) -> date:
    """The Shanghai calendar day of an aware instant; raises ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be aware of its zone")
    return instant.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """00:00 Shanghai of `day`, as an aware UTC instant."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """24:00 Shanghai of `day`, as an aware UTC instant; the first instant that is no longer in the day."""
    return start_of_day(day + timedelta(days=1))
