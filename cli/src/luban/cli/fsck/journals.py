"""What every service's journal must be: unbroken histories, bytes that say what their rows say."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import psycopg

from luban.cli.fsck.check import Check, check
from luban.contracts.catalogue import SPEC_OF_FIELD
from luban.events.v1.event_pb2 import Event

ROWS = """
select event_id, aggregate_id, aggregate_version, event_type, topic, partition, value from eventkit.journal order by seq
"""
FETCH = 5000


@dataclass
class Journal:
    """A service's events as the topics must show them."""

    service: str
    digests: dict[UUID, bytes] = field(default_factory=dict)
    """SHA-256 of each event's bytes, by event id."""
    types: dict[UUID, str] = field(default_factory=dict)
    history: dict[tuple[UUID, int], UUID] = field(default_factory=dict)
    """Event id by aggregate and version."""
    pending: set[UUID] = field(default_factory=set)
    """Events whose pointer still stands in the outbox."""
    aggregates: dict[UUID, UUID] = field(default_factory=dict)
    """Aggregate by event id."""


def read_journal(service: str, url: str) -> tuple[Journal, list[Check]]:
    """Reads a journal once, checking every row against its bytes and its predecessor."""
    journal = Journal(service)
    broken_bytes: list[UUID] = []
    broken_chain: list[UUID] = []
    with psycopg.connect(url) as connection:
        journal.pending = {
            row[0] for row in connection.execute("select event_id from eventkit.outbox join eventkit.journal using (seq)")
        }
        for event_id, aggregate_id, version, event_type, topic, _, value in _rows(connection):
            envelope = Event.FromString(value)
            if not _says_the_same(envelope, event_id, aggregate_id, version, event_type, topic):
                broken_bytes.append(event_id)
            previous = journal.history.get((aggregate_id, version - 1))
            if envelope.previous_id != (str(previous) if previous else "") or (version > 1 and previous is None):
                broken_chain.append(event_id)
            journal.digests[event_id] = sha256(value).digest()
            journal.types[event_id] = event_type
            journal.history[(aggregate_id, version)] = event_id
            journal.aggregates[event_id] = aggregate_id
        orphans = connection.execute(
            "select seq from eventkit.outbox o where not exists (select from eventkit.journal j where j.seq = o.seq)"
        ).fetchall()
    total = len(journal.digests)
    return journal, [
        check(f"{service}: every event's bytes say what its row says", total, broken_bytes),
        check(f"{service}: every aggregate's events are 1, 2, 3 … and name their predecessor", total, broken_chain),
        check(f"{service}: the outbox points into the journal", len(journal.pending), orphans),
    ]


def _rows(connection: psycopg.Connection) -> Iterator[tuple[UUID, UUID, int, str, str, int, bytes]]:
    with connection.cursor(name="fsck", binary=True) as cursor:
        cursor.itersize = FETCH
        cursor.execute(ROWS)
        yield from cursor


def _says_the_same(
    envelope: Event, event_id: UUID, aggregate_id: UUID, version: int, event_type: str, topic: str
) -> bool:
    spec = SPEC_OF_FIELD[envelope.WhichOneof("payload") or ""]
    return (envelope.id, envelope.aggregate_id, envelope.aggregate_version, spec.name, spec.topic.name) == (
        str(event_id),
        str(aggregate_id),
        version,
        event_type,
        topic,
    )
