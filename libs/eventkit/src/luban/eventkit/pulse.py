"""Signs of life of a worker's loops: each says by when it will be heard of again."""

import time

PROMISE_SECONDS = 90.0
"""Longer than anything a loop waits for on purpose: a send that is not acknowledged takes 30 s."""


class Pulse:
    """The last promise of one loop. One thread beats, any other may look."""

    def __init__(self) -> None:
        self._due = time.monotonic() + PROMISE_SECONDS

    def beat(self, within: float = PROMISE_SECONDS) -> None:
        """I live, and shall beat again within so many seconds."""
        self._due = time.monotonic() + within

    @property
    def overdue(self) -> float:
        """Seconds since the promise was broken; 0 while it holds."""
        return max(0.0, time.monotonic() - self._due)
