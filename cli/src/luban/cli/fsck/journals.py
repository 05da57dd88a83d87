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
select seq, event_id, aggregate_id, aggregate_version, event_type, topic, value from eventkit.journal
where seq > %s order by seq
"""
FETCH = 5000


@dataclass
class Journal:
    """A service's events, as its topic and its readers must show them."""

    service: str
    url: str
    seen: int = 0
    """Highest row read so far."""
    digests: dict[UUID, bytes] = field(default_factory=dict)
    """SHA-256 of each event's bytes, by event id."""
    history: dict[tuple[UUID, int], UUID] = field(default_factory=dict)
    """Event id by aggregate and version."""
    place: dict[UUID, tuple[UUID, int]] = field(default_factory=dict)
    """Aggregate and version by event id."""
    types: dict[UUID, str] = field(default_factory=dict)
    """Type by event id."""
    confirmations: dict[tuple[str, int], UUID] = field(default_factory=dict)
    """Event id of every ResultConfirmed, by result and confirmation."""
    without_level: set[UUID] = field(default_factory=set)
    """Special-ability certificates, which count for no level's eligibility."""
    pending: set[UUID] = field(default_factory=set)
    """Events whose pointer stood in the outbox at the first reading."""
    broken_bytes: list[UUID] = field(default_factory=list)
    broken_chain: list[UUID] = field(default_factory=list)

    def read_on(self) -> None:
        """Reads what was recorded since the last reading, checking every row as it comes."""
        with psycopg.connect(self.url) as connection:
            for seq, event_id, aggregate_id, version, event_type, topic, value in _rows(connection, self.seen):
                self._take(Event.FromString(value), event_id, (aggregate_id, version), event_type, topic)
                self.digests[event_id] = sha256(value).digest()
                self.seen = seq

    def of_type(self, event_type: str) -> Iterator[UUID]:
        """Ids of all events of a type."""
        return (event for event, name in self.types.items() if name == event_type)

    def _take(self, envelope: Event, event_id: UUID, place: tuple[UUID, int], event_type: str, topic: str) -> None:
        spec = SPEC_OF_FIELD[envelope.WhichOneof("payload") or ""]
        says = (envelope.id, envelope.aggregate_id, envelope.aggregate_version, spec.name, spec.topic.name)
        if says != (str(event_id), str(place[0]), place[1], event_type, topic):
            self.broken_bytes.append(event_id)
        previous = self.history.get((place[0], place[1] - 1))
        if envelope.previous_id != (str(previous) if previous else "") or (place[1] > 1 and previous is None):
            self.broken_chain.append(event_id)
        self.history[place] = event_id
        self.place[event_id] = place
        self.types[event_id] = event_type
        if event_type == "ResultConfirmed":
            body = envelope.result_confirmed
            self.confirmations[(body.result_id, body.confirmation_no)] = event_id
        elif event_type == "CertificateIssued" and not envelope.certificate_issued.HasField("level"):
            self.without_level.add(place[0])


def read_journal(service: str, url: str) -> Journal:
    """A first reading: the outbox before the journal, so that what is pending is in it."""
    journal = Journal(service, url)
    with psycopg.connect(url) as connection:
        pending = connection.execute("select event_id from eventkit.outbox join eventkit.journal using (seq)")
        journal.pending = {event_id for (event_id,) in pending}
    journal.read_on()
    return journal


def check_journal(journal: Journal) -> list[Check]:
    """What a journal shows of itself."""
    with psycopg.connect(journal.url) as connection:
        orphans = connection.execute(
            "select seq from eventkit.outbox o where not exists (select from eventkit.journal j where j.seq = o.seq)"
        ).fetchall()
    name, total = journal.service, len(journal.digests)
    return [
        check(f"{name}: every event's bytes say what its row says", total, journal.broken_bytes),
        check(f"{name}: each aggregate's events are 1, 2, 3 … and name their predecessor", total, journal.broken_chain),
        check(f"{name}: the outbox points into the journal", len(journal.pending), orphans),
    ]


def _rows(connection: psycopg.Connection, after: int) -> Iterator[tuple[int, UUID, UUID, int, str, str, bytes]]:
    with connection.cursor(name="fsck", binary=True) as cursor:
        cursor.itersize = FETCH
        cursor.execute(ROWS, (after,))
        yield from cursor
