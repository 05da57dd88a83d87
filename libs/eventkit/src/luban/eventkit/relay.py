"""The relay: sends what the outbox points to, and strikes it out once the broker has acknowledged it.

One relay per shard of partitions, by an advisory lock held on the very connection that strikes out: a relay that lost
its lock can no longer touch the outbox. It may still send; the consumers' inbox drops what comes twice.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from kafka import KafkaProducer
from kafka.errors import KafkaError

from luban.contracts.catalogue import EVENT_TOPICS, dead_letters_of
from luban.eventkit.headers import outgoing
from luban.eventkit.incarnation import Incarnations
from luban.eventkit.settings import Settings

log = logging.getLogger(__name__)

LOCK_CLASS = 0x4C42  # "LB": our advisory locks in a service's database
SHORTEST_IDLE_SECONDS = 0.01
LONGEST_IDLE_SECONDS = 0.08
DEAD_LETTER_SECONDS = 1.0
LOCK_RETRY_SECONDS = 0.5
SEND_TIMEOUT_SECONDS = 30
DEAD_LETTER_BATCH = 100

NEXT = """
select o.seq, j.topic, j.partition, j.key, j.event_id, j.event_type, j.occurred_at, j.aggregate_id,
       j.aggregate_version, j.traceparent, j.value
from eventkit.outbox o join eventkit.journal j using (seq)
where o.partition %% %s = %s order by o.seq limit %s
"""

REFILL = """
insert into eventkit.outbox (seq, partition) select seq, partition from eventkit.journal where topic = %s
on conflict (seq) do nothing
"""

MARK = """
insert into eventkit.relay_mark (topic, incarnation) values (%s, %s)
on conflict (topic) do update set incarnation = excluded.incarnation
"""


class Relay:
    """Empties one shard of a service's outbox until stopped."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._source = f"/luban/{service}".encode()
        self._settings = settings
        self._topics = [topic.name for topic in EVENT_TOPICS if topic.owner == service]
        self._incarnations = Incarnations(settings.broker, settings.profile)
        self._producer: KafkaProducer | None = None
        self.sent = 0

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; an outage of database or broker only pauses it. Raises TopicMismatchError."""
        while not stop.is_set():
            try:
                with psycopg.connect(self._settings.database, autocommit=True, options="-c timezone=UTC") as connection:
                    self._hold_lock_and_send(connection, stop)
            except (psycopg.OperationalError, psycopg.InterfaceError, KafkaError, OSError) as error:
                log.warning("relay pauses: %s", type(error).__name__)
                self._drop_producer()
                stop.wait(LOCK_RETRY_SECONDS)
        self._drop_producer()
        self._incarnations.close()

    def _hold_lock_and_send(self, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
        lock = self._settings.relay_shards * 1000 + self._settings.relay_shard
        while not stop.is_set():
            row = connection.execute("select pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, lock)).fetchone()
            if row and row[0]:
                self._send_until_stopped(connection, stop)
                return
            stop.wait(LOCK_RETRY_SECONDS)

    def _send_until_stopped(self, connection: psycopg.Connection[Any], stop: threading.Event) -> None:
        idle = SHORTEST_IDLE_SECONDS
        looked_at = 0.0
        while not stop.is_set():
            lives = self._incarnations.current()
            if time.monotonic() - looked_at >= DEAD_LETTER_SECONDS:
                looked_at = time.monotonic()
                self.refill_if_reborn(connection, lives)
                self._send_dead_letters(connection, lives)
            if self.send_batch(connection, lives):
                idle = SHORTEST_IDLE_SECONDS
            else:
                stop.wait(idle)
                idle = min(2 * idle, LONGEST_IDLE_SECONDS)

    def refill_if_reborn(self, connection: psycopg.Connection[Any], lives: Mapping[str, str]) -> None:
        """Points the outbox at the whole journal of every topic whose log began anew."""
        marks = dict(connection.execute("select topic, incarnation from eventkit.relay_mark").fetchall())
        for topic in self._topics:
            if marks.get(topic) != lives[topic]:
                with connection.transaction():
                    refilled = connection.execute(REFILL, (topic,)).rowcount if topic in marks else 0
                    connection.execute(MARK, (topic, lives[topic]))
                log.info("topic %s is new to the relay, %d events sent again", topic, refilled)

    def send_batch(self, connection: psycopg.Connection[Any], lives: Mapping[str, str]) -> int:
        """Sends one batch and strikes out what was acknowledged; how many. Raises KafkaError when a send failed."""
        settings = self._settings
        limits = (settings.relay_shards, settings.relay_shard, settings.relay_batch)
        rows = connection.execute(NEXT, limits, binary=True).fetchall()
        if rows:
            self._send(connection, rows, {topic: life.encode() for topic, life in lives.items()})
        return len(rows)

    def _send(self, connection: psycopg.Connection[Any], rows: Sequence[Any], lives: Mapping[str, bytes]) -> None:
        producer = self._open_producer()
        sent = []
        for seq, topic, partition, key, event_id, event_type, at, aggregate_id, version, trace, value in rows:
            headers = outgoing(event_id, event_type, self._source, at, (aggregate_id, version), lives[topic], trace)
            sent.append((seq, producer.send(topic, value, key=key.bytes, headers=headers, partition=partition)))
        producer.flush(timeout=SEND_TIMEOUT_SECONDS)
        acknowledged = [seq for seq, future in sent if future.succeeded()]
        connection.execute("delete from eventkit.outbox where seq = any(%s)", (acknowledged,))
        self.sent += len(acknowledged)
        if len(acknowledged) < len(sent):
            raise KafkaError(f"{len(sent) - len(acknowledged)} sends were not acknowledged")

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
            )
        return self._producer

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=2)
