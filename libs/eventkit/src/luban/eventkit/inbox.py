"""The inbox: which events of a batch are repeats, which are next, and which must wait. Pure; the SQL is in `apply`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from luban.eventkit.envelope import Received


class Wait(StrEnum):
    """Why an event is parked."""

    GAP = "gap"
    NEWER_TYPE = "newer-type"
    OTHER_HISTORY = "other-history"
    REFUSED = "refused"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Position:
    """The last applied event of an aggregate."""

    version: int
    event_id: UUID | None


NOTHING = Position(0, None)


@dataclass(frozen=True)
class Arrival:
    """An event with the place it was read from and its bytes, as they would be parked."""

    event_id: UUID
    aggregate_id: UUID
    version: int
    previous_id: UUID | None
    event_type: str
    known: bool
    """False for a payload that these contracts do not have."""
    must_understand: bool
    received: Received | None  # type: ignore[type-arg]  # any payload
    topic: str
    partition: int
    incarnation: str
    position: int
    value: bytes
    was_parked: bool = False


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
    for event in sorted(events, key=lambda event: event.version):
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
