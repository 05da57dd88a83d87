"""An operator's replay: what waits tried again, a topic applied from its start, a read state made anew.

Each is one transaction, or several, that can be undone after it has told what it did: that is the dry run.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from luban.eventkit import positions
from luban.eventkit.apply import PARKED_COLUMNS, Report, apply, arrival, from_parked
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import MalformedError
from luban.eventkit.headers import INCARNATION, packed, value_of
from luban.eventkit.inbox import Arrival, Origin
from luban.eventkit.incarnation import Incarnations
from luban.eventkit.positions import Place
from luban.eventkit.settings import Settings
from luban.eventkit.starting import CannotStartError
from luban.eventkit.tracing import batch_spans
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork

AGGREGATES = 200
"""Aggregates whose waiting events one transaction tries."""
POLL_MS = 500
MOST_SILENT_POLLS = 40

WAITING = """
select distinct topic, partition, aggregate_id from eventkit.parked where consumer = %s
order by topic, partition, aggregate_id
"""
ROWS = f"""
select {PARKED_COLUMNS} from eventkit.parked where consumer = %s and aggregate_id = any(%s)
order by aggregate_id, version
"""  # noqa: S608  # constants only
UNDECODED = """
select id, topic, partition, incarnation, position, key, headers, value from eventkit.dead_letter
where consumer = %s and reason = 'undecodable' and replayed_at is null order by topic, partition, position
"""
SUM = "select count(*), md5(coalesce(string_agg(md5(row::text), '' order by md5(row::text)), '')) from {} as row"


class LogTooShortError(CannotStartError):
    """The topic ends before the place that the consumer has reached."""


@dataclass(frozen=True)
class Table:
    """A table before and after it was made anew: rows, and a checksum over all of them in any order."""

    rows_before: int
    rows_after: int
    checksum_before: str
    checksum_after: str


@dataclass
class Outcome:
    """What a replay did, or would have done."""

    applied: int = 0
    repeats: int = 0
    parked: int = 0
    undecodable: int = 0
    refused: list[Mapping[str, str]] = field(default_factory=list)
    """event_type, event_id, aggregate_id and detail of each."""
    tables: dict[str, Table] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        """Counts a batch."""
        self.applied += report.applied
        self.repeats += report.repeats
        self.parked += report.parked
        self.refused += [{**failure.fields, "detail": failure.detail} for failure in report.refused]

    def as_json(self) -> dict[str, Any]:
        """For a script."""
        return asdict(self)


class Replay:
    """One consumer's."""

    def __init__(self, subscriptions: Subscriptions, units: UnitsOfWork, settings: Settings, *, dry_run: bool) -> None:
        self._subscriptions = subscriptions
        self._consumer = subscriptions.consumer
        self._units = units
        self._settings = settings
        self._dry_run = dry_run

    def waiting(self) -> Outcome:
        """Tries every parked event, whatever it waits for, and every message that could not be read."""
        outcome = Outcome()
        with self._units.read(self._cause()) as uow:
            aggregates = uow.sql(WAITING, (self._consumer,)).fetchall()
        for at in range(0, len(aggregates), AGGREGATES):
            chunk = aggregates[at : at + AGGREGATES]
            self._transaction(lambda uow, chunk=chunk: outcome.add(self._try(uow, chunk)))  # type: ignore[misc]
        self._transaction(lambda uow: self._read_again(uow, outcome))
        return outcome

    def from_start(self) -> Outcome:
        """Applies the topics from their start to where the consumer stands; what it had before are repeats."""
        outcome = Outcome()
        self._transaction(lambda uow: self._apply_log(uow, outcome))
        return outcome

    def rebuild(self) -> Outcome:
        """Empties the read state and makes it anew from the topics, in one transaction: readers see the old one until
        it ends. Raises CannotStartError for a service whose tables do not follow from events alone."""
        tables = self._subscriptions.read_state
        if not tables:
            raise CannotStartError(f"{self._consumer} has no read state that follows from events alone")
        outcome = Outcome()
        self._transaction(lambda uow: self._rebuild(uow, tables, outcome))
        return outcome

    def _rebuild(self, uow: UnitOfWork, tables: tuple[str, ...], outcome: Outcome) -> None:
        before = {table: _sum(uow, table) for table in tables}
        for table in tables:
            uow.sql(f"delete from {table}")  # noqa: S608  # a service's own constant
        uow.sql("delete from eventkit.inbox where consumer = %s", (self._consumer,))
        self._apply_log(uow, outcome)
        for table in tables:
            (rows, checksum), (rows_after, checksum_after) = before[table], _sum(uow, table)
            outcome.tables[table] = Table(rows, rows_after, checksum, checksum_after)

    def _transaction(self, work: Callable[[UnitOfWork], None]) -> None:
        with (self._units.rehearse if self._dry_run else self._units.begin)(self._cause()) as uow:
            work(uow)

    def _try(self, uow: UnitOfWork, chunk: list[Any]) -> Report:
        """The partitions' offset rows first: the consumer and a replay never apply events of one aggregate at once."""
        places = sorted({(topic, partition) for topic, partition, _ in chunk})
        uow.sql(
            "select 1 from eventkit.consumer_offset where consumer = %s and (topic, partition) in"
            ' (select * from unnest(%s::text[], %s::smallint[])) order by topic collate "C", partition for update',
            (self._consumer, [topic for topic, _ in places], [partition for _, partition in places]),
        )
        rows = uow.sql(ROWS, (self._consumer, [aggregate for *_, aggregate in chunk])).fetchall()
        return self._apply(uow, [from_parked(uow.keyring, row) for row in rows])

    def _apply(self, uow: UnitOfWork, arrivals: list[Arrival]) -> Report:
        topics = ",".join(sorted({event.origin.topic for event in arrivals}))
        with batch_spans(topics, (event.traceparent for event in arrivals)) as uow.continued:
            return apply(uow, self._subscriptions, arrivals)

    def _read_again(self, uow: UnitOfWork, outcome: Outcome) -> None:
        """Messages that were no events when they came: a newer version may read them."""
        for letter_id, topic, partition, life, position, key, headers, value in uow.sql(
            UNDECODED, (self._consumer,)
        ).fetchall():
            origin = Origin(topic, partition, life, position)
            try:
                event = arrival(uow.keyring, origin, key, packed(headers), value or b"")
            except MalformedError:
                outcome.undecodable += 1
                continue
            outcome.add(self._apply(uow, [event]))
            uow.sql("update eventkit.dead_letter set replayed_at = eventkit.now() where id = %s", (letter_id,))

    def _apply_log(self, uow: UnitOfWork, outcome: Outcome) -> None:
        incarnations = Incarnations(self._settings.broker, self._settings.profile)
        try:
            lives = dict(incarnations.refresh())
        finally:
            incarnations.close()
        reached = positions.hold(uow, self._consumer, lives)
        for batch in self._records(reached):
            arrivals = [event for record in batch for event in self._arrivals(uow, record, lives, outcome)]
            outcome.add(self._apply(uow, arrivals))

    def _arrivals(self, uow: UnitOfWork, record: Any, lives: Mapping[str, str], outcome: Outcome) -> list[Arrival]:
        if value_of(record.headers, INCARNATION) not in (lives[record.topic], None):
            return []
        origin = Origin(record.topic, record.partition, lives[record.topic], record.offset)
        try:
            return [arrival(uow.keyring, origin, record.key, record.headers, record.value or b"")]
        except MalformedError:
            outcome.undecodable += 1
            return []

    def _records(self, reached: Mapping[Place, int]) -> Iterator[list[Any]]:
        """Every record before the consumer's positions, in batches. Raises LogTooShortError."""
        left = {place: position for place, position in reached.items() if position}
        kafka = KafkaConsumer(
            bootstrap_servers=self._settings.broker, enable_auto_commit=False, auto_offset_reset="none",
            max_poll_records=self._settings.consumer_batch,
        )  # fmt: skip
        try:
            kafka.assign([TopicPartition(*place) for place in left])
            for place in left:
                kafka.seek(TopicPartition(*place), 0)
            silent = 0
            while left:
                polled = kafka.poll(timeout_ms=POLL_MS)
                silent = 0 if polled else silent + 1
                if silent > MOST_SILENT_POLLS:
                    raise LogTooShortError(f"the topics end before {left}: has a broker lost its log?")
                yield [record for each in polled.values() for record in _before(each, reached)]
                _strike(left, polled)
        finally:
            kafka.close()

    def _cause(self) -> Cause:
        return Cause(actor=f"consumer:{self._consumer}", reason="replay")


def _before(records: list[Any], reached: Mapping[Place, int]) -> list[Any]:
    return [record for record in records if record.offset < reached[record.topic, record.partition]]


def _strike(left: dict[Place, int], polled: Mapping[Any, list[Any]]) -> None:
    for place, records in polled.items():
        key = (place.topic, place.partition)
        if records and key in left and records[-1].offset + 1 >= left[key]:
            del left[key]


def _sum(uow: UnitOfWork, table: str) -> tuple[int, str]:
    row = uow.sql(SUM.format(table)).fetchone()
    assert row is not None
    return row[0], row[1]
