"""Bringing a journal that lacks events of its own back to where its topic is: the same bytes, the same versions."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from google.protobuf.message import Message

from luban.contracts.catalogue import EVENT_TOPICS, SPEC_OF_PAYLOAD
from luban.eventkit import positions
from luban.eventkit.comparison import Told, compare, lacking, read_on
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import MalformedError, Received, UnknownPayloadError, parse, received
from luban.eventkit.incarnation import Incarnations
from luban.eventkit.positions import Place
from luban.eventkit.sealing import KeyRing
from luban.eventkit.settings import Settings
from luban.eventkit.starting import CannotStartError
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork

TAKE_BACK = """
insert into eventkit.journal (event_id, topic, partition, key, aggregate_type, aggregate_id, aggregate_version,
                              event_type, occurred_at, traceparent, value)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
LAST = """
select distinct on (aggregate_id) aggregate_id, aggregate_version, event_id from eventkit.journal
where aggregate_id = any(%s) order by aggregate_id, aggregate_version desc
"""


class RecoveryError(CannotStartError):
    """What stands on the topic does not continue this journal."""


@dataclass(frozen=True)
class Missing:
    """An event of ours that the topic has and the journal lacks."""

    told: Told
    event: Received[Any]


def summary(missing: Sequence[Missing]) -> str:
    """What is lacking, in words: how many of each type, and of when."""
    if not missing:
        return "the journal lacks nothing"
    counts = Tally(each.event.event_type for each in missing)
    times = sorted(each.event.envelope.occurred_at.ToDatetime(UTC) for each in missing)
    named = ", ".join(f"{count} {event_type}" for event_type, count in sorted(counts.items()))
    first, last = (each.isoformat(timespec="seconds") for each in (times[0], times[-1]))
    return f"the journal lacks {len(missing)} events, recorded from {first} to {last}: {named}"


class Recovery:
    """One service's own topics, and those it reads, beside a database that was restored from the past."""

    def __init__(self, service: str, settings: Settings, units: UnitsOfWork) -> None:
        self._settings = settings
        self._units = units
        self._lives = _lives(settings)
        own = [topic for topic in EVENT_TOPICS if topic.owner == service]
        self._places = _places([topic.name for topic in own], settings)

    def missing(self) -> list[Missing]:
        """What the journal lacks, each event once, in the order of recording. Raises RecoveryError, KafkaError."""
        with self._connection() as connection:
            stands = lacking(connection, self._settings.broker, self._places, self._lives, {})
            told = {each.event_id: each for each in stands}
        return _in_order([Missing(each, _understood(each, self._units.keyring)) for each in told.values()])

    def unread(self, subscriptions: Subscriptions) -> Iterator[Received[Message]]:
        """What this database has not applied of the topics that the service reads: parked, or past its positions.

        Raises KafkaError.
        """
        consumer = subscriptions.consumer
        places = _places(subscriptions.topics, self._settings)
        with self._units.read(Cause("recovery")) as uow:
            starts = positions.load(uow, consumer, places, self._lives)
            parked = uow.sql("select value from eventkit.parked where consumer = %s", (consumer,)).fetchall()
        read = (record.value or b"" for batch in read_on(self._settings.broker, starts) for record in batch)
        for value in (*(value for (value,) in parked), *read):
            try:
                yield received(parse(value), self._units.keyring)
            except (MalformedError, UnknownPayloadError):
                continue

    def compare_again(self) -> None:
        """Opens the journal for recording if nothing is lacking any more. Raises JournalBehindError, KafkaError."""
        with self._connection() as connection, connection.transaction():
            connection.execute("delete from eventkit.comparison")
            compare(connection, self._settings.broker, self._places, self._lives)

    def _connection(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._settings.database, autocommit=True, options="-c timezone=UTC")


def take_back(uow: UnitOfWork, missing: Sequence[Missing]) -> None:
    """Adds events to the journal as they stand on the topic; nothing points to them in the outbox.

    Raises RecoveryError when one does not continue its aggregate's history.
    """
    uow.sql("set local luban.recovering = 'on'")
    last = _last_versions(uow, {each.told.aggregate_id for each in missing})
    for each in missing:
        envelope, told = each.event.envelope, each.told
        version, previous = last.get(told.aggregate_id, (0, None))
        if (told.version, envelope.previous_id) != (version + 1, str(previous or "")):
            raise RecoveryError(
                f"{each.event.event_type} {told.event_id} at {told.topic}/{told.partition}/{told.offset} does not"
                f" continue this journal, whose last event of that aggregate is version {version}: two histories were"
                " written. Nothing was changed; restore the database with its WAL (docs/runbook.md)"
            )
        last[told.aggregate_id] = (told.version, told.event_id)
        uow.sql(TAKE_BACK, _row(each))


def _last_versions(uow: UnitOfWork, aggregates: Iterable[UUID]) -> dict[UUID, tuple[int, UUID]]:
    rows = uow.sql(LAST, (list(aggregates),)).fetchall()
    return {aggregate: (version, event) for aggregate, version, event in rows}


def _in_order(missing: Iterable[Missing]) -> list[Missing]:
    """By the time of recording, and never an aggregate's event before its predecessor, whatever clocks said."""
    latest: dict[UUID, datetime] = {}
    ranked = []
    for each in sorted(missing, key=lambda each: each.told.version):
        at = each.event.envelope.occurred_at.ToDatetime(UTC)
        latest[each.told.aggregate_id] = at = max(at, latest.get(each.told.aggregate_id, at))
        ranked.append((at, each.told.version, each.told.event_id, each))
    return [each for *_, each in sorted(ranked, key=lambda rank: rank[:3])]


def _row(missing: Missing) -> tuple[Any, ...]:
    told, event = missing.told, missing.event
    spec = SPEC_OF_PAYLOAD[type(event.payload)]
    place = (told.topic, told.partition, told.key)
    aggregate = (spec.aggregate, told.aggregate_id, told.version)
    at = event.envelope.occurred_at.ToDatetime(UTC)
    return (told.event_id, *place, *aggregate, spec.name, at, told.traceparent, told.value)


def _understood(told: Told, ring: KeyRing) -> Received[Message]:
    try:
        event = received(parse(told.value), ring, told.traceparent)
    except (MalformedError, UnknownPayloadError) as error:
        raise RecoveryError(f"{told.topic}/{told.partition}/{told.offset} is no event of this release") from error
    if (event.event_id, event.aggregate_id, event.version) != (told.event_id, told.aggregate_id, told.version):
        raise RecoveryError(f"{told.topic}/{told.partition}/{told.offset} is not the event that its headers name")
    return event


def _lives(settings: Settings) -> Mapping[str, str]:
    incarnations = Incarnations(settings.broker, settings.profile)
    try:
        return dict(incarnations.refresh())
    finally:
        incarnations.close()


def _places(topics: Sequence[str], settings: Settings) -> list[Place]:
    counts = {topic.name: topic.partitions(settings.profile) for topic in EVENT_TOPICS}
    return [(topic, partition) for topic in topics for partition in range(counts[topic])]
