"""The consumer: the group assigns partitions, the database says where to read on, a transaction applies each batch."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata
from sqlalchemy.exc import DBAPIError

from luban.eventkit import positions
from luban.eventkit.apply import apply, arrival, bury_bytes
from luban.eventkit.dispatch import Subscriptions, is_transient
from luban.eventkit.envelope import MalformedError
from luban.eventkit.headers import INCARNATION, names_of, readable, value_of
from luban.eventkit.inbox import Arrival
from luban.eventkit.incarnation import Incarnations
from luban.eventkit.positions import FencedError, Place
from luban.eventkit.settings import Settings
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork

log = logging.getLogger(__name__)

POLL_MS = 250
PAUSE_SECONDS = 0.5
GROUP_COMMIT_SECONDS = 5.0


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
        self._committed_at = 0.0
        self._kafka: Any = None
        self.reassigned = False
        self.applied = 0
        self.fenced = 0

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; outages only pause it. Raises TopicMismatchError, or what says the code is wrong."""
        while not stop.is_set():
            try:
                self._open()
                while not stop.is_set():
                    self._step(stop)
            except (KafkaError, OSError) as error:
                log.warning("consumer pauses: %s", type(error).__name__)
                stop.wait(PAUSE_SECONDS)
            finally:
                self._close()

    def _open(self) -> None:
        embedded = self._settings.profile == "embedded"
        self._kafka = KafkaConsumer(
            bootstrap_servers=self._settings.broker,
            group_id=f"luban.{self._subscriptions.consumer}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            # The embedded broker holds every join for this long; Apache Kafka answers at once.
            max_poll_interval_ms=3_000 if embedded else 300_000,
            session_timeout_ms=6_000 if embedded else 10_000,
            heartbeat_interval_ms=1_000,
            max_poll_records=self._settings.consumer_batch,
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        self._kafka.subscribe(self._subscriptions.topics, listener=_NoteAssignment(self))

    def _close(self) -> None:
        kafka, self._kafka = self._kafka, None
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
            self._kafka.seek(TopicPartition(topic, partition), position)

    def _step(self, stop: threading.Event) -> None:
        try:
            polled = self._kafka.poll(timeout_ms=POLL_MS)
            if self.reassigned:
                self._seek_when_possible(stop)
                return
            self._notice_rebirth()
            self._apply(polled)
            self._tell_the_group()
        except RebornError:
            log.info("a topic began anew, reading it from its start")
            self._seek_when_possible(stop)
        except FencedError as error:
            self.fenced += 1
            log.warning("fenced: %s", error)
            self._seek_when_possible(stop)
        except (NoOffsetForPartitionError, OffsetOutOfRangeError):
            self._seek_when_possible(stop)
        except (DBAPIError, psycopg.Error) as error:
            if not is_transient(error):
                raise
            log.warning("database away, consumption pauses: %s", type(error).__name__)
            self._seek_when_possible(stop)

    def _notice_rebirth(self) -> None:
        if self._lives and any(self._incarnations.current()[topic] != life for topic, life in self._lives.items()):
            raise RebornError

    def _seek_when_possible(self, stop: threading.Event) -> None:
        """Stays in the group with everything paused until the positions could be taken anew."""
        while not stop.is_set():
            self._kafka.pause(*self._kafka.assignment())
            try:
                self._kafka.poll(timeout_ms=0)
                self.seek()
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
        starts = {place: self._expected[place] for place in batch}
        reached = {place: records[-1].offset + 1 for place, records in batch.items()}
        with self._units.begin(self._cause()) as uow:
            positions.lock(uow, self._subscriptions.consumer, starts, self._lives)
            report = apply(uow, self._subscriptions, self._read(uow, batch))
            positions.move(uow, self._subscriptions.consumer, reached)
        self._expected.update(reached)
        self.applied += report.applied
        for failure in report.refused:
            log.error("refused %s %s: %s", failure.event.event_type, failure.event.event_id, failure.detail)

    def _refuse_a_leap(self, batch: Mapping[Place, Sequence[Any]]) -> None:
        """Topics have no holes: records past the expected position mean that the client read on from elsewhere."""
        for place, records in batch.items():
            if records[0].offset > self._expected.get(place, -1):
                raise FencedError(f"{place} was read from {records[0].offset}, expected {self._expected.get(place)}")

    def _read(self, uow: UnitOfWork, batch: Mapping[Place, Sequence[Any]]) -> list[Arrival]:
        arrivals = []
        for (topic, partition), records in batch.items():
            for record in records:
                life = value_of(record.headers, INCARNATION)
                if life is not None and life != self._lives[topic]:
                    self._foreign(topic)
                    continue
                if record.offset < self._expected[(topic, partition)]:
                    continue
                try:
                    arrivals.append(
                        arrival(
                            self._units.keyring,
                            topic=topic,
                            partition=partition,
                            incarnation=self._lives[topic],
                            position=record.offset,
                            value=record.value or b"",
                        )
                    )
                except MalformedError as error:
                    self._bury(uow, record, str(error))
        return arrivals

    def _foreign(self, topic: str) -> None:
        """A record of another life: either ours is out of date, or the relay's was when it sent."""
        if self._incarnations.refresh()[topic] != self._lives[topic]:
            raise RebornError

    def _bury(self, uow: UnitOfWork, record: Any, detail: str) -> None:
        headers = readable(record.headers)
        bury_bytes(
            uow,
            self._subscriptions.consumer,
            place=(record.topic, record.partition, self._lives[record.topic], record.offset),
            names=names_of(headers),
            why=("undecodable", detail, 1),
            headers=headers,
            key=record.key,
            value=record.value,
        )
        log.error("undecodable record at %s/%s/%s", record.topic, record.partition, record.offset)

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
