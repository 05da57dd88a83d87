"""CPU time and memory of a whole stack: the supervisor and everything that descends from it."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from luban.cli.secret_files import read_json

_EVERY_SECONDS = 0.5
_WEIGH_EVERY = 4
"""Samples after which memory is weighed again, though no process has visibly grown: dividing shared pages is dear."""
_GROWTH = 1.01


@dataclass(frozen=True, slots=True)
class Usage:
    """None where the stack's processes cannot be seen from here (containers)."""

    cpu_seconds: float | None
    """User and system, of all processes that lived."""
    peak_rss_mb: float | None
    """Highest sum at one moment; what processes share is divided among them."""


class Meter:
    """Samples in a thread of its own. The kernel adds the time of ended children to their parents, so none is lost but
    that of a family whose head was killed between two samples."""

    def __init__(self, state_file: Path) -> None:
        self._state_file = state_file
        self._head = 0
        self._before = self._latest = self._at_start = 0.0
        self._peak = self._resident = self._since_weighed = 0
        self._seen = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo-meter", daemon=True)

    def __enter__(self) -> Self:
        self._sample()
        self._at_start = self._latest
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def usage(self) -> Usage:
        """What was used since it began."""
        self._sample()
        if not self._seen:
            return Usage(None, None)
        return Usage(round(self._before + self._latest - self._at_start, 2), round(self._peak / 2**20, 1))

    def _run(self) -> None:
        while not self._stop.wait(_EVERY_SECONDS):
            self._sample()

    def _sample(self) -> None:
        pid = _supervisor_of(self._state_file)
        if pid is None:
            return
        with suppress(psutil.Error):
            head = psutil.Process(pid)
            family = [head, *head.children(recursive=True)]
            self._take(pid, sum(map(_cpu, family)))
            self._weigh(family)

    def _weigh(self, family: Sequence[psutil.Process]) -> None:
        resident = sum(map(_resident, family))
        self._since_weighed += 1
        if resident < self._resident * _GROWTH and self._since_weighed < _WEIGH_EVERY:
            return
        self._resident, self._since_weighed = resident, 0
        self._peak = max(self._peak, sum(map(_memory, family)))

    def _take(self, pid: int, cpu: float) -> None:
        if pid != self._head:
            self._before += self._latest
            self._head, self._latest = pid, 0.0
        self._latest = max(self._latest, cpu)
        self._seen = True


def _supervisor_of(state_file: Path) -> int | None:
    state = read_json(state_file)
    return None if state is None else int(state["supervisor"]["pid"])


def _cpu(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def _resident(process: psutil.Process) -> int:
    """Bytes, what is shared counted in full."""
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _memory(process: psutil.Process) -> int:
    """Bytes, what is shared divided where the system can tell."""
    with suppress(psutil.Error):
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    return 0
