"""The middle of a relay's batch, held open for long enough to strike there."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import psycopg

from luban.cli.stack import SERVICE_NAMES
from tests.fault.scene import BROKER, Scene, signal_all

_TRIES = 40
_EVENTS_SECONDS, _BATCH_SECONDS = 60.0, 2.0
_EVERY_SECONDS = 0.003
_LAST = "select coalesce(max(seq), 0) from eventkit.journal"
_UNSENT = "select exists (select from eventkit.outbox), clock_timestamp()"
# A relay that idles asks for its next batch every 0.08 s at least: one that asked after an event was there, and has not
# asked again for much longer, waits for the broker's answer to it.
_WAITS = """
select exists (
    select from pg_stat_activity where datname = current_database() and state = 'idle'
    and query like '%%select o.seq, j.topic%%' and query_start > %s
    and query_start < clock_timestamp() - interval '0.25 s'
)
"""


@contextmanager
def batch_under_way(scene: Scene, moments: Random) -> Iterator[str]:
    """Gives a worker whose relay has handed a batch to the broker and waits for the answer.

    The broker is stopped for that second or two: else a batch is under way for milliseconds only. What was handed over
    has left the process, and the broker will take it when it goes on at the end of the block.
    """
    service = moments.choice(SERVICE_NAMES)
    broker = scene.processes(BROKER)
    with psycopg.connect(scene.stack.databases[service], autocommit=True) as connection:
        for _ in range(_TRIES):
            _await_events(connection, service)
            signal_all(broker, signal.SIGSTOP)
            try:
                if _is_caught(connection):
                    yield f"{service}.worker"
                    return
            finally:
                signal_all(broker, signal.SIGCONT)
    raise AssertionError(f"no batch of the relay of {service} was caught under way")


def _await_events(connection: Any, service: str) -> None:
    """Until something is recorded: more is likely to follow."""
    before, deadline = _row(connection, _LAST), time.monotonic() + _EVENTS_SECONDS
    while _row(connection, _LAST) == before:
        assert time.monotonic() < deadline, f"the {service} service records no events"
        time.sleep(_EVERY_SECONDS)


def _is_caught(connection: Any) -> bool:
    deadline = time.monotonic() + _BATCH_SECONDS
    _, empty_until = _row(connection, _UNSENT)
    while time.monotonic() < deadline:
        unsent, now = _row(connection, _UNSENT)
        if not unsent:
            empty_until = now
        elif _row(connection, _WAITS, empty_until)[0]:
            return True
        time.sleep(_EVERY_SECONDS)
    return False


def _row(connection: Any, query: str, *values: object) -> tuple[Any, ...]:
    row: tuple[Any, ...] = connection.execute(query, values or None).fetchone()
    return row
