"""What the kernel moves a second: recording, relaying, applying; the relay beside a bare kafka-python producer.

    .venv/bin/python -m bench kernel 40000
    LUBAN_UP_BROKER=apache .venv/bin/python -m bench kernel 40000

Real PostgreSQL (fsync and synchronous_commit on) and a real broker. Relay and bare producer take turns over the same
bytes, headers and partitions; the consumer applies with inbox and one effect row per event. Appends a line per batch
size to bench/kernel.csv.
"""

import gc
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from kafka import KafkaProducer

from bench.figures import append_row, machine
from luban.cli.stack import default_engine
from luban.eventkit.consumer import Consumer
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import Received
from luban.eventkit.headers import Outgoing
from luban.eventkit.incarnation import Incarnations
from luban.eventkit.relay import NEXT, Relay
from luban.eventkit.settings import Settings
from luban.eventkit.uow import UnitOfWork
from luban.eventkit.worker import Loop
from luban.events.v1 import exam_pb2
from luban.webkit.program import COLLECT_AFTER
from tests.embedded import DatabaseFactory, private_directory, running_broker, running_postgres
from tests.integration.eventkit.rig import EXAM_EVENTS, Rig, build_rig

BATCHES = (500, 2000, 5000)
ROUNDS = 5
PATIENCE_SECONDS = 120
RESULTS = Path(__file__).parent / "kernel.csv"
AGAIN = """
insert into eventkit.outbox (seq, partition) select seq, partition from eventkit.journal on conflict do nothing
"""


def effect(uow: UnitOfWork, batch: Sequence[Received[Any]]) -> None:
    """One row per event."""
    uow.sql(
        "insert into effect (event_id, aggregate_id, version) select * from unnest(%s::uuid[], %s::uuid[], %s::int[])",
        ([e.event_id for e in batch], [e.aggregate_id for e in batch], [e.version for e in batch]),
    )


ONE_EFFECT = Subscriptions(
    "certificate",
    handles={exam_pb2.ResultConfirmed: effect, exam_pb2.ResultCorrected: effect},
    ignores=EXAM_EVENTS,
)


def until(condition: Callable[[], bool]) -> None:
    """Looks until the condition holds."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends, "it did not end"
        time.sleep(0.005)


class Bench:
    """One producing and one consuming side with so many events."""

    def __init__(self, rig: Rig, events: int) -> None:
        self.rig, self.events = rig, events

    def record(self) -> float:
        """Seconds to record all events, in transactions of 2,000."""
        began = time.perf_counter()
        for at in range(0, self.events, 2000):
            self.rig.emit(min(2000, self.events - at))
        return time.perf_counter() - began

    def relay(self, batch: int) -> float:
        """Seconds in which the relay empties an outbox that points to all of them."""
        self._sql(AGAIN)
        relay = Relay("exam", self.rig.source_settings.model_copy(update={"relay_batch": batch}))
        return self._run(relay, lambda: relay.sent, self.events)

    def bare(self, batch: int) -> float:
        """Seconds in which a bare producer sends the same records, waiting for each batch's acknowledgement."""
        settings = self.rig.source_settings
        with psycopg.connect(settings.database) as connection:
            connection.execute(AGAIN)
            rows = connection.execute(NEXT, (1, 0, [], self.events), binary=True).fetchall()
            connection.rollback()
        incarnations = Incarnations(settings.broker, settings.profile)
        outgoing = Outgoing(b"/luban/exam", incarnations.current())
        incarnations.close()
        records = [(row[2], row[3], outgoing.headers(row[1], *row[4:10]), row[10]) for row in rows]
        producer = KafkaProducer(
            bootstrap_servers=settings.broker, acks="all", enable_idempotence=False, linger_ms=5, batch_size=256 * 1024
        )
        producer.send("luban.exam.v1", records[0][3], key=records[0][1], partition=0).get(10)
        began = time.perf_counter()
        for at in range(0, len(records), batch):
            for partition, key, headers, value in records[at : at + batch]:
                producer.send("luban.exam.v1", value, key=key, headers=headers, partition=partition)
            producer.flush()
        seconds = time.perf_counter() - began
        producer.close()
        return seconds

    def consume(self, batch: int) -> float:
        """Seconds from the first effect to the last, inbox and one effect row each."""
        with psycopg.connect(self.rig.sink_settings.database) as connection:
            connection.execute("truncate effect, eventkit.inbox, eventkit.consumer_offset, eventkit.parked")
        settings: Settings = self.rig.sink_settings.model_copy(update={"consumer_batch": batch})
        consumer = Consumer(ONE_EFFECT, self.rig.sink, settings)
        return self._run(consumer, lambda: consumer.applied, self.events)

    def _run(self, loop: Loop, done: Callable[[], int], count: int) -> float:
        """From the end of its first batch, so that joining and connecting do not count."""
        stop = threading.Event()
        thread = threading.Thread(target=loop.run, args=(stop,))
        thread.start()
        try:
            until(lambda: done() > 0)
            first, began = done(), time.perf_counter()
            until(lambda: done() >= count)
            return (time.perf_counter() - began) * count / (count - first)
        finally:
            stop.set()
            thread.join()

    def _sql(self, statement: str) -> None:
        with psycopg.connect(self.rig.source_settings.database) as connection:
            connection.execute(statement.encode())


def measure(bench: Bench, recorded: float, consumed: Sequence[float], batch: int) -> dict[str, Any]:
    """One batch size: medians, the relay's ratio to the bare producer pair by pair."""
    relayed, bare = [], []
    for _ in range(ROUNDS):
        relayed.append(bench.relay(batch))
        bare.append(bench.bare(batch))
    return {
        "broker": default_engine(),
        "events": bench.events,
        "batch": batch,
        "recorded_per_second": round(bench.events / recorded),
        "relayed_per_second": round(bench.events / median(relayed)),
        "bare_producer_per_second": round(bench.events / median(bare)),
        "relay_to_bare": round(median(b / r for b, r in zip(bare, relayed, strict=True)), 2),
        "applied_per_second": round(bench.events / median(consumed)),
    }


def main(arguments: Sequence[str]) -> None:
    """Every batch size on one set of servers."""
    gc.set_threshold(*COLLECT_AFTER)  # as in a worker
    events = int(arguments[0]) if arguments else 40_000
    with (
        private_directory() as folder,
        running_postgres(durable=True) as postgres,
        running_broker() as broker,
    ):
        rig = build_rig(DatabaseFactory(postgres.admin_url), broker.address, folder)
        bench = Bench(rig, events)
        recorded = bench.record()
        batches = tuple(map(int, arguments[1:])) or BATCHES
        bench.relay(batches[0])
        # The consumer first, while every event is on the topic once: later it would read past repeats, uncounted.
        consumed = {batch: [bench.consume(batch) for _ in range(ROUNDS)] for batch in batches}
        for batch in batches:
            row = measure(bench, recorded, consumed[batch], batch) | machine()
            print(json.dumps(row, ensure_ascii=False))
            append_row(RESULTS, row)
        rig.source.close()
        rig.sink.close()


if __name__ == "__main__":
    main(sys.argv[1:])
