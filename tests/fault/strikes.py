"""The faults. Each strikes, lasts, and ends; what it returns is the moment of its end, on the monotonic clock."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from datetime import timedelta
from random import Random

import psutil
import psycopg

from luban.eventkit.consumer import SESSION_MS
from tests.fault.batches import batch_under_way
from tests.fault.disks import Disk
from tests.fault.load import Load
from tests.fault.matrix import ALL, APIS, RELAY, Column
from tests.fault.network import Way
from tests.fault.scene import BROKER, Scene, signal_all

Strike = Callable[[Scene, Load, str, Random], float]
HOUR = timedelta(hours=1)


def beyond_session(scene: Scene, moments: Random) -> float:
    """Seconds, longer than a group waits for a member."""
    return SESSION_MS[scene.stack.profile] / 1000 + moments.uniform(2.0, 4.0)


def duration(scene: Scene, row: str, moments: Random) -> float:
    """Seconds: for an API longer than its clients wait for an answer, for all others longer than the group waits."""
    return moments.uniform(4.0, 6.0) if row in APIS else beyond_session(scene, moments)


def kill(scene: Scene, load: Load, row: str, moments: Random) -> float:
    """SIGKILL, as the machine's own out-of-memory killer would."""
    if row == ALL:
        kill_everything(scene)
        return time.monotonic()
    with _moment(scene, row, moments) as name:
        signal_all(scene.processes(name)[:1], signal.SIGKILL)
        return time.monotonic()


def kill_everything(scene: Scene) -> None:
    """The supervisor first, so that it restarts nothing; then whatever of the stack still lives. Starts it again."""
    family = scene.everything()
    signal_all(family, signal.SIGKILL)
    psutil.wait_procs(family, timeout=30)
    scene.start()


def stop_and_wake(scene: Scene, load: Load, row: str, moments: Random) -> float:
    """SIGSTOP for longer than the group's session timeout, then SIGCONT: a zombie."""
    seconds = beyond_session(scene, moments)
    with _moment(scene, row, moments) as name:
        found = scene.everything() if row == ALL else scene.processes(name)
        signal_all(found, signal.SIGSTOP)
    load.go_on(seconds)
    signal_all(found, signal.SIGCONT)
    return time.monotonic()


def cut(way: Way) -> Strike:
    """Packets of one end are lost; all of its connections stay open."""

    def strike(scene: Scene, load: Load, row: str, moments: Random) -> float:
        seconds = duration(scene, row, moments)
        assert scene.network is not None
        network = scene.network
        with ExitStack() as losing:
            with _moment(scene, row, moments) as name:
                losing.enter_context(
                    network.cut_everywhere(way) if row == ALL else network.cut_off(scene.end_of(name), way)
                )
            load.go_on(seconds)
        return time.monotonic()

    return strike


def fill(disks: Mapping[str, Disk]) -> Strike:
    """No byte is free, neither for rows nor for the next segment of the write-ahead log, which is asked for."""

    def strike(scene: Scene, load: Load, row: str, moments: Random) -> float:
        with _all_full(disks.values() if row == ALL else [disks[row]]):
            load.go_on(moments.uniform(3.0, 6.0))
            _ask_for_segment(scene)
            load.go_on(moments.uniform(3.0, 6.0))
        return time.monotonic()

    return strike


def restart_broker(scene: Scene, load: Load, row: str, moments: Random) -> float:
    """SIGTERM: it ends in good order, and is started again."""
    signal_all(scene.processes(BROKER)[:1], signal.SIGTERM)
    return time.monotonic()


def step(off: timedelta) -> Strike:
    """The wall clocks of some processes are off for a while, then right again; monotonic clocks are not touched."""

    def strike(scene: Scene, load: Load, row: str, moments: Random) -> float:
        assert scene.clocks is not None
        names = scene.clocks.names if row == ALL else (row,)
        scene.clocks.step(names, off)
        try:
            load.go_on(moments.uniform(3.0, 6.0))
        finally:
            scene.clocks.step(names, timedelta())
        return time.monotonic()

    return strike


STRIKES: Mapping[Column, Strike] = {
    Column.KILLED: kill,
    Column.STOPPED: stop_and_wake,
    Column.CUT: cut(Way.BOTH),
    Column.MUTE: cut(Way.OUT),
    Column.DEAF: cut(Way.IN),
    Column.RESTARTED: restart_broker,
    Column.FAST: step(HOUR),
    Column.SLOW: step(-HOUR),
}


def _moment(scene: Scene, row: str, moments: Random) -> AbstractContextManager[str]:
    """The process to strike, and for a relay the middle of a batch."""
    return batch_under_way(scene, moments) if row == RELAY else nullcontext(row)


@contextmanager
def _all_full(disks: Iterable[Disk]) -> Iterator[None]:
    with ExitStack() as exits:
        for disk in disks:
            exits.enter_context(disk.full())
        yield


def _ask_for_segment(scene: Scene) -> None:
    """PostgreSQL may be down already: then it has asked by itself."""
    with (
        suppress(psycopg.Error),
        psycopg.connect(scene.stack.admin_database, autocommit=True, connect_timeout=2) as one,
    ):
        one.execute("select pg_switch_wal()")
