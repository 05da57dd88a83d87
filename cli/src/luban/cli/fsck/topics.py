"""What the topics must show: every acknowledged event, unchanged; and of what was read, nothing lost on the way in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import OffsetOutOfRangeError

from luban.cli.fsck.check import Check, check
from luban.cli.fsck.journals import Journal
from luban.contracts.catalogue import EVENT_TOPICS, SPEC_OF_FIELD
from luban.events.v1.event_pb2 import Event

IDLE_POLLS = 3
POLL_MS = 500


@dataclass
class Log:
    """What stands on a topic in its present life."""

    incarnation: str
    digests: dict[UUID, bytes] = field(default_factory=dict)
    first_at: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    """Partition and offset of an event's first record."""
    records: int = 0
    strange: list[str] = field(default_factory=list)


def read_topics(broker: str) -> dict[str, Log]:
    """Every record of every event topic."""
    admin = KafkaAdminClient(bootstrap_servers=broker)
    described = {topic["name"]: topic for topic in admin.describe_topics([topic.name for topic in EVENT_TOPICS])}
    admin.close()
    logs = {name: Log(str(topic["topic_id"])) for name, topic in described.items()}
    places = [TopicPartition(name, p["partition_index"]) for name, topic in described.items() for p in topic["partitions"]]
    for record in _records(broker, places):
        _take(logs[record.topic], record)
    return logs


def _records(broker: str, places: list[Any]) -> Iterator[Any]:
    consumer = KafkaConsumer(
        bootstrap_servers=broker, enable_auto_commit=False, auto_offset_reset="earliest", max_poll_records=5000
    )
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    idle = 0
    try:
        # The embedded broker's end offsets are not to be trusted: what ends the reading is silence.
        while idle < IDLE_POLLS:
            polled = consumer.poll(timeout_ms=POLL_MS)
            idle = 0 if polled else idle + 1
            for records in polled.values():
                yield from records
    except OffsetOutOfRangeError:
        return
    finally:
        consumer.close()


def _take(log: Log, record: Any) -> None:
    life = next((value.decode() for key, value in record.headers if key == "luban_incarnation"), "")
    if life != log.incarnation:
        return
    log.records += 1
    try:
        event_id = UUID(Event.FromString(record.value).id)
    except Exception:  # any bytes may stand on a topic
        log.strange.append(f"{record.partition}/{record.offset}")
        return
    log.digests[event_id] = sha256(record.value).digest()
    log.first_at.setdefault(event_id, (record.partition, record.offset))


def check_published(journal: Journal, topic: str, log: Log) -> list[Check]:
    """Journal against topic."""
    lost = (each for each in journal.digests if each not in log.digests and each not in journal.pending)
    changed = (each for each, digest in log.digests.items() if journal.digests.get(each) != digest)
    return [
        check(f"{topic}: every acknowledged event is on the topic", len(journal.digests), lost),
        check(f"{topic}: every record is an event of the journal, byte by byte", log.records, changed),
    ]


def check_applied(consumer: str, url: str, handled: Mapping[str, Journal], logs: Mapping[str, Log]) -> list[Check]:
    """Everything that a consumer has read past was applied, or waits, or is a dead letter; and nothing else was."""
    with psycopg.connect(url) as connection:
        positions = {
            (topic, partition): position
            for topic, partition, life, position in connection.execute(
                "select topic, partition, incarnation, position from eventkit.consumer_offset where consumer = %s",
                (consumer,),
            )
            if topic in logs and logs[topic].incarnation == life
        }
        inbox = {
            aggregate: (version, event)
            for aggregate, version, event in connection.execute(
                "select aggregate_id, version, event_id from eventkit.inbox where consumer = %s", (consumer,)
            )
        }
        parked = connection.execute(
            "select event_id, reason from eventkit.parked where consumer = %s", (consumer,)
        ).fetchall()
    waiting = {event for event, _ in parked}
    return [
        check(
            f"{consumer}: what was read was applied or waits",
            sum(len(logs[topic].digests) for topic in handled),
            _unapplied(positions, inbox, waiting, handled, logs),
        ),
        check(f"{consumer}: the inbox agrees with the journal", len(inbox), _foreign(inbox, handled)),
        check(f"{consumer}: no event waits or is dead", len(parked), (f"{event} ({why})" for event, why in parked)),
    ]


def _unapplied(
    positions: Mapping[tuple[str, int], int],
    inbox: Mapping[UUID, tuple[int, UUID]],
    waiting: set[UUID],
    handled: Mapping[str, Journal],
    logs: Mapping[str, Log],
) -> Iterator[UUID]:
    for topic, journal in handled.items():
        version_of = {event: version for (_, version), event in journal.history.items()}
        for event, (partition, offset) in logs[topic].first_at.items():
            if offset >= positions.get((topic, partition), 0) or event in waiting or event not in version_of:
                continue
            if inbox.get(journal.aggregates[event], (0, None))[0] < version_of[event]:
                yield event


def _foreign(inbox: Mapping[UUID, tuple[int, UUID]], handled: Mapping[str, Journal]) -> Iterator[UUID]:
    for aggregate, (version, event) in inbox.items():
        if all(journal.history.get((aggregate, version)) != event for journal in handled.values()):
            yield aggregate


def topic_of_owner(service: str) -> str:
    """The topic a service writes."""
    return next(topic.name for topic in EVENT_TOPICS if topic.owner == service)


def consumes(service: str) -> list[str]:
    """The topics a service reads, by the catalogue."""
    return sorted({spec.topic.name for spec in SPEC_OF_FIELD.values() if service in spec.handled_by})
