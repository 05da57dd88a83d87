"""Waiting for the next signal: a child that ended, or the wish to stop."""

import os
import select
import signal
from contextlib import suppress
from types import FrameType


class Wakeups:
    """Turns SIGTERM and SIGINT into `stopping`, and wakes `wait` on them and on every child that ends.

    Python runs handlers between byte codes only, so a pipe does the waking: no signal is missed between look and wait.
    """

    def __init__(self) -> None:
        self.stopping = False
        self._reader, writer = os.pipe()
        for end in (self._reader, writer):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def wait(self, seconds: float) -> None:
        """Returns at the next signal, or after `seconds`."""
        select.select([self._reader], [], [], max(0.0, seconds))
        with suppress(BlockingIOError):
            while os.read(self._reader, 512):
                pass

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
