"""A relay or a consumer in a process of its own, struck at the n-th system call of one of its threads, for every n.

strace holds one thread and, when that thread enters its n-th call of one name that moves bytes through a socket or
file, kills the process or lets the call fail. What the process had begun then stands as a crash leaves it; a fresh one
must end it. How often a thread looks for work or wakes another differs from run to run, so a call is also known by what
it was for, and the walk goes on until every purpose seen in any run was struck.
"""

import multiprocessing
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal
from uuid import UUID

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from luban.certificate.bootstrap import subscriptions
from luban.certificate.settings import NumberSettings
from luban.cli.fsck.check import Check
from luban.cli.fsck.consumers import check_certificates, check_side, read_side
from luban.cli.fsck.journals import check_journal, read_journal
from luban.cli.fsck.topics import check_changed, check_lost, read_topics
from luban.cli.processes import wait_until as came_true
from luban.cli.topics import ensure_topics
from luban.contracts.catalogue import EXAM, TOPICS
from luban.eventkit import schema
from luban.eventkit.consumer import Consumer
from luban.eventkit.ids import new_id
from luban.eventkit.relay import Relay
from luban.eventkit.settings import Settings
from luban.eventkit.uow import Cause, UnitsOfWork, open_units
from luban.eventkit.worker import Loop
from luban.events.v1.common_pb2 import PersonalData
from luban.reference.track import Track
from tests.embedded import DatabaseFactory
from tests.fault.struck_calls import Call, read_calls
from tests.integration.certificate.rig import confirmed, corrected, keyring_file, level_plan, migrated
from tests.integration.eventkit.rig import wait_until

Subject = Literal["relay", "consumer"]
Strike = Literal["kill", "error"]

CALLS = "sendto,sendmsg,recvfrom,recvmsg,read,readv,write,writev,connect,openat"
INJECTIONS: dict[Strike, str] = {"kill": "signal=KILL", "error": "error=EIO"}
PASSES = 3
"""Results confirmed in one batch; one of them is corrected into a fail in the same batch."""
HANGS_SECONDS = 3.0
AGAIN = 20
PERSON = PersonalData(name="测试甲", id_type="RESIDENT_ID", id_no="370102199003079010", phone="13800000000")
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


def require_strace() -> None:
    """Fails where there is none: a suite that tried no point must not look green."""
    assert shutil.which("strace"), "strace is missing: apt-get install strace"


def source_tables(url: str) -> None:
    """The kernel's own."""
    with psycopg.connect(url) as connection:
        connection.execute(schema.SQL.encode())


def run_subject(subject: Subject, settings: dict[str, Any]) -> None:
    """The process's only work, until it is killed."""
    given = Settings(**settings)
    loop: Loop = Relay("exam", given) if subject == "relay" else _consumer(given, open_units(given, 2))
    loop.run(threading.Event())


def _consumer(settings: Settings, units: UnitsOfWork) -> Consumer:
    return Consumer(subscriptions(NumberSettings()), units, settings)


@dataclass(frozen=True)
class Blow:
    """A strike at the nth call of one name: strace counts each name by itself."""

    call: str
    nth: int
    how: Strike


@dataclass(frozen=True)
class Run:
    """The calls of one thread in one batch; the last is the one that was struck where `hit`."""

    place: int
    calls: list[Call]
    hit: bool


@dataclass
class Lane:
    """An exam service's journal, a register, and a broker between them, struck again and again."""

    source: UnitsOfWork
    sink: UnitsOfWork
    source_settings: Settings
    sink_settings: Settings
    folder: Path
    number: int = 0
    hangs: int = 0
    expected: set[tuple[UUID, bool]] = field(default_factory=set)
    """Every result confirmed so far, and whether its certificate stands."""

    def settings(self, subject: Subject) -> Settings:
        """Of one run; a group of its own, because the embedded broker lets no one join while a dead member is in."""
        self.number += 1
        given = self.source_settings if subject == "relay" else self.sink_settings
        return given.model_copy(update={"group_prefix": f"run-{self.number}"})

    def emit(self) -> None:
        """One batch: passes, and a correction of the last of them."""
        plan = level_plan()
        with self.source.begin(Cause("test")) as uow:
            for place in range(PASSES):
                result_id, candidate = new_id(), new_id()
                uow.emit(confirmed(plan, result_id=result_id), aggregate_id=result_id, key=candidate,
                         track=Track.SOCIAL, personal=PERSON)  # fmt: skip
                if place == PASSES - 1:
                    payload = corrected(str(result_id), passed=False)
                    uow.emit(payload, aggregate_id=result_id, key=candidate, track=Track.SOCIAL)
                self.expected.add((result_id, place < PASSES - 1))

    def is_relayed(self) -> bool:
        """Whether the outbox is empty."""
        return _rows(self.source, "select count(*) from eventkit.outbox") == [(0,)]

    def is_applied(self) -> bool:
        """Whether every expected certificate stands or was withdrawn."""
        rows = _rows(self.sink, "select result_id, state = 'VALID' from certificate")
        return len(rows) == len(self.expected) and set(rows) == self.expected

    @contextmanager
    def started(self, subject: Subject) -> Iterator[psutil.Process]:
        """The process, past its first batch, so that every thread of it is there and waits."""
        settings = self.settings(subject).model_dump(mode="json")
        process = FORKS.Process(target=run_subject, args=(subject, settings), daemon=True)
        process.start()
        assert process.pid is not None
        try:
            self.emit()
            if subject == "consumer":
                self.relay_all()
            done = self.is_relayed if subject == "relay" else self.is_applied
            wait_until(done, f"the first batch of the {subject}")
            yield psutil.Process(process.pid)
        finally:
            process.kill()
            process.join()

    def relay_all(self) -> None:
        """Sends what waits, by a relay of this process."""
        with running(Relay("exam", self.source_settings)):
            wait_until(self.is_relayed, "an empty outbox")

    def recover(self, subject: Subject) -> None:
        """A fresh process's work: what the crash left is ended."""
        if subject == "relay":
            self.relay_all()
            return
        with running(_consumer(self.settings("consumer"), self.sink)):
            wait_until(self.is_applied, "every certificate")

    def strike(self, subject: Subject, place: int, blow: Blow | None) -> Run:
        """One batch of one thread, by its place among the process's, with a blow or only watched; where a process has
        no such thread, no call was seen."""
        log = self.folder / "strace.log"
        with self.started(subject) as process:
            threads = sorted(thread.id for thread in process.threads())
            if place >= len(threads):
                return Run(place, [], False)
            with traced(process, threads[place], blow, log) as reached:
                self.emit()
                if subject == "consumer":
                    self.relay_all()
                done = self.is_relayed if subject == "relay" else self.is_applied
                self._wait(process, done, reached)
                hit = reached()
        self.recover(subject)
        return Run(place, read_calls(_text(log), self.ports()), hit)

    def ports(self) -> dict[int, str]:
        """Who listens where."""
        database = conninfo_to_dict(self.source_settings.database)["port"]
        return {int(str(database)): "database", int(self.source_settings.broker.rpartition(":")[2]): "broker"}

    def _wait(self, process: psutil.Process, done: Callable[[], bool], reached: Callable[[], bool]) -> None:
        """Until the batch is done or its process has ended, or it hangs: an answer to what was never sent is waited for
        in vain. A worker's watchdog ends such a process after a while; here it is ended at once."""
        wait_until(lambda: done() or not process.is_running() or reached(), "the end of a batch")
        if not came_true(lambda: done() or not process.is_running(), HANGS_SECONDS):
            self.hangs += 1

    def fsck(self) -> list[Check]:
        """The invariants of `luban fsck` over this lane."""
        with running(_consumer(self.settings("consumer"), self.sink)):
            self.relay_all()
            wait_until(self.is_applied, "every certificate")
        exam, side = (
            read_journal("exam", self.source_settings.database),
            read_side("certificate", self.sink_settings.database),
        )
        log = read_topics(self.source_settings.broker)[EXAM.name]
        register = read_journal("certificate", self.sink_settings.database)
        return [
            check_lost(exam, EXAM.name, log),
            check_changed(exam, EXAM.name, log),
            *check_journal(exam),
            *check_journal(register),
            *check_side(side, {EXAM.name: exam}, {EXAM.name: log}),
            *check_certificates(side, exam),
        ]

    def numbers(self) -> list[str]:
        """All printed numbers, in order."""
        return [number for (number,) in _rows(self.sink, "select certificate_no from certificate order by 1")]


def open_lane(database: Callable[..., str], broker: str, folder: Path) -> Lane:
    """Fresh databases on a fresh broker."""
    ensure_topics(broker, TOPICS, "embedded", 1)
    folder.mkdir()
    ring = keyring_file(folder)
    source, sink = (
        Settings(database=url, broker=broker, keyring=ring, oidc_issuer="none", oidc_jwks="none")
        for url in (database(source_tables), database(migrated))
    )
    return Lane(open_units(source, 4), open_units(sink, 4), source, sink, folder)


@contextmanager
def running(loop: Loop) -> Iterator[None]:
    """Runs a loop in a thread of this process while the block runs."""
    stop = threading.Event()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def traced(process: psutil.Process, thread: int, blow: Blow | None, log: Path) -> Iterator[Callable[[], bool]]:
    """Holds one thread under strace, which deals the blow; gives whether that has happened."""
    log.unlink(missing_ok=True)
    command = ["strace", "-q", "-yy", "-s", "96", "-p", str(thread), "-o", str(log), "-e", f"trace={CALLS}",
               "-e", "signal=none"]  # fmt: skip
    if blow is not None:
        command += ["-e", f"inject={blow.call}:{INJECTIONS[blow.how]}:when={blow.nth}"]
    killing = blow is not None and blow.how == "kill"
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        try:
            wait_until(lambda: _is_traced(thread), f"strace on thread {thread}")
            yield lambda: not process.is_running() if killing else "(INJECTED)" in _text(log)
        finally:
            strace.terminate()


def _is_traced(thread: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{thread}/status").read_text(encoding="ascii", errors="replace")
        return "TracerPid:\t0\n" not in status
    return True


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def _rows(units: UnitsOfWork, query: str) -> list[Any]:
    with units.read(Cause("test")) as uow:
        return uow.sql(query).fetchall()


@dataclass
class Walk:
    """What was struck, and where each call was seen last: the place of its thread, and which of its name it was."""

    struck: list[str] = field(default_factory=list)
    """What each call that was struck was for."""
    seen: dict[str, tuple[int, Call]] = field(default_factory=dict)

    def add(self, run: Run) -> None:
        """Takes in what one run saw."""
        self.seen.update((call.purpose, (run.place, call)) for call in run.calls if call.purpose)
        if run.hit and run.calls:
            self.struck.append(run.calls[-1].purpose)

    def missed(self) -> list[tuple[int, Call]]:
        """Calls seen and never struck."""
        return [where for purpose, where in self.seen.items() if purpose not in self.struck]


def strike_everywhere(lanes: Sequence[Lane], subject: Subject, how: Strike) -> Walk:
    """Watches one batch of every thread, strikes at each of its calls, and again where a run did what none had done
    before, for `AGAIN` rounds at most. Lanes work side by side, each on a batch of its own."""
    walk = Walk()
    with lanes[0].started(subject) as process:
        places = range(len(process.threads()))
    watched = _runs(lanes, subject, [(place, None) for place in places])
    blows = [(run.place, Blow(call.name, call.nth, how)) for run in watched for call in run.calls]
    for run in watched + _runs(lanes, subject, blows):
        walk.add(run)
    rounds = 0
    while (missed := walk.missed()) and (rounds := rounds + 1) <= AGAIN:
        again = islice(cycle(missed), max(len(missed), len(lanes)))
        for run in _runs(lanes, subject, [(place, Blow(call.name, call.nth, how)) for place, call in again]):
            walk.add(run)
    return walk


def _runs(lanes: Sequence[Lane], subject: Subject, wanted: Sequence[tuple[int, Blow | None]]) -> list[Run]:
    """Each by whichever lane is free."""
    free: SimpleQueue[Lane] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def run(place: int, blow: Blow | None) -> Run:
        lane = free.get()
        try:
            return lane.strike(subject, place, blow)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes)) as pool:
        return list(pool.map(run, *zip(*wanted, strict=True))) if wanted else []


def lanes_on(factory: DatabaseFactory, brokers: Sequence[str], folder: Path) -> list[Lane]:
    """One lane per broker."""
    return [open_lane(factory, broker, folder / f"lane-{place}") for place, broker in enumerate(brokers)]
