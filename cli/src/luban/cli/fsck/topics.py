"""What the topics must show: every acknowledged event, unchanged."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, KafkaTimeoutError, OffsetOutOfRangeError

from luban.cli.fsck.check import Check, check
from luban.cli.fsck.journals import Journal
from luban.cli.stack import StackError
from luban.contracts.catalogue import EVENT_TOPICS, SPEC_OF_FIELD
from luban.events.v1.event_pb2 import Event

SILENCE_SECONDS = 30.0
POLL_MS = 300


@dataclass
class Log:
    """What stands on a topic in its present life."""

    incarnation: str
    digests: dict[UUID, bytes] = field(default_factory=dict)
    first_at: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    """Partition and offset of an event's first record."""
    records: int = 0


def read_topics(broker: str) -> dict[str, Log]:
    """Every record of every event topic, as of its present life. Raises StackError when the broker does not answer."""
    try:
        return _read(broker)
    except KafkaError as error:
        raise StackError(f"the broker at {broker} does not answer: {type(error).__name__}") from error


def _read(broker: str) -> dict[str, Log]:
    admin = KafkaAdminClient(bootstrap_servers=broker)
    described = {topic["name"]: topic for topic in admin.describe_topics([topic.name for topic in EVENT_TOPICS])}
    admin.close()
    logs = {name: Log(str(topic["topic_id"])) for name, topic in described.items()}
    places = [TopicPartition(name, each["partition_index"]) for name in logs for each in described[name]["partitions"]]
    for record in _records(broker, places):
        _take(logs[record.topic], record)
    return logs


def _records(broker: str, places: list[Any]) -> Iterator[Any]:
    consumer = KafkaConsumer(
        bootstrap_servers=broker, enable_auto_commit=False, auto_offset_reset="earliest", max_poll_records=5000
    )
    consumer.assign(places)
    for place in places:
        consumer.seek(place, 0)
    heard_at = time.monotonic()
    try:
        while not all(_is_read(consumer, place) for place in places):
            polled = consumer.poll(timeout_ms=POLL_MS)
            if polled:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > SILENCE_SECONDS:
                raise KafkaTimeoutError(f"nothing read in {SILENCE_SECONDS:.0f} s")
            for records in polled.values():
                yield from records
    except OffsetOutOfRangeError:
        return
    finally:
        consumer.close()


def _is_read(consumer: KafkaConsumer, place: Any) -> bool:
    """By the high-water mark of the last fetch: the embedded broker's other answers about ends are wrong."""
    end = consumer.highwater(place)
    return end is not None and consumer.position(place) >= end


def _take(log: Log, record: Any) -> None:
    life = next((value.decode() for key, value in record.headers if key == "luban_incarnation"), "")
    if life != log.incarnation:
        return
    log.records += 1
    event_id = UUID(Event.FromString(record.value).id)
    log.digests[event_id] = sha256(record.value).digest()
    log.first_at.setdefault(event_id, (record.partition, record.offset))


def check_lost(journal: Journal, topic: str, log: Log) -> Check:
    """Every event that was struck out of the outbox is on the topic. `journal` was read before the topic."""
    lost = (event for event in journal.digests if event not in log.digests and event not in journal.pending)
    return check(f"{topic}: every acknowledged event is on the topic", len(journal.digests), lost)


def check_changed(journal: Journal, topic: str, log: Log) -> Check:
    """Every record of ours is an event of the journal. `journal` was read on after the topic."""
    changed = (event for event, digest in log.digests.items() if journal.digests.get(event) != digest)
    return check(f"{topic}: every record is an event of the journal, byte by byte", log.records, changed)


def topic_of_owner(service: str) -> str:
    """The topic a service writes."""
    return next(topic.name for topic in EVENT_TOPICS if topic.owner == service)


def consumed_by(service: str) -> list[str]:
    """The topics a service reads, by the catalogue."""
    return sorted({spec.topic.name for spec in SPEC_OF_FIELD.values() if service in spec.handled_by})


Journals = Mapping[str, Journal]
"""By topic."""
