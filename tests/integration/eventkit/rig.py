"""A producing and a consuming side over real databases and a real broker, with one effect row per applied event."""

import base64
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from luban.cli.stack import default_engine, profile_of
from luban.cli.topics import FoundTopic, ensure_topics, renew_topic
from luban.contracts.catalogue import TOPICS, Topic
from luban.eventkit import schema
from luban.eventkit.consumer import Consumer
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import Received
from luban.eventkit.ids import new_id
from luban.eventkit.relay import Relay
from luban.eventkit.replaying import Outcome, Replay
from luban.eventkit.retries import Retries
from luban.eventkit.settings import Profile, Settings
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork, open_units
from luban.eventkit.worker import Loop
from luban.events.v1 import exam_pb2
from luban.events.v1.common_pb2 import PersonalData
from luban.reference.refusal import Invalid
from luban.reference.track import Track

EXAM_EVENTS = (
    exam_pb2.SittingScheduled,
    exam_pb2.SeatAssigned,
    exam_pb2.PaperSubmitted,
    exam_pb2.SubjectScored,
    exam_pb2.ResultPublicised,
    exam_pb2.ResultHeld,
    exam_pb2.MisconductDecided,
)
PERSON = PersonalData(name="测试甲", id_type="RESIDENT_ID", id_no="370102199003079010", phone="13800000000")
TIMEOUT_SECONDS = 30
log = logging.getLogger(__name__)
# kafka-python leaves the sockets of failed connection attempts to the garbage collector, which finds them when a later
# test runs: pytest keeps the log records that hold them.
LEAKS_SOCKETS = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def kernel_tables(url: str) -> None:
    """A database with the kernel's tables and the effects' own."""
    with psycopg.connect(url) as connection:
        connection.execute(schema.SQL)
        connection.execute(
            "create table effect (event_id uuid primary key, aggregate_id uuid, version int, name text,"
            " place bigint generated always as identity)"
        )
        connection.execute("create table forbidden (aggregate_id uuid, version int)")


def keyring_file(folder: Path) -> Path:
    """A ring with the keys of the years a test may run in."""
    key = base64.b64encode(bytes(range(32))).decode()
    path = folder / "keyring.json"
    names = [f"{kind}-{year}" for kind in ("candidate", "certificate") for year in range(2025, 2031)]
    ring = {"keys": {name: {"key": key} for name in names}, "lookup": {"v1": key}, "current_lookup": "v1"}
    path.write_text(json.dumps(ring), encoding="utf-8")
    return path


def on_confirmed(uow: UnitOfWork, batch: Sequence[Received[exam_pb2.ResultConfirmed]]) -> None:
    """The effect: one row per event; refuses what the table `forbidden` names."""
    rows = uow.sql("select aggregate_id, version from forbidden").fetchall()
    if any((event.aggregate_id, event.version) in rows for event in batch):
        raise Invalid("forbidden-by-test", zh="试验拒绝", en="refused by the test")
    _write(uow, batch, [event.personal().name for event in batch])


def on_corrected(uow: UnitOfWork, batch: Sequence[Received[exam_pb2.ResultCorrected]]) -> None:
    """The effect of the other type."""
    _write(uow, batch, ["" for _ in batch])


def _write(uow: UnitOfWork, batch: Sequence[Received[Any]], names: list[str]) -> None:
    uow.sql(
        "insert into effect (event_id, aggregate_id, version, name)"
        " select * from unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[])",
        ([e.event_id for e in batch], [e.aggregate_id for e in batch], [e.version for e in batch], names),
    )


SUBSCRIPTIONS = Subscriptions(
    "certificate",
    handles={exam_pb2.ResultConfirmed: on_confirmed, exam_pb2.ResultCorrected: on_corrected},
    ignores=EXAM_EVENTS,
)


@dataclass
class Rig:
    """Two services' worth of kernel."""

    source: UnitsOfWork
    sink: UnitsOfWork
    source_settings: Settings
    sink_settings: Settings
    running: list[tuple[threading.Event, threading.Thread, list[BaseException]]] = field(default_factory=list)

    def make_topics(self, replication: int = 1) -> list[FoundTopic]:
        """Makes the topics that the broker lacks."""
        return ensure_topics(self.sink_settings.broker, TOPICS, self.sink_settings.profile, replication)

    def renew_topic(self, topic: Topic, replication: int = 1) -> None:
        """Makes a topic anew: its log is empty, its id another."""
        renew_topic(self.sink_settings.broker, topic, self.sink_settings.profile, replication)

    def emit(self, count: int, *, of: UUID | None = None) -> list[UUID]:
        """Records events, each of a new aggregate unless one is named; their aggregates."""
        ids = [of or new_id() for _ in range(count)]
        with self.source.begin(Cause("test")) as uow:
            for aggregate_id in ids:
                payload = exam_pb2.ResultConfirmed(result_id=str(aggregate_id), confirmation_no=1)
                uow.emit(payload, aggregate_id=aggregate_id, key=aggregate_id, track=Track.SOCIAL, personal=PERSON)
        return ids

    def correct(self, aggregate_id: UUID) -> None:
        """Records an event of the other type for an aggregate."""
        with self.source.begin(Cause("test")) as uow:
            payload = exam_pb2.ResultCorrected(result_id=str(aggregate_id), passed=False)
            uow.emit(payload, aggregate_id=aggregate_id, key=aggregate_id, track=Track.SOCIAL)

    def relay(self) -> Relay:
        """A relay of the producing side."""
        return Relay("exam", self.source_settings)

    def consumer(self, subscriptions: Subscriptions = SUBSCRIPTIONS) -> Consumer:
        """A consumer of the consuming side."""
        return Consumer(subscriptions, self.sink, self.sink_settings)

    def replay(self, subscriptions: Subscriptions = SUBSCRIPTIONS, *, dry_run: bool = False) -> Outcome:
        """An operator's replay of what waits on the consuming side."""
        return Replay(subscriptions, self.sink, self.sink_settings, dry_run=dry_run).waiting()

    def retries(self, subscriptions: Subscriptions = SUBSCRIPTIONS) -> Retries:
        """The consuming side's retries."""
        return Retries(subscriptions, self.sink)

    def run_alone(self, loop: Loop) -> None:
        """Runs a loop that is expected to raise; returns if it did not for long."""
        stop = threading.Event()
        timer = threading.Timer(TIMEOUT_SECONDS, stop.set)
        timer.start()
        try:
            loop.run(stop)
        finally:
            timer.cancel()

    @contextmanager
    def running_loops(self, *loops: Loop) -> Iterator[list[threading.Thread]]:
        """Runs loops in threads while the block runs; what one of them raises fails the test."""
        stop = threading.Event()
        raised: list[BaseException] = []
        threads = [threading.Thread(target=_collect, args=(loop, stop, raised)) for loop in loops]
        for thread in threads:
            thread.start()
        try:
            yield threads
        finally:
            stop.set()
            for thread in threads:
                thread.join(TIMEOUT_SECONDS)
            assert not raised, raised

    def close(self) -> None:
        """Closes the databases' connections."""
        self.source.close()
        self.sink.close()

    def count(self, table: str) -> int:
        """Rows of a table on the consuming side."""
        return int(self.rows(f"select count(*) from {table}")[0][0])

    def rows(self, query: str, *, side: str = "sink") -> list[Any]:
        """Rows of either side."""
        with (self.sink if side == "sink" else self.source).read(Cause("test")) as uow:
            return uow.sql(query).fetchall()

    def await_effects(self, count: int) -> None:
        """Waits until so many effects stand."""
        wait_until(lambda: self.count("effect") >= count, f"{count} effects")
        assert self.count("effect") == count


def _collect(loop: Loop, stop: threading.Event, raised: list[BaseException]) -> None:
    try:
        loop.run(stop)
    except BaseException as error:
        log.exception("%s failed", type(loop).__name__)
        raised.append(error)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = TIMEOUT_SECONDS) -> None:
    """Looks until the condition holds; fails naming it when that takes too long."""
    ends = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < ends, f"waited in vain for {what}"
        pause.wait(0.02)


def build_rig(
    database: Callable[..., str], broker: str, folder: Path, profile: Profile | None = None, replication: int = 1
) -> Rig:
    """A rig on fresh databases, with the topics made on the broker; by default with its engine's partitions."""
    rig = open_rig(database, broker, folder, profile or profile_of(default_engine()))
    rig.make_topics(replication)
    return rig


def open_rig(database: Callable[..., str], broker: str, folder: Path, profile: Profile) -> Rig:
    """A rig on fresh databases; the broker is not asked for anything."""
    ring = keyring_file(folder)
    source, sink = (
        Settings(
            database=database(kernel_tables),
            broker=broker,
            profile=profile,
            keyring=ring,
            oidc_issuer="none",
            oidc_jwks="none",
        )
        for _ in range(2)
    )
    return Rig(open_units(source), open_units(sink), source, sink)
