"""Applying arrivals in one transaction: inbox read, rounds applied, what must wait parked, inbox moved."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from uuid import UUID

from psycopg.types.json import Jsonb

from luban.eventkit.dispatch import Failure, Subscriptions, apply_round
from luban.eventkit.envelope import MalformedError, UnknownPayloadError, parse, received
from luban.eventkit.inbox import Arrival, Position, Sorted, Wait, sort_out
from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitOfWork

MAX_ATTEMPTS = 5
FIRST_RETRY_SECONDS = 1


@dataclass
class Report:
    """What became of a batch, as counts."""

    applied: int = 0
    repeats: int = 0
    parked: int = 0
    refused: list[Failure] = field(default_factory=list)


def arrival(
    ring: KeyRing,
    *,
    topic: str,
    partition: int,
    incarnation: str,
    position: int,
    value: bytes,
    was_parked: bool = False,
) -> Arrival:
    """Reads a record's bytes. Raises MalformedError."""
    envelope = parse(value)
    try:
        event = received(envelope, ring)
    except UnknownPayloadError:
        event = None
    try:
        return Arrival(
            event_id=event.event_id if event else UUID(envelope.id),
            aggregate_id=event.aggregate_id if event else UUID(envelope.aggregate_id),
            version=envelope.aggregate_version,
            previous_id=UUID(envelope.previous_id) if envelope.previous_id else None,
            event_type=event.event_type if event else "unknown",
            known=event is not None,
            must_understand=envelope.must_understand,
            received=event,
            topic=topic,
            partition=partition,
            incarnation=incarnation,
            position=position,
            value=value,
            was_parked=was_parked,
        )
    except ValueError as error:
        raise MalformedError("an id that is no UUID") from error


def apply(uow: UnitOfWork, subscriptions: Subscriptions, arrivals: Sequence[Arrival]) -> Report:
    """Applies what is next for its aggregate, drops repeats, parks the rest. The caller holds the offsets."""
    consumer = subscriptions.consumer
    ids = list({event.aggregate_id for event in arrivals})
    gaps = _parked_gaps(uow, consumer, ids)
    outcome = sort_out([*arrivals, *gaps], _positions(uow, consumer, ids))
    report = Report(repeats=len(outcome.repeats))
    applied = _apply_chains(uow, subscriptions, outcome, report)
    report.applied = len(applied)
    _move_inbox(uow, consumer, applied)
    _release(uow, consumer, [event for event in [*applied, *outcome.repeats] if event.was_parked])
    report.parked = _park(uow, consumer, outcome.waiting)
    _park_refused(uow, consumer, report.refused, outcome)
    return report


def _positions(uow: UnitOfWork, consumer: str, ids: list[UUID]) -> dict[UUID, Position]:
    rows = uow.sql(
        "select aggregate_id, version, event_id from eventkit.inbox where consumer = %s and aggregate_id = any(%s)",
        (consumer, ids),
    ).fetchall()
    return {aggregate_id: Position(number, event_id) for aggregate_id, number, event_id in rows}


def _parked_gaps(uow: UnitOfWork, consumer: str, ids: list[UUID]) -> list[Arrival]:
    rows = uow.sql(
        "select topic, partition, incarnation, position, value from eventkit.parked"
        " where consumer = %s and aggregate_id = any(%s) and reason = 'gap'",
        (consumer, ids),
    ).fetchall()
    return [from_parked(uow.keyring, row) for row in rows]


def from_parked(ring: KeyRing, row: Sequence[object]) -> Arrival:
    """The arrival of a parked row (topic, partition, incarnation, position, value)."""
    topic, partition, incarnation, position, value = row
    assert isinstance(partition, int)
    assert isinstance(position, int)
    assert isinstance(value, bytes)
    return arrival(
        ring,
        topic=str(topic),
        partition=partition,
        incarnation=str(incarnation),
        position=position,
        value=value,
        was_parked=True,
    )


def _apply_chains(uow: UnitOfWork, subscriptions: Subscriptions, outcome: Sorted, report: Report) -> list[Arrival]:
    """Round by round; an aggregate whose event was refused keeps its later events waiting."""
    applied: list[Arrival] = []
    chains = outcome.chains
    depth = 0
    while current := [chain[depth] for chain in chains.values() if len(chain) > depth]:
        events = [event.received for event in current if event.received is not None]
        failures = apply_round(uow, subscriptions.handlers, events)
        refused = {failure.event.aggregate_id for failure in failures}
        report.refused += failures
        for aggregate_id in refused:
            outcome.waiting += [(late, Wait.GAP) for late in chains[aggregate_id][depth + 1 :]]
            chains[aggregate_id] = chains[aggregate_id][: depth + 1]
        applied += [event for event in current if event.aggregate_id not in refused]
        depth += 1
    return applied


def _move_inbox(uow: UnitOfWork, consumer: str, applied: Iterable[Arrival]) -> None:
    last = {event.aggregate_id: event for event in applied}
    if last:
        uow.sql(
            "insert into eventkit.inbox (consumer, aggregate_id, version, event_id)"
            " select %s, * from unnest(%s::uuid[], %s::integer[], %s::uuid[])"
            " on conflict (consumer, aggregate_id) do update"
            " set version = excluded.version, event_id = excluded.event_id",
            (
                consumer,
                list(last),
                [event.version for event in last.values()],
                [event.event_id for event in last.values()],
            ),
        )


def _release(uow: UnitOfWork, consumer: str, events: Sequence[Arrival]) -> None:
    if events:
        uow.sql(
            "delete from eventkit.parked where consumer = %s and (aggregate_id, event_id) in"
            " (select * from unnest(%s::uuid[], %s::uuid[]))",
            (consumer, [event.aggregate_id for event in events], [event.event_id for event in events]),
        )


PARK = """
insert into eventkit.parked as old (consumer, aggregate_id, version, event_id, event_type, reason, detail, attempts,
    next_attempt_at, parked_at, topic, partition, incarnation, position, value)
values (%(consumer)s, %(aggregate_id)s, %(version)s, %(event_id)s, %(event_type)s, %(reason)s, %(detail)s, %(attempts)s,
    case when %(reason)s = 'refused' then eventkit.now() + make_interval(secs => %(seconds)s) end, eventkit.now(),
    %(topic)s, %(partition)s, %(incarnation)s, %(position)s, %(value)s)
on conflict (consumer, aggregate_id, version, event_id) do update
set attempts = old.attempts + excluded.attempts, detail = excluded.detail,
    reason = case when old.attempts + excluded.attempts >= %(most)s then 'dead' else excluded.reason end,
    next_attempt_at = case when excluded.reason = 'refused' and old.attempts + excluded.attempts < %(most)s
        then eventkit.now() + make_interval(secs => %(seconds)s * power(2, old.attempts)) end
returning reason, attempts
"""


def _park(uow: UnitOfWork, consumer: str, waiting: Iterable[tuple[Arrival, Wait]]) -> int:
    fresh = [(event, wait) for event, wait in waiting if not (event.was_parked and wait is Wait.GAP)]
    for event, wait in fresh:
        _park_one(uow, consumer, event, wait, detail="", attempts=0)
    return len(fresh)


def _park_refused(uow: UnitOfWork, consumer: str, failures: Iterable[Failure], outcome: Sorted) -> None:
    by_id = {event.event_id: event for chain in outcome.chains.values() for event in chain}
    for failure in failures:
        event = by_id[failure.event.event_id]
        reason, attempts = _park_one(uow, consumer, event, Wait.REFUSED, failure.detail, attempts=1)
        if reason == Wait.DEAD and attempts == MAX_ATTEMPTS:
            bury(uow, consumer, event, reason="refused", detail=failure.detail, attempts=attempts)


def _park_one(
    uow: UnitOfWork, consumer: str, event: Arrival, wait: Wait, detail: str, attempts: int
) -> tuple[str, int]:
    values = {
        "consumer": consumer,
        "aggregate_id": event.aggregate_id,
        "version": event.version,
        "event_id": event.event_id,
        "event_type": event.event_type,
        "reason": str(wait),
        "detail": detail,
        "attempts": attempts,
        "seconds": FIRST_RETRY_SECONDS,
        "most": MAX_ATTEMPTS,
        "topic": event.topic,
        "partition": event.partition,
        "incarnation": event.incarnation,
        "position": event.position,
        "value": event.value,
    }
    row = uow.sql(PARK, values).fetchone()
    assert row is not None
    return row[0], row[1]


def bury(uow: UnitOfWork, consumer: str, event: Arrival, *, reason: str, detail: str, attempts: int) -> None:
    """Writes the dead letter of an event that stays parked."""
    bury_bytes(
        uow,
        consumer,
        place=(event.topic, event.partition, event.incarnation, event.position),
        names=(event.aggregate_id, event.version, event.event_type),
        why=(reason, detail, attempts),
        headers={},
        key=None,
        value=event.value,
    )


def bury_bytes(
    uow: UnitOfWork,
    consumer: str,
    *,
    place: tuple[str, int, str, int],
    names: tuple[UUID | None, int | None, str | None],
    why: tuple[str, str, int],
    headers: Mapping[str, str],
    key: bytes | None,
    value: bytes | None,
) -> None:
    """Writes a dead letter: bytes, headers, place, what its headers name, why, attempts, this consumer's version."""
    uow.sql(
        "insert into eventkit.dead_letter (id, consumer, at, topic, partition, incarnation, position, aggregate_id,"
        " aggregate_version, event_type, reason, detail, attempts, consumer_version, headers, key, value)"
        " values (%s, %s, eventkit.now(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (uow.new_id(), consumer, *place, *names, *why, version("luban-eventkit"), Jsonb(dict(headers)), key, value),
    )
