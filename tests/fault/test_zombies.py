"""Members that stop and come back: a group whose partitions move while batches are in flight, and two relays.

Every member is a process of its own, so that it can be stopped as a whole and woken later.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import psycopg
import pytest
from google.protobuf.message import Message

from luban.eventkit.consumer import Consumer
from luban.eventkit.dispatch import Handler, Subscriptions
from luban.eventkit.envelope import Received
from luban.eventkit.relay import LOCK_CLASS, Relay
from luban.eventkit.settings import Settings
from luban.eventkit.uow import UnitOfWork, open_units
from luban.eventkit.worker import Loop
from luban.events.v1 import exam_pb2
from tests.embedded import AnyBroker, DatabaseFactory
from tests.integration.eventkit.rig import EXAM_EVENTS, Rig, build_rig, on_confirmed, on_corrected, wait_until

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
Where = Literal["before", "within"]
Kind = Literal["before", "within", "relay"]
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


class Gate:
    """A place where a process waits for as long as a file says so, having told so by another."""

    def __init__(self, folder: Path) -> None:
        self._shut, self._inside = folder / "shut", folder / "inside"

    def shut(self) -> None:
        """From now on whoever comes waits."""
        self._shut.touch()

    def open(self) -> None:
        """Lets everybody on."""
        self._shut.unlink()

    @property
    def has_guest(self) -> bool:
        """Whether somebody waits."""
        return self._inside.exists()

    def pass_through(self) -> None:
        """Waits while the gate is shut."""
        while self._shut.exists():
            self._inside.touch()
            threading.Event().wait(0.01)


class GatedConsumer(Consumer):
    """Waits before a batch's transaction begins, with the batch in hand."""

    gate: Gate

    def _apply(self, polled: Any) -> None:
        if any(polled.values()):
            self.gate.pass_through()
        super()._apply(polled)


def consumer(settings: Settings, where: Where, gate: Gate) -> Consumer:
    """One that waits at the gate before its transaction, or within it with every row locked and written."""

    def held(uow: UnitOfWork, batch: Sequence[Received[Any]]) -> None:
        on_confirmed(uow, batch)
        gate.pass_through()

    handler = held if where == "within" else on_confirmed
    handles: dict[type[Message], Handler] = {exam_pb2.ResultConfirmed: handler, exam_pb2.ResultCorrected: on_corrected}
    subscriptions = Subscriptions("certificate", handles=handles, ignores=EXAM_EVENTS)
    made = GatedConsumer(subscriptions, open_units(settings, 2), settings)
    made.gate = gate if where == "before" else Gate(Path("/nowhere"))
    return made


def member(kind: Kind, settings: dict[str, Any], folder: str) -> None:
    """The process's only work, until it is killed."""
    log = f"{folder}/log"
    logging.basicConfig(filename=log, level=logging.INFO, format="%(name)s %(message)s", force=True)
    given = Settings(**settings)
    loop: Loop = Relay("exam", given) if kind == "relay" else consumer(given, kind, Gate(Path(folder)))
    loop.run(threading.Event())


class Member:
    """One process of the group, or one relay."""

    def __init__(self, kind: Kind, settings: Settings, folder: Path) -> None:
        folder.mkdir()
        self.gate, self._log = Gate(folder), folder / "log"
        given = settings.model_copy(update={"consumer_batch": 100, "relay_batch": 50}).model_dump(mode="json")
        self._process = FORKS.Process(target=member, args=(kind, given, str(folder)), daemon=True)
        self._process.start()

    def send(self, number: signal.Signals) -> None:
        """A signal to the process."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def said(self, text: str) -> bool:
        """Whether its log has it."""
        return self._log.exists() and text in self._log.read_text(encoding="utf-8")

    def end(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.join()


@pytest.fixture
def rig(database: DatabaseFactory, own_broker: AnyBroker, tmp_path: Path) -> Iterator[Rig]:
    """Two databases, one broker."""
    built = build_rig(database, own_broker.address, tmp_path)
    yield built
    built.source.close()
    built.sink.close()


@contextmanager
def members(count: int, kind: Kind, settings: Settings, folder: Path) -> Iterator[list[Member]]:
    """So many processes of one kind."""
    made = [Member(kind, settings, folder / f"member-{place}") for place in range(count)]
    try:
        yield made
    finally:
        for each in made:
            each.end()


@contextmanager
def pouring(rig: Rig, total: int) -> Iterator[Callable[[], int]]:
    """Records events all the while, in small transactions, up to `total`; gives how many there are by now."""
    recorded = 0
    stop = threading.Event()

    def pour() -> None:
        nonlocal recorded
        while recorded < total and not stop.is_set():
            rig.emit(50)
            recorded += 50
            stop.wait(0.05)

    thread = threading.Thread(target=pour)
    thread.start()
    try:
        yield lambda: recorded
    finally:
        stop.set()
        thread.join()


def applied(rig: Rig) -> int:
    return rig.count("effect")


@pytest.mark.parametrize(
    ("where", "asleep", "said"),
    [("before", 9.0, "fenced"), ("within", 20.0, "consumption pauses")],
)
def test_a_member_that_slept_while_others_took_its_partitions_fails_visibly_and_nothing_is_doubled(
    rig: Rig, tmp_path: Path, where: Where, asleep: float, said: str
) -> None:
    """Stopped for longer than the group's session timeout of 4 s, and, where its transaction holds the rows that the
    others need, for longer than a transaction may do nothing."""
    total = 20_000
    with (
        rig.running_loops(rig.relay()),
        members(3, where, rig.sink_settings, tmp_path) as group,
        pouring(rig, total) as recorded,
    ):
        wait_until(lambda: applied(rig) > 500, "the group at work")
        sleeper = group[0]
        sleeper.gate.shut()
        wait_until(lambda: sleeper.gate.has_guest, "the member with a batch in hand")
        sleeper.send(signal.SIGSTOP)
        sleeper.gate.open()
        threading.Event().wait(asleep)  # the fault itself: nothing is waited for
        wait_until(lambda: applied(rig) > total // 2, "the others going on with its partitions")
        sleeper.send(signal.SIGCONT)
        wait_until(lambda: sleeper.said(said), "the sleeper's transaction failing visibly")
        wait_until(lambda: recorded() == total, "everything recorded")
        wait_until(lambda: applied(rig) >= total, "everything applied")
    assert rig.rows("select count(*), count(distinct event_id) from effect") == [(total, total)]


def test_of_two_relays_one_sends_and_the_other_takes_over(rig: Rig, tmp_path: Path) -> None:
    with members(2, "relay", rig.source_settings, tmp_path), rig.running_loops(rig.consumer()):
        rig.emit(500)
        rig.await_effects(500)
        holders = _holders(rig)
        assert len(holders) == 1, "one relay holds the lock"
        rig.emit(2000)
        _kill_backend_of(rig, holders[0])
        rig.await_effects(2500)
        assert len(_holders(rig)) == 1


def _holders(rig: Rig) -> list[int]:
    query = f"select pid from pg_locks where locktype = 'advisory' and classid = {LOCK_CLASS} and granted"
    return [pid for (pid,) in rig.rows(query, side="source")]


def _kill_backend_of(rig: Rig, pid: int) -> None:
    with psycopg.connect(rig.source_settings.database, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s)", (pid,))
