"""The consumer: the group assigns partitions, the database says where to read on, a transaction applies each batch."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import (
    InvalidSessionTimeoutError,
    KafkaError,
    LogTruncationError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from kafka.structs import OffsetAndMetadata
from sqlalchemy.exc import DBAPIError

from luban.eventkit import connecting, metrics, positions
from luban.eventkit.apply import apply, arrival, bury_record
from luban.eventkit.dispatch import Subscriptions, is_transient
from luban.eventkit.envelope import MalformedError
from luban.eventkit.headers import INCARNATION, names_of, readable, value_of
from luban.eventkit.inbox import Arrival, Origin
from luban.eventkit.incarnation import Incarnations
from luban.eventkit.lag import Lag
from luban.eventkit.log_ends import LogCutError, LogEnds, recognise
from luban.eventkit.positions import FencedError, Place
from luban.eventkit.pulse import Pulse
from luban.eventkit.rejoins import keep_rejoins, leave_only_when_joined
from luban.eventkit.settings import Profile, Settings
from luban.eventkit.tracing import batch_spans
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork

log = logging.getLogger(__name__)

POLL_MS = 250
PAUSE_SECONDS = 0.5
GROUP_COMMIT_SECONDS = 5.0
SESSION_MS: Mapping[Profile, int] = {"embedded": 4_000, "production": 10_000}
"""How long a group keeps the place of a member that is not heard of.

The embedded broker lets nobody join meanwhile, and looks again only three seconds later. A worker that was killed and
started again, which takes two seconds, is in at its first try when its predecessor's place is gone by then; with 6 s it
was now and then out for thirteen.
"""


class RebornError(Exception):
    """A topic began another life while this consumer read it."""


class _NoteAssignment(ConsumerRebalanceListener):  # type: ignore[misc]  # kafka-python ships no types
    """Only takes note: it runs inside kafka-python's own loop, where waiting for a database would stop heartbeats."""

    def __init__(self, consumer: "Consumer") -> None:
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: Any) -> None:
        """Nothing to do: positions are compared in the transaction."""

    def on_partitions_assigned(self, assigned: Any) -> None:  # noqa: ARG002  # kafka-python's signature
        """From now on nothing polled counts until the positions were taken."""
        self._consumer.reassigned = True


class Consumer:
    """Reads one service's topics until stopped."""

    def __init__(self, subscriptions: Subscriptions, units: UnitsOfWork, settings: Settings) -> None:
        self._subscriptions = subscriptions
        self._units = units
        self._settings = settings
        self._incarnations = Incarnations(settings.broker, settings.profile)
        self._lives: dict[str, str] = {}
        self._expected: dict[Place, int] = {}
        self._ends = LogEnds()
        self._committed_at = 0.0
        self._kafka: Any = None
        self._manner: Profile = settings.profile
        self.pulse = Pulse()
        self.lag = Lag()
        self.reassigned = False
        self.applied = 0
        self.fenced = 0

    @property
    def broker_age(self) -> float:
        """Seconds since the broker last answered."""
        return self._incarnations.age

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; outages only pause it.

        Raises TopicMismatchError, LogCutError, or what says the code is wrong.
        """
        while not stop.is_set():
            try:
                self._open()
                while not stop.is_set():
                    self._step(stop)
            except (KafkaError, OSError) as error:
                log.warning("consumer pauses: %s", type(error).__name__)
                if isinstance(error, InvalidSessionTimeoutError):
                    self._manner = "production"  # a stack that began on the embedded broker and is now on another
                self.pulse.beat()
                stop.wait(PAUSE_SECONDS)
            finally:
                self._close()

    def _open(self) -> None:
        embedded = self._manner == "embedded"
        self._kafka = KafkaConsumer(
            bootstrap_servers=self._settings.broker,
            group_id=f"{self._settings.group_prefix}.{self._subscriptions.consumer}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            # The embedded broker holds every join for this long; Apache Kafka answers at once.
            max_poll_interval_ms=3_000 if embedded else 300_000,
            session_timeout_ms=SESSION_MS[self._manner],
            heartbeat_interval_ms=1_000,
            max_poll_records=self._settings.consumer_batch,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            **connecting.BROKER,
        )
        keep_rejoins(self._kafka)
        leave_only_when_joined(self._kafka)
        self._kafka.subscribe(self._subscriptions.topics, listener=_NoteAssignment(self))

    def _close(self) -> None:
        kafka, self._kafka = self._kafka, None
        self.lag.forget()
        if kafka is not None:
            try:
                kafka.close(autocommit=False)
            except (KafkaError, OSError) as error:
                log.warning("consumer left without a word: %s", type(error).__name__)
        self._incarnations.close()

    def seek(self) -> None:
        """Takes every assigned partition's position from the database. Raises what database or broker raise."""
        self.reassigned = False
        assigned = self._kafka.assignment()
        self._lives = dict(self._incarnations.refresh())
        places = [(place.topic, place.partition) for place in assigned]
        with self._units.read(self._cause()) as uow:
            self._expected = positions.load(uow, self._subscriptions.consumer, places, self._lives)
        for (topic, partition), position in self._expected.items():
            # One record earlier: whether that is the one that was read tells whether the log is still the one it was.
            self._kafka.seek(TopicPartition(topic, partition), max(0, position - 1))
        self.lag.begin()

    def _step(self, stop: threading.Event) -> None:
        self.pulse.beat()
        try:
            polled = self._kafka.poll(timeout_ms=POLL_MS)
            if self.reassigned:
                self._seek_when_possible(stop)
                return
            self._notice_rebirth()
            self._ends.compare(self._expected, {place: self._end_of(place) for place in self._expected})
            self._apply(polled)
            self._tell_the_group()
            self.lag.note(self._expected, self._end_of)
        except RebornError:
            log.info("a topic began anew, reading it from its start")
            self._seek_when_possible(stop)
        except FencedError as error:
            self.fenced += 1
            metrics.FENCED.inc()
            log.warning("fenced: %s", error)
            self._seek_when_possible(stop)
        except NoOffsetForPartitionError:
            self._seek_when_possible(stop)
        except (OffsetOutOfRangeError, LogTruncationError) as error:
            self._refuse_unless_reborn(error)
            self._seek_when_possible(stop)
        except (DBAPIError, psycopg.Error) as error:
            if not is_transient(error):
                raise
            log.warning("database away, consumption pauses: %s", type(error).__name__)
            self._seek_when_possible(stop)

    def _notice_rebirth(self) -> None:
        if self._lives and any(self._incarnations.current()[topic] != life for topic, life in self._lives.items()):
            raise RebornError

    def _refuse_unless_reborn(self, error: KafkaError) -> None:
        if self._incarnations.refresh() == self._lives:
            raise LogCutError(error) from error

    def _seek_when_possible(self, stop: threading.Event) -> None:
        """Stays in the group with everything paused until the positions could be taken anew."""
        while not stop.is_set():
            self.pulse.beat()
            self._kafka.pause(*self._kafka.assignment())
            try:
                self._kafka.poll(timeout_ms=0)
                self.seek()
            except LogTruncationError as error:
                self._refuse_unless_reborn(error)
            except (DBAPIError, psycopg.Error, KafkaError) as error:
                log.warning("cannot take positions yet: %s", type(error).__name__)
                stop.wait(PAUSE_SECONDS)
            else:
                self._kafka.resume(*self._kafka.assignment())
                return

    def _apply(self, polled: Mapping[Any, Sequence[Any]]) -> None:
        batch = {(place.topic, place.partition): records for place, records in polled.items() if records}
        if not batch:
            return
        self._refuse_a_leap(batch)
        began = time.monotonic()
        starts = {place: self._expected[place] for place in batch}
        reached = {place: records[-1].offset + 1 for place, records in batch.items()}
        with self._units.begin(self._cause()) as uow:
            positions.lock(uow, self._subscriptions.consumer, starts, self._lives)
            arrivals = self._read(uow, batch)
            topic = ",".join(sorted({place[0] for place in batch}))
            with batch_spans(topic, (event.traceparent for event in arrivals)) as uow.continued:
                report = apply(uow, self._subscriptions, arrivals)
            positions.move(uow, self._subscriptions.consumer, reached)
        self._expected.update(reached)
        metrics.batch(sum(map(len, batch.values())), time.monotonic() - began)
        report.tell(self._subscriptions.consumer)
        self.applied += report.applied

    def _refuse_a_leap(self, batch: Mapping[Place, Sequence[Any]]) -> None:
        """Topics have no holes: records past the expected position mean that the client read on from elsewhere."""
        for place, records in batch.items():
            if records[0].offset > self._expected.get(place, -1):
                raise FencedError(f"{place} was read from {records[0].offset}, expected {self._expected.get(place)}")

    def _read(self, uow: UnitOfWork, batch: Mapping[Place, Sequence[Any]]) -> list[Arrival]:
        arrivals = []
        for (topic, partition), records in batch.items():
            life, expected = self._lives[topic], self._expected[topic, partition]
            for record in records:
                origin = Origin(topic, partition, life, record.offset)
                if value_of(record.headers, INCARNATION) not in (life, None):
                    self._foreign(topic)
                elif record.offset >= expected:
                    arrivals += self._arrival(uow, record, origin)
                else:
                    recognise(uow, self._subscriptions.consumer, origin, record.headers)
        return arrivals

    def _arrival(self, uow: UnitOfWork, record: Any, origin: Origin) -> list[Arrival]:
        """One arrival, or none of bytes that are no event: those are a dead letter."""
        try:
            return [arrival(self._units.keyring, origin, record.key, record.headers, record.value or b"")]
        except MalformedError as error:
            self._bury(uow, record, origin, str(error))
            return []

    def _foreign(self, topic: str) -> None:
        """A record of another life: either ours is out of date, or the relay's was when it sent."""
        if self._incarnations.refresh()[topic] != self._lives[topic]:
            raise RebornError

    def _bury(self, uow: UnitOfWork, record: Any, origin: Origin, detail: str) -> None:
        bury_record(
            uow,
            self._subscriptions.consumer,
            origin,
            names=names_of(readable(record.headers)),
            why=("undecodable", detail, 1),
            record=(record.key, record.headers, record.value),
        )
        metrics.UNDECODABLE.inc()
        place = {"topic": origin.topic, "partition": origin.partition, "offset": origin.position}
        log.error("undecodable: %s", detail, extra={"fields": {"consumer": self._subscriptions.consumer, **place}})

    def _end_of(self, place: Place) -> int | None:
        """Where a partition ended when it was last fetched; None before, and for one that was just taken away."""
        partition = TopicPartition(*place)
        return self._kafka.highwater(partition) if partition in self._kafka.assignment() else None

    def _tell_the_group(self) -> None:
        """Offsets for lag monitors only; nobody reads on from them."""
        if time.monotonic() - self._committed_at >= GROUP_COMMIT_SECONDS and self._expected:
            self._committed_at = time.monotonic()
            self._kafka.commit_async(
                {
                    TopicPartition(topic, partition): OffsetAndMetadata(position, "", -1)
                    for (topic, partition), position in self._expected.items()
                }
            )

    def _cause(self) -> Cause:
        return Cause(actor=f"consumer:{self._subscriptions.consumer}")
