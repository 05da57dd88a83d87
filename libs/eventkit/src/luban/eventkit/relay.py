"""The relay: sends what the outbox points to, and strikes it out once the broker has acknowledged it.

One relay per shard of partitions, by an advisory lock held on the very connection that strikes out: a relay that lost
its lock can no longer touch the outbox. It may still send; the consumers' inbox drops what comes twice.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from kafka import KafkaProducer
from kafka.errors import KafkaError

from luban.contracts.catalogue import EVENT_TOPICS, dead_letters_of
from luban.eventkit import connecting, metrics
from luban.eventkit.comparison import compare, note_reached
from luban.eventkit.dispatch import is_transient
from luban.eventkit.headers import Outgoing
from luban.eventkit.incarnation import Incarnations
from luban.eventkit.positions import Place
from luban.eventkit.pulse import Pulse
from luban.eventkit.settings import Settings

log = logging.getLogger(__name__)

LOCK_CLASS = 0x4C42  # "LB": our advisory locks in a service's database
SHORTEST_IDLE_SECONDS = 0.01
LONGEST_IDLE_SECONDS = 0.08
DEAD_LETTER_SECONDS = 1.0
LOCK_RETRY_SECONDS = 0.5
SEND_TIMEOUT_SECONDS = 30
DEAD_LETTER_BATCH = 100

OPTIONS = f"{connecting.COMMITS} -c enable_sort=off"
"""Without sorting the planner walks the outbox along its key. It thinks few rows match the shard, and would otherwise
read and sort the whole backlog for every batch."""

NEXT = """
select o.seq, j.topic, j.partition, uuid_send(j.key), convert_to(j.event_id::text, 'UTF8'), j.event_type, j.occurred_at,
       convert_to(j.aggregate_id::text, 'UTF8'), j.aggregate_version, j.traceparent, j.value
from eventkit.outbox o join eventkit.journal j using (seq)
where o.partition %% %s = %s and o.seq <> all (%s::bigint[]) order by o.seq limit %s
"""

REFILL = """
insert into eventkit.outbox (seq, partition) select seq, partition from eventkit.journal where topic = %s
on conflict (seq) do nothing
"""

MARK = """
insert into eventkit.relay_mark (topic, incarnation) values (%s, %s)
on conflict (topic) do update set incarnation = excluded.incarnation
"""


@dataclass(frozen=True)
class Batch:
    """Outbox rows handed to the producer."""

    began: float
    sends: list[tuple[int, Any]]
    """seq, and the future of its acknowledgement."""
    last: dict[Place, Any] = field(default_factory=dict)
    """The future of the last row of each place."""


NOTHING = Batch(0.0, [])


class Relay:
    """Empties one shard of a service's outbox until stopped."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._source = f"/luban/{service}".encode()
        self._settings = settings
        own = [topic for topic in EVENT_TOPICS if topic.owner == service]
        self._topics = [topic.name for topic in own]
        self._places = [(topic.name, part) for topic in own for part in range(topic.partitions(settings.profile))]
        self._reached: dict[Place, int] = {}
        self._incarnations = Incarnations(settings.broker, settings.profile)
        self._producer: KafkaProducer | None = None
        self.pulse = Pulse()
        self.sent = 0

    @property
    def broker_age(self) -> float:
        """Seconds since the broker last answered."""
        return self._incarnations.age

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; an outage of database or broker only pauses it. Raises CannotStartError."""
        try:
            while not stop.is_set():
                self.pulse.beat()
                self._send_or_pause(stop)
        finally:
            self._drop_producer()
            self._incarnations.close()

    def _send_or_pause(self, stop: threading.Event) -> None:
        try:
            with psycopg.connect(
                self._settings.database, autocommit=True, options=OPTIONS, **connecting.CLIENT
            ) as connection:
                self._hold_lock_and_send(connection, stop)
        except (psycopg.Error, KafkaError, OSError) as error:
            if isinstance(error, psycopg.Error) and not is_transient(error):
                raise
            log.warning("relay pauses: %s", type(error).__name__)
            self._drop_producer()
            stop.wait(LOCK_RETRY_SECONDS)

    def _hold_lock_and_send(self, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
        lock = self._settings.relay_shards * 1000 + self._settings.relay_shard
        while not stop.is_set():
            self.pulse.beat()
            row = connection.execute("select pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, lock)).fetchone()
            if row and row[0]:
                lives = self._incarnations.refresh()
                compare(connection, self._settings.broker, self._places, lives, beat=self.pulse.beat)
                self._send_until_stopped(connection, stop)
                return
            stop.wait(LOCK_RETRY_SECONDS)

    def _send_until_stopped(self, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
        """While a batch is on its way the next one is read and sent; it is waited for after that."""
        under_way = NOTHING
        idle = SHORTEST_IDLE_SECONDS
        looked_at = 0.0
        while not stop.is_set():
            self.pulse.beat()
            lives = self._incarnations.current()
            if time.monotonic() - looked_at >= DEAD_LETTER_SECONDS:
                looked_at = time.monotonic()
                self._strike_out(connection, under_way)  # what an earlier life took must not be struck out after this
                under_way = NOTHING
                self.refill_if_reborn(connection, lives)
                self._note_reached(connection, lives)
                self._send_dead_letters(connection, lives)
            following = self._send(connection, under_way, lives)
            self._strike_out(connection, under_way)
            if following.sends:
                idle = SHORTEST_IDLE_SECONDS
            elif not under_way.sends:
                stop.wait(idle)
                idle = min(2 * idle, LONGEST_IDLE_SECONDS)
            under_way = following
        self._strike_out(connection, under_way)

    def refill_if_reborn(self, connection: psycopg.Connection[Any], lives: Mapping[str, str]) -> None:
        """Points the outbox at the whole journal of every topic whose log began anew."""
        marks = dict(connection.execute("select topic, incarnation from eventkit.relay_mark").fetchall())
        for topic in self._topics:
            if marks.get(topic) != lives[topic]:
                with connection.transaction():
                    refilled = connection.execute(REFILL, (topic,)).rowcount if topic in marks else 0
                    connection.execute(MARK, (topic, lives[topic]))
                log.info("topic %s is new to the relay, %d events sent again", topic, refilled)

    def _send(self, connection: psycopg.Connection[Any], under_way: Batch, lives: Mapping[str, str]) -> Batch:
        """Hands the next batch to the producer. A small one goes out at once, a full one with what follows."""
        settings, began = self._settings, time.monotonic()
        sent = [seq for seq, _ in under_way.sends]
        limits = (settings.relay_shards, settings.relay_shard, sent, settings.relay_batch)
        # Not prepared: a generic plan would compare every row with every number of the list.
        rows = connection.execute(NEXT, limits, binary=True, prepare=False).fetchall()
        if not rows:
            return NOTHING
        producer = self._open_producer()
        outgoing = Outgoing(self._source, lives)
        batch = Batch(began, [])
        for seq, topic, partition, key, event_id, event_type, at, aggregate_id, version, trace, value in rows:
            headers = outgoing.headers(topic, event_id, event_type, at, aggregate_id, version, trace)
            future = producer.send(topic, value, key=key, headers=headers, partition=partition)
            batch.sends.append((seq, future))
            batch.last[topic, partition] = future
        if len(rows) < settings.relay_batch:
            producer.flush(timeout=SEND_TIMEOUT_SECONDS)
        return batch

    def _strike_out(self, connection: psycopg.Connection[Any], batch: Batch) -> None:
        """Waits for a batch and takes what was acknowledged out of the outbox. Raises KafkaError when a send failed."""
        if not batch.sends:
            return
        ends = time.monotonic() + SEND_TIMEOUT_SECONDS
        for _, future in batch.sends:
            if not future.is_done:
                _await(future, ends - time.monotonic())
        acknowledged = [seq for seq, future in batch.sends if future.succeeded()]
        connection.execute("delete from eventkit.outbox where seq = any(%s::bigint[])", (acknowledged,))
        self._reached |= {place: future.value.offset + 1 for place, future in batch.last.items() if future.succeeded()}
        self.sent += len(acknowledged)
        failed = len(batch.sends) - len(acknowledged)
        metrics.sent(len(acknowledged), failed, time.monotonic() - batch.began)
        if failed:
            raise KafkaError(f"{failed} sends were not acknowledged")

    def _note_reached(self, connection: psycopg.Connection[Any], lives: Mapping[str, str]) -> None:
        reached, self._reached = self._reached, {}
        if reached:
            note_reached(connection, reached, lives)

    def _send_dead_letters(self, connection: psycopg.Connection[Any], lives: Mapping[str, str]) -> int:
        rows = connection.execute(
            "select id, topic, key, value, reason from eventkit.dead_letter where published_in is null limit %s",
            (DEAD_LETTER_BATCH,),
        ).fetchall()
        producer = self._open_producer() if rows else None
        for letter_id, topic, key, value, reason in rows:
            assert producer is not None
            target = dead_letters_of(topic)
            headers = [("luban_dead_letter", str(letter_id).encode()), ("luban_reason", reason.encode())]
            producer.send(target, value, key=key, headers=headers, partition=0).get(timeout=SEND_TIMEOUT_SECONDS)
            connection.execute(
                "update eventkit.dead_letter set published_in = %s where id = %s", (lives[target], letter_id)
            )
        return len(rows)

    def _open_producer(self) -> KafkaProducer:
        if self._producer is None:
            self._producer = KafkaProducer(
                bootstrap_servers=self._settings.broker,
                acks="all",
                enable_idempotence=False,  # an idempotent producer fails for good when the broker lost its log
                retries=3,
                linger_ms=5,
                batch_size=256 * 1024,
                allow_auto_create_topics=False,
                request_timeout_ms=10_000,
                delivery_timeout_ms=20_000,
                max_block_ms=10_000,
                **connecting.BROKER,
            )
        return self._producer

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=2)


def _await(future: Any, seconds: float) -> None:
    """Until the broker has answered; what it answered is looked at afterwards."""
    try:
        future.get(timeout=max(0.0, seconds))
    except KafkaError:
        return
