"""When each request is due.

An open loop: requests are due at a rate that answers do not move. While every client waits for an answer, requests
become due all the same; they are sent as soon as a client is free, and their latency counts from the moment they were
due. So a system that stands still for ten seconds shows in all the requests it kept from being sent, not in one a
client. What would have been due while a client had nothing to send (its errands were done, the stack's clock was being
moved, events were waited for) is not made up for: nobody was kept waiting.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Schedule:
    """So many requests a second over all clients, or, with None, each as soon as its client is free."""

    def __init__(
        self, rate: float | None = None, clock: Clock = time.perf_counter, sleep: Sleep = asyncio.sleep
    ) -> None:
        self.rate = rate
        self._interval = 1 / rate if rate else 0.0
        self._clock, self._sleep = clock, sleep
        self._next = self._fed_since = clock()
        self._idle = 0
        self._fed_seconds, self._fed_requests = 0.0, 0

    async def slot(self) -> float:
        """Waits for the next request's turn; the moment it was due, in the past when all clients were kept waiting."""
        now = self._clock()
        if not self._interval:
            return now
        if self._idle:
            self._next = max(self._next, now)
        else:
            self._fed_requests += 1
        due, self._next = self._next, self._next + self._interval
        if due > now:
            await self._sleep(due - now)
        return due

    @contextmanager
    def idle(self) -> Iterator[None]:
        """A client has nothing to send while the block runs."""
        if not self._idle:
            self._fed_seconds += self._clock() - self._fed_since
        self._idle += 1
        try:
            yield
        finally:
            self._idle -= 1
            if not self._idle:
                self._fed_since = self._clock()
                self._next = max(self._next, self._fed_since)

    async def rest(self, seconds: float) -> None:
        """A pause that a client chose."""
        with self.idle():
            await self._sleep(seconds)

    def kept(self) -> float | None:
        """Requests a second that became due or were sent while every client had something to send; None without."""
        running = 0.0 if self._idle else self._clock() - self._fed_since
        seconds = self._fed_seconds + running
        return self._fed_requests / seconds if self._fed_requests and seconds else None
