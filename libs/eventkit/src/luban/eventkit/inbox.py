"""The inbox: which events of a batch are repeats, which are next, and which must wait. Pure; the SQL is in `apply`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from luban.eventkit.envelope import Received
from luban.eventkit.headers import Headers, traceparent_of


class Wait(StrEnum):
    """Why an event is parked."""

    GAP = "gap"
    NEWER_TYPE = "newer-type"
    OTHER_HISTORY = "other-history"
    REFUSED = "refused"
    DEAD = "dead"


class Position(NamedTuple):
    """The last applied event of an aggregate."""

    version: int
    event_id: UUID | None


NOTHING = Position(0, None)


class Origin(NamedTuple):
    """Where a record was read."""

    topic: str
    partition: int
    incarnation: str
    position: int


class Arrival(NamedTuple):
    """An event with the record it came in, as that would be parked."""

    event_id: UUID
    aggregate_id: UUID
    version: int
    previous_id: UUID | None
    event_type: str
    known: bool
    """False for a payload that these contracts do not have."""
    must_understand: bool
    received: Received[Any] | None
    origin: Origin
    key: bytes | None
    headers: Headers
    value: bytes
    was_parked: bool = False

    @property
    def traceparent(self) -> str | None:
        """The trace that it belongs to."""
        return traceparent_of(self.headers)


@dataclass
class Sorted:
    """What to do with a batch."""

    chains: dict[UUID, list[Arrival]] = field(default_factory=dict)
    """Per aggregate the events to apply, in order."""
    waiting: list[tuple[Arrival, Wait]] = field(default_factory=list)
    repeats: list[Arrival] = field(default_factory=list)


def sort_out(arrivals: Iterable[Arrival], positions: Mapping[UUID, Position]) -> Sorted:
    """Decides for every arrival by its aggregate's version (design.md §5, "Inbox")."""
    by_aggregate: dict[UUID, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        by_aggregate[arrival.aggregate_id].append(arrival)
    outcome = Sorted()
    for aggregate_id, events in by_aggregate.items():
        _sort_aggregate(events, positions.get(aggregate_id, NOTHING), outcome)
    return outcome


def _sort_aggregate(events: list[Arrival], at: Position, outcome: Sorted) -> None:
    stuck = False
    if len(events) > 1:
        events.sort(key=lambda event: event.version)
    for event in events:
        wait = _verdict(event, at, stuck=stuck)
        if wait == "repeat":
            outcome.repeats.append(event)
        elif isinstance(wait, Wait):
            outcome.waiting.append((event, wait))
            stuck = True
        else:
            outcome.chains.setdefault(event.aggregate_id, []).append(event)
            at = Position(event.version, event.event_id)


def _verdict(event: Arrival, at: Position, *, stuck: bool) -> Wait | str:
    if event.version < at.version:
        return "repeat"
    if event.version == at.version:
        return "repeat" if event.event_id == at.event_id else Wait.OTHER_HISTORY
    if stuck or event.version > at.version + 1:
        return Wait.GAP
    if event.previous_id != at.event_id:
        return Wait.OTHER_HISTORY
    if not event.known and event.must_understand:
        return Wait.NEWER_TYPE
    return "next"
