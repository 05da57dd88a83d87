"""What waits in a service's database, in numbers: events to send, parked events, dead letters, timers that are late.

Reads at most `MOST` rows of each, whatever there is. Needs nothing of the kernel but this file, so that the command
line can ask the same.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg

MOST = 100_000
"""Counts stop here: a scrape must cost the same with two million rows."""
EVERY_SECONDS = 5.0
LIMITS: Mapping[str, Any] = {
    "connect_timeout": 2,
    "tcp_user_timeout": 3_000,
    "options": "-c statement_timeout=2s -c timezone=UTC",
}

OUTBOX = """
select count(*), coalesce((
    select extract(epoch from eventkit.now() - occurred_at)::float8
    from eventkit.journal where seq = (select seq from eventkit.outbox order by seq limit 1)
), 0) from (select from eventkit.outbox limit %s) as waiting
"""
PARKED = "select reason, count(*) from (select reason from eventkit.parked limit %s) as waiting group by reason"
LETTERS = """
select reason, count(*) from (
    select reason from eventkit.dead_letter where replayed_at is null limit %s
) as open group by reason
"""
# A failed timer is tried again within five minutes, so none that is late has its next try later than that. The clock
# stands in subqueries, because an index cannot be searched by a volatile function.
TIMERS = """
select count(*), coalesce(extract(epoch from eventkit.now() - min(due_at))::float8, 0) from (
    select due_at from eventkit.timer
    where done_at is null and try_at <= (select eventkit.now() + interval '5 minutes')
    and due_at <= (select eventkit.now()) limit %s
) as late
"""
YEAR = "select extract(year from eventkit.now() at time zone 'Asia/Shanghai')::integer"


@dataclass(frozen=True)
class Backlog:
    """Counts, and ages in seconds by the database's clock."""

    outbox: int
    outbox_seconds: float
    """Since the oldest event that no broker has acknowledged was recorded."""
    parked: Mapping[str, int]
    """By reason."""
    dead_letters: Mapping[str, int]
    """Those that were not replayed, by reason."""
    timers: int
    """Due, and not done."""
    timers_seconds: float
    year: int
    """In Shanghai, by the database's clock: what sealing keys are named by."""


def read_backlog(connection: psycopg.Connection[Any]) -> Backlog:
    """Asks a service's database. Raises psycopg.Error."""
    (outbox, outbox_seconds), *_ = _rows(connection, OUTBOX)
    (timers, timers_seconds), *_ = _rows(connection, TIMERS)
    year = connection.execute(YEAR).fetchone()
    assert year is not None
    return Backlog(
        outbox,
        max(0.0, outbox_seconds),
        dict(_rows(connection, PARKED)),
        dict(_rows(connection, LETTERS)),
        timers,
        max(0.0, timers_seconds),
        *year,
    )


def _rows(connection: psycopg.Connection[Any], query: LiteralString) -> list[Any]:
    return connection.execute(query, (MOST,)).fetchall()


class BacklogReader:
    """Asks on a connection of its own, at most once in `EVERY_SECONDS`; bounded in time whatever the network does."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: psycopg.Connection[Any] | None = None
        self._last: Backlog | None = None
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    def read(self) -> Backlog:
        """The numbers of now, or of a few seconds ago. Raises psycopg.Error."""
        with self._lock:
            if self._last is None or time.monotonic() - self._read_at >= EVERY_SECONDS:
                self._last = None
                self._last = self._ask()
                self._read_at = time.monotonic()
            return self._last

    def _ask(self) -> Backlog:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._address, autocommit=True, **LIMITS)
        try:
            return read_backlog(self._connection)
        except psycopg.Error:
            self._connection.close()
            raise

    def close(self) -> None:
        """Lets the connection go."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
