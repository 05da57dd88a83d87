"""A process that must run: started again when it ends, with a growing and bounded delay."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from luban.cli.processes import Child, ProcessError, wait_until
from luban.cli.stack import StackError

FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0
STEADY_AFTER = 30.0
"""Seconds of running after which an end counts as the first again."""


class Unit:
    """One process of a stack. `start` returns it when it is ready, or raises ProcessError or StackError."""

    def __init__(self, name: str, start: Callable[[], Child], clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.child: Child | None = None
        self.restarts = 0
        self.last_error = ""
        self._start, self._clock = start, clock
        self._delay = FIRST_DELAY
        self._began = self._due = 0.0

    def start(self) -> None:
        """Starts it. Raises what `start` raises."""
        self._began = self._clock()
        self.child = self._start()

    def tend(self) -> bool:
        """Notices an end, and starts it again when its delay is over. Returns whether anything changed."""
        if self.child is not None:
            return self._notice_end(self.child.returncode())
        if self._clock() < self._due:
            return False
        self.restarts += 1
        try:
            self.start()
        except (ProcessError, StackError, OSError) as error:
            self.last_error = str(error)
            self._schedule()
        return True

    def due_in(self) -> float | None:
        """Seconds until it is started again; None while it runs."""
        return None if self.child is not None else max(0.0, self._due - self._clock())

    def describe(self) -> dict[str, Any]:
        """How it is doing, for state.json."""
        running = self.child is not None
        return {
            "name": self.name,
            "pid": self.child.pid if self.child else None,
            "state": "running" if running else "waiting to restart",
            "restarts": self.restarts,
            "started_at": self.child.started_at if self.child else None,
            "last_error": self.last_error,
        }

    def _notice_end(self, code: int | None) -> bool:
        if code is None:
            return False
        self.last_error = f"ended with {code}"
        self.child = None
        if self._clock() - self._began >= STEADY_AFTER:
            self._delay = FIRST_DELAY
        self._schedule()
        return True

    def _schedule(self) -> None:
        self._due = self._clock() + self._delay
        self._delay = min(LONGEST_DELAY, self._delay * 2)


def stop_together(units: Sequence[Unit], seconds: float) -> None:
    """Asks all of them at once to stop, waits at most `seconds` for all, and kills what is left."""
    children = [unit.child for unit in units if unit.child is not None]
    for child in children:
        child.ask_to_stop()
    wait_until(lambda: all(child.returncode() is not None for child in children), seconds)
    for child in children:
        child.kill()
    for unit in units:
        unit.child = None
