"""Is this journal the one whose events stand on its topic? A database restored from the past must not write on.

If it did, it would give the versions that others have seen to other events: another history. So nothing is recorded
(a trigger refuses it) and nothing sent until the journal was compared with what stands on the topic beyond
`eventkit.acknowledged`, once after each start of the database server. Up to there everything was recorded before it
was sent, and sent before it was noted: whichever moment a database is restored to, it has all of that.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError, OffsetOutOfRangeError

from luban.eventkit import connecting
from luban.eventkit.headers import AGGREGATE_ID, AGGREGATE_VERSION, EVENT_ID, INCARNATION, traceparent_of
from luban.eventkit.positions import Place
from luban.eventkit.starting import CannotStartError

POLL_MS = 100
PATIENCE_SECONDS = 30.0
MOST_COUNTED = 10_000
RECORDS = 5_000

IS_CURRENT = "select behind from eventkit.comparison where life = eventkit.life()"
ACCEPTS = "select not exists (select from eventkit.comparison where behind is not null or life <> eventkit.life())"
NOTE = """
insert into eventkit.comparison (life, behind) values (eventkit.life(), %s)
on conflict (only_row) do update set life = excluded.life, behind = excluded.behind
"""
LACKING = """
select asked.place
from unnest(%s::uuid[], %s::uuid[], %s::integer[]) with ordinality as asked (event_id, aggregate_id, version, place)
left join eventkit.journal on journal.aggregate_id = asked.aggregate_id and journal.aggregate_version = asked.version
where journal.event_id is distinct from asked.event_id order by asked.place
"""
REACHED = """
insert into eventkit.acknowledged as old (topic, partition, incarnation, position)
select * from unnest(%s::text[], %s::smallint[], %s::text[], %s::bigint[])
on conflict (topic, partition) do update set incarnation = excluded.incarnation,
    position = case when old.incarnation = excluded.incarnation
        then greatest(old.position, excluded.position) else excluded.position end
"""
SHORT = (
    "a topic of ours has lost events that the broker had acknowledged. The journal has them: stop this service, run"
    " `update eventkit.relay_mark set incarnation = ''; delete from eventkit.acknowledged`, and start it; all of it is"
    " sent again, and readers drop what they had"
)


class JournalBehindError(CannotStartError):
    """The topic has events that this journal lacks: the database was restored from the past."""


@dataclass(frozen=True)
class Told:
    """One of our events as it stands on our topic."""

    event_id: UUID
    aggregate_id: UUID
    version: int
    topic: str
    partition: int
    offset: int
    incarnation: str
    """The life of the topic that whoever sent it knew; consumers skip records of another."""
    key: UUID
    traceparent: str | None
    value: bytes


class TopicShortError(CannotStartError):
    """The topic has lost what the broker had acknowledged."""


def compare(
    connection: psycopg.Connection[Any],
    broker: str,
    places: Sequence[Place],
    lives: Mapping[str, str],
    beat: Callable[[], None] = lambda: None,
) -> None:
    """Opens the journal for recording if it has everything that stands at its places.

    Looks there only if that was not done since the server started, and calls `beat` for every batch it reads.
    Raises JournalBehindError, TopicShortError, KafkaError.
    """
    refuse_if_behind(connection)
    if connection.execute(IS_CURRENT).fetchone():
        return
    read: dict[Place, int] = {}
    try:
        behind = _difference(lacking(connection, broker, places, lives, read, beat))
    except OffsetOutOfRangeError as error:
        raise TopicShortError(SHORT) from error
    connection.execute(NOTE, (behind,))
    if behind:
        raise JournalBehindError(behind)
    if read:
        note_reached(connection, read, lives)


def refuse_if_behind(connection: psycopg.Connection[Any]) -> None:
    """Raises JournalBehindError when a comparison since the server's start has found the journal lacking."""
    current = connection.execute(IS_CURRENT).fetchone()
    if current and current[0]:
        raise JournalBehindError(current[0])


def note_reached(connection: psycopg.Connection[Any], reached: Mapping[Place, int], lives: Mapping[str, str]) -> None:
    """Keeps up to where the broker has acknowledged our events, by place."""
    topics, partitions = [topic for topic, _ in reached], [partition for _, partition in reached]
    connection.execute(REACHED, (topics, partitions, [lives[topic] for topic in topics], list(reached.values())))


def lacking(
    connection: psycopg.Connection[Any],
    broker: str,
    places: Sequence[Place],
    lives: Mapping[str, str],
    read: dict[Place, int],
    beat: Callable[[], None] = lambda: None,
) -> Iterator[Told]:
    """Events on the topics that the journal does not have, in the order they stand there, repeats with them.

    `read` is told how far was read. Raises KafkaError.
    """
    rows = connection.execute("select topic, partition, incarnation, position from eventkit.acknowledged").fetchall()
    known = {(topic, partition): position for topic, partition, life, position in rows if lives.get(topic) == life}
    for batch in read_on(broker, {place: known.get(place, 0) for place in places}):
        told = [each for each in map(_told, batch) if each and each.incarnation == lives[each.topic]]
        columns = (
            [each.event_id for each in told],
            [each.aggregate_id for each in told],
            [each.version for each in told],
        )
        for (place,) in connection.execute(LACKING, columns).fetchall():
            yield told[place - 1]
        beat()
        read |= {(record.topic, record.partition): record.offset + 1 for record in batch}


def read_on(broker: str, starts: Mapping[Place, int]) -> Iterator[list[Any]]:
    """Batches of records, at every place from its start to its end.

    Raises KafkaError; OffsetOutOfRangeError, which is one, where a place ends before its start.
    """
    consumer = KafkaConsumer(
        bootstrap_servers=broker,
        enable_auto_commit=False,
        auto_offset_reset="none",
        allow_auto_create_topics=False,
        fetch_max_wait_ms=POLL_MS,
        max_poll_records=RECORDS,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        **connecting.BROKER,
    )
    places = {TopicPartition(*place): position for place, position in starts.items()}
    try:
        consumer.assign(list(places))
        for place, position in places.items():
            consumer.seek(place, position)
        silent_since = time.monotonic()
        while any(_goes_on(consumer, place) for place in places):
            batch = [record for records in consumer.poll(timeout_ms=POLL_MS).values() for record in records]
            silent_since = time.monotonic() if batch else silent_since
            if time.monotonic() - silent_since > PATIENCE_SECONDS:
                raise KafkaTimeoutError("the broker does not send what stands on a topic")
            yield batch
    finally:
        consumer.close(autocommit=False)


def _goes_on(consumer: Any, place: Any) -> bool:
    """The embedded broker's end offsets are not to be trusted: an end is known once something was fetched."""
    end = consumer.highwater(place)
    return end is None or consumer.position(place) < end


def _difference(lacks: Iterator[Told]) -> str | None:
    first, count = None, 0
    for told in lacks:
        first, count = first or told, count + 1
        if count == MOST_COUNTED:
            break
    if first is None:
        return None
    number = f"{count} or more" if count == MOST_COUNTED else str(count)
    return (
        f"this database was restored from the past: its journal lacks {number} events that stand on {first.topic}, the"
        f" first at partition {first.partition}, offset {first.offset}. Nothing is recorded and nothing sent, or there"
        " would be two histories. docs/runbook.md, LubanJournalBehind, says how to bring it to today"
    )


def _told(record: Any) -> Told | None:
    """None for a record without our headers: the consumers will bury it, and it says nothing of our journal."""
    named = dict(record.headers)
    try:
        return Told(
            UUID(named[EVENT_ID].decode()),
            UUID(named[AGGREGATE_ID].decode()),
            int(named[AGGREGATE_VERSION]),
            record.topic,
            record.partition,
            record.offset,
            named[INCARNATION].decode(),
            UUID(bytes=record.key),
            traceparent_of(record.headers),
            record.value,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
