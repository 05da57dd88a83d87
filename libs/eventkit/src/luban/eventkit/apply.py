"""Applying arrivals in one transaction: inbox read, rounds applied, what must wait parked, inbox moved."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from luban.eventkit import metrics
from luban.eventkit.dispatch import Failure, Subscriptions, apply_round
from luban.eventkit.envelope import UnknownPayloadError, identity, parse, received
from luban.eventkit.headers import Headers, packed, readable, traceparent_of
from luban.eventkit.inbox import Arrival, Origin, Position, Sorted, Wait, sort_out
from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitOfWork

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
FIRST_RETRY_SECONDS = 1


@dataclass
class Report:
    """What became of a batch, as counts."""

    applied: int = 0
    repeats: int = 0
    parked: int = 0
    refused: list[Failure] = field(default_factory=list)

    def tell(self, consumer: str) -> None:
        """Tells metrics and log, once it is committed."""
        metrics.consumed(applied=self.applied, repeats=self.repeats, parked=self.parked, refused=len(self.refused))
        for failure in self.refused:
            log.error("refused: %s", failure.detail, extra={"fields": {"consumer": consumer, **failure.fields}})


def arrival(
    ring: KeyRing, origin: Origin, key: bytes | None, headers: Headers, value: bytes, *, was_parked: bool = False
) -> Arrival:
    """Reads a record's bytes. Raises MalformedError."""
    envelope = parse(value)
    event, kind = None, "unknown"
    try:
        event = received(envelope, ring, traceparent_of(headers))
        event_id, aggregate_id, kind = event.event_id, event.aggregate_id, event.event_type
    except UnknownPayloadError:
        event_id, aggregate_id = identity(envelope.id), identity(envelope.aggregate_id)
    previous_id = identity(envelope.previous_id) if envelope.previous_id else None
    version, known, must = envelope.aggregate_version, event is not None, envelope.must_understand
    return Arrival(  # by position: by name it takes three times as long, and every event passes here
        event_id, aggregate_id, version, previous_id, kind, known, must, event, origin, key, headers, value, was_parked
    )


def apply(uow: UnitOfWork, subscriptions: Subscriptions, arrivals: Sequence[Arrival]) -> Report:
    """Applies what is next for its aggregate, drops repeats, parks the rest. The caller holds the offsets."""
    consumer = subscriptions.consumer
    ids = list({event.aggregate_id for event in arrivals})
    gaps = _parked_gaps(uow, consumer, ids)
    positions = _positions(uow, consumer, ids)
    outcome = sort_out([*arrivals, *gaps], positions)
    report = Report(repeats=len(outcome.repeats))
    applied = _apply_chains(uow, subscriptions, outcome, report)
    report.applied = len(applied)
    _move_inbox(uow, consumer, applied, known=positions.keys())
    _release(uow, consumer, _done(applied, outcome.repeats, positions))
    report.parked = _park(uow, consumer, outcome.waiting)
    _park_refused(uow, consumer, report.refused, outcome)
    return report


def _done(applied: Sequence[Arrival], repeats: Iterable[Arrival], positions: Mapping[UUID, Position]) -> list[Arrival]:
    """Parked events that need not wait any more. One that came twice repeats an event of this very batch, and that may
    have been stopped by a refusal before it: what is past the inbox stays parked."""
    reached = {aggregate_id: position.version for aggregate_id, position in positions.items()}
    reached |= {event.aggregate_id: event.version for event in applied}
    candidates = [*applied, *repeats]
    return [event for event in candidates if event.was_parked and event.version <= reached.get(event.aggregate_id, 0)]


def _positions(uow: UnitOfWork, consumer: str, ids: list[UUID]) -> dict[UUID, Position]:
    rows = uow.sql(
        "select aggregate_id, version, event_id from eventkit.inbox where consumer = %s and aggregate_id = any(%s)",
        (consumer, ids),
    ).fetchall()
    return {aggregate_id: Position(number, event_id) for aggregate_id, number, event_id in rows}


def _parked_gaps(uow: UnitOfWork, consumer: str, ids: list[UUID]) -> list[Arrival]:
    waits = uow.sql(
        "select exists (select from eventkit.parked where consumer = %s and reason = 'gap')", (consumer,)
    ).fetchone()
    if waits == (False,):  # nearly always, and the list of ids is long
        return []
    rows = uow.sql(
        f"select {PARKED_COLUMNS} from eventkit.parked where consumer = %s and aggregate_id = any(%s)"  # noqa: S608
        " and reason = 'gap'",
        (consumer, ids),
    ).fetchall()
    return [from_parked(uow.keyring, row) for row in rows]


PARKED_COLUMNS = "topic, partition, incarnation, position, key, headers, value"


def from_parked(ring: KeyRing, row: Sequence[Any]) -> Arrival:
    """The arrival of a parked row, with its PARKED_COLUMNS."""
    topic, partition, incarnation, position, key, headers, value = row
    origin = Origin(topic, partition, incarnation, position)
    return arrival(ring, origin, key, packed(headers), value, was_parked=True)


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


ENTER = """
insert into eventkit.inbox (consumer, aggregate_id, version, event_id)
select %s, * from unnest(%s::uuid[], %s::integer[], %s::uuid[])
"""
MOVE = """
update eventkit.inbox set version = new.version, event_id = new.event_id
from unnest(%s::uuid[], %s::integer[], %s::uuid[]) as new (aggregate_id, version, event_id)
where consumer = %s and inbox.aggregate_id = new.aggregate_id
"""


def _move_inbox(uow: UnitOfWork, consumer: str, applied: Iterable[Arrival], known: Collection[UUID]) -> None:
    """Nobody else makes these rows: whoever applies events of an aggregate holds its partition's offset row."""
    last = {event.aggregate_id: event for event in applied}
    new = [event for aggregate_id, event in last.items() if aggregate_id not in known]
    moved = [event for aggregate_id, event in last.items() if aggregate_id in known]
    if new:
        uow.sql(ENTER, (consumer, *_columns(new)))
    if moved:
        uow.sql(MOVE, (*_columns(moved), consumer))


def _columns(events: Sequence[Arrival]) -> tuple[list[UUID], list[int], list[UUID]]:
    return (
        [event.aggregate_id for event in events],
        [event.version for event in events],
        [event.event_id for event in events],
    )


def _release(uow: UnitOfWork, consumer: str, events: Sequence[Arrival]) -> None:
    if events:
        uow.sql(
            "delete from eventkit.parked where consumer = %s and (aggregate_id, event_id) in"
            " (select * from unnest(%s::uuid[], %s::uuid[]))",
            (consumer, [event.aggregate_id for event in events], [event.event_id for event in events]),
        )
        uow.sql(
            "update eventkit.dead_letter set replayed_at = eventkit.now() where consumer = %s and replayed_at is null"
            " and (aggregate_id, aggregate_version) in (select * from unnest(%s::uuid[], %s::integer[]))",
            (consumer, [event.aggregate_id for event in events], [event.version for event in events]),
        )


PARK = """
insert into eventkit.parked as old (consumer, aggregate_id, version, event_id, event_type, reason, detail, attempts,
    next_attempt_at, parked_at, topic, partition, incarnation, position, key, headers, value)
values (%(consumer)s, %(aggregate_id)s, %(version)s, %(event_id)s, %(event_type)s, %(reason)s, %(detail)s, %(attempts)s,
    case when %(reason)s = 'refused' then eventkit.now() + make_interval(secs => %(seconds)s) end, eventkit.now(),
    %(topic)s, %(partition)s, %(incarnation)s, %(position)s, %(key)s, %(headers)s, %(value)s)
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
        **event.origin._asdict(),
        "key": event.key,
        "headers": Jsonb(readable(event.headers)),
        "value": event.value,
    }
    row = uow.sql(PARK, values).fetchone()
    assert row is not None
    return row[0], row[1]


def bury(uow: UnitOfWork, consumer: str, event: Arrival, *, reason: str, detail: str, attempts: int) -> None:
    """Writes the dead letter of an event that stays parked."""
    names = (event.aggregate_id, event.version, event.event_type)
    record = (event.key, event.headers, event.value)
    bury_record(uow, consumer, event.origin, names=names, why=(reason, detail, attempts), record=record)


def bury_record(
    uow: UnitOfWork,
    consumer: str,
    origin: Origin,
    *,
    names: tuple[UUID | None, int | None, str | None],
    why: tuple[str, str, int],
    record: tuple[bytes | None, Headers, bytes | None],
) -> None:
    """Writes a dead letter: the record (key, headers, bytes), its place, what its headers name, why (reason, detail,
    attempts), and this consumer's version."""
    key, headers, value = record
    uow.sql(
        "insert into eventkit.dead_letter (id, consumer, at, topic, partition, incarnation, position, aggregate_id,"
        " aggregate_version, event_type, reason, detail, attempts, consumer_version, headers, key, value)"
        " values (%s, %s, eventkit.now(), %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            uow.new_id(), consumer, *origin, *names, *why, version("luban-eventkit"), Jsonb(readable(headers)), key,
            value,
        ),
    )  # fmt: skip
