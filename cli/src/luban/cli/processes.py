"""Child processes that die with their parent, are stopped as a whole group, and leave a log."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.02


class ProcessError(RuntimeError):
    """A process could not be started, or ended before it was ready."""


@dataclass(frozen=True)
class Program:
    """What to run, and how it is asked to stop.

    `parent_death_signal` is what the process gets when its parent dies (Linux). `account` is the (user id, group id)
    it runs as.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    parent_death_signal: signal.Signals = signal.SIGKILL
    account: tuple[int, int] | None = None


class Child:
    """A running program, leader of its own process group."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.log.parent.mkdir(parents=True, exist_ok=True)
        user, group = program.account or (None, None)
        with program.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own programs
                program.command,
                env={**os.environ, **program.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=[] if program.account else None,
                preexec_fn=_prepare(program.parent_death_signal),  # noqa: PLW1509 -- callers have one thread
            )
        self.started_at = time.time()

    @property
    def pid(self) -> int:
        return self._process.pid

    def returncode(self) -> int | None:
        """The exit code, None while it runs.

        What is left of its process group is killed before its pid is given back.
        """
        if self._process.returncode is not None:
            return self._process.returncode
        with suppress(ChildProcessError):
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
        _signal_group(self.pid, signal.SIGKILL)
        return self._process.wait()

    def ask_to_stop(self) -> None:
        """Sends the stop signal to the process itself; it tells its own children."""
        if self.returncode() is None:
            self._process.send_signal(self.program.stop_signal)

    def stop(self, seconds: float = 20.0) -> int:
        """Asks, waits at most `seconds`, then kills the group. Returns the exit code."""
        self.ask_to_stop()
        if not wait_until(lambda: self.returncode() is not None, seconds):
            self.kill()
        return self._process.wait()

    def kill(self) -> None:
        """SIGKILL to the whole group at once."""
        if self.returncode() is None:
            _signal_group(self.pid, signal.SIGKILL)
            self._process.wait()


def wait_until(condition: Callable[[], bool], seconds: float, every: float = _POLL_SECONDS) -> bool:
    """Whether the condition came true within `seconds`; it is looked at every `every` seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def log_tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log file, empty when there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def stop_marked(name: str, value: str, seconds: float = 5.0) -> list[int]:
    """Stops every other process whose environment holds name=value, whoever is its parent by now.

    Returns their pids.
    """
    found = [
        process for process in psutil.process_iter() if process.pid != os.getpid() and _is_marked(process, name, value)
    ]
    return stop_processes(found, seconds)


def stop_processes(
    processes: Sequence[psutil.Process], seconds: float, first: signal.Signals = signal.SIGTERM
) -> list[int]:
    """`first`, a wait of at most `seconds`, then SIGKILL. psutil compares start times, so a reused pid is never hit."""
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(first)
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=seconds)
    return [process.pid for process in processes]


def _is_marked(process: psutil.Process, name: str, value: str) -> bool:
    try:
        return process.environ().get(name) == value
    except (psutil.Error, OSError):
        return False


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _prepare(parent_death_signal: signal.Signals) -> Callable[[], None]:
    """What runs in the child before the program: no signal stays blocked, and the parent's death is heard (Linux)."""
    parent = os.getpid()

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(parent_death_signal), 0, 0, 0)
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGKILL)

    return prepare


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
