"""Logs that are not what was read of them: the broker lost records that it had acknowledged.

Where the log ends before a position, the broker says so. Where it has grown beyond it again, the record before the
position is one that was never read.
"""

import time
from collections.abc import Callable, Mapping

from luban.eventkit.headers import Headers, names_of, readable
from luban.eventkit.inbox import Origin
from luban.eventkit.positions import Place
from luban.eventkit.starting import CannotStartError
from luban.eventkit.uow import UnitOfWork

PATIENCE_SECONDS = 10.0
"""A broker that has just become a partition's leader may not know for a moment how far its log is acknowledged."""


HAD_BEFORE = """
select exists (select from eventkit.inbox where consumer = %(consumer)s and aggregate_id = %(aggregate_id)s
        and version >= %(version)s)
    or exists (select from eventkit.parked where consumer = %(consumer)s and aggregate_id = %(aggregate_id)s
        and version = %(version)s)
    or exists (select from eventkit.dead_letter where consumer = %(consumer)s and topic = %(topic)s
        and partition = %(partition)s and incarnation = %(incarnation)s and position = %(position)s)
"""


class LogCutError(CannotStartError):
    """A log ends before what was read of it. It does not pass by itself, and new records would be skipped: start
    nothing."""

    def __init__(self, what: object) -> None:
        super().__init__(
            f"the broker lost the end of a log that was read further: {what}. Have the topic made anew, by"
            " `luban topics --renew TOPIC`: its owner's relay sends the whole journal again, and consumers drop what"
            " they had"
        )


class LogEnds:
    """What the broker says of the ends, compared with positions; only what stays wrong counts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._beyond_since: dict[Place, float] = {}

    def compare(self, positions: Mapping[Place, int], ends: Mapping[Place, int | None]) -> None:
        """`ends` may be None where the broker has not said yet. Raises LogCutError when one was too low for long."""
        now = self._clock()
        beyond = {place for place, end in ends.items() if end is not None and end < positions.get(place, 0)}
        self._beyond_since = {place: self._beyond_since.get(place, now) for place in beyond}
        for (topic, partition), since in self._beyond_since.items():
            if now - since >= PATIENCE_SECONDS:
                place = (topic, partition)
                raise LogCutError(f"{topic}/{partition} ends at {ends[place]}, and was read to {positions[place]}")


def recognise(uow: UnitOfWork, consumer: str, origin: Origin, headers: Headers) -> None:
    """Looks at a record that was read before. Raises LogCutError when it cannot be the one that was."""
    aggregate_id, version, _ = names_of(readable(headers))
    if aggregate_id is None:
        return
    values = {**origin._asdict(), "consumer": consumer, "aggregate_id": aggregate_id, "version": version}
    (had_before,) = uow.sql(HAD_BEFORE, values).fetchone() or (False,)
    if not had_before:
        place = f"{origin.topic}/{origin.partition}"
        raise LogCutError(f"{place} was read to {origin.position + 1}, but not what is there now")
