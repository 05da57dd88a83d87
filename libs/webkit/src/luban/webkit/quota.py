"""How often a caller may do one thing on a Shanghai day."""

from datetime import timedelta
from math import ceil

from luban.eventkit.uow import UnitOfWork
from luban.reference.shanghai import end_of_day, shanghai_day
from luban.webkit.problem import HttpRefusal

KEPT = timedelta(days=30)
"""How long it stays to be seen who used up what."""


def spend(uow: UnitOfWork, what: str, caller: bytes, most: int) -> None:
    """Counts one more; 429 quota-used-up past `most`. What the transaction undoes was not counted."""
    now = uow.now()
    today = shanghai_day(now)
    row = uow.sql(
        "insert into webkit.quota_use as old (day, what, caller, used) values (%s, %s, %s, 1)"
        " on conflict (day, what, caller) do update set used = old.used + 1 returning used",
        (today, what, caller),
    ).fetchone()
    if row is not None and row[0] > most:
        raise quota_used_up(most, ceil((end_of_day(today) - now).total_seconds()))


def quota_used_up(most: int, seconds: int) -> HttpRefusal:
    """429; `seconds` are those that are left of the day."""
    zh, en = f"今日次数（{most}次）已用完。", f"The {most} times of today are used up."
    return HttpRefusal(429, "quota-used-up", zh=zh, en=en, headers={"Retry-After": str(seconds)})


def forget_old(uow: UnitOfWork, batch: int = 1000) -> int:
    """Deletes up to `batch` counts of days past; how many. For a worker's timer, until it returns fewer."""
    return uow.sql(
        "delete from webkit.quota_use where ctid in (select ctid from webkit.quota_use"
        " where day < (eventkit.now() - %s)::date order by day limit %s for update skip locked)",
        (KEPT, batch),
    ).rowcount
