"""A small HTTP/1.1 load client: keep-alive connections that each send the next request when their answer is in.

One process, plain asyncio protocols; about 25 µs of its own a request, so that the server is what is measured.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

OnAnswer = Callable[[int, bytes], None]
"""Told status and body of every answer."""


@dataclass
class Load:
    """What came of a run."""

    answers: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Seconds within which that share of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def request(method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """The bytes of one request."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Schedule:
    """When each request is due: at once, or at a steady rate that does not wait for answers."""

    def __init__(self, requests: Iterator[bytes], per_second: float | None) -> None:
        self._requests = requests
        self._pause = 1 / per_second if per_second else 0.0
        self._due = time.perf_counter()

    def next(self) -> tuple[float, bytes] | None:
        """The next request and its time; None after the last."""
        following = next(self._requests, None)
        if following is None:
            return None
        due = self._due if self._pause else time.perf_counter()
        self._due += self._pause
        return due, following


class _Connection(asyncio.Protocol):
    def __init__(self, schedule: Schedule, load: Load, on_answer: OnAnswer | None) -> None:
        self._schedule = schedule
        self._load = load
        self._on_answer = on_answer
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.WriteTransport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        start = head.find(b"content-length:")
        length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
        try:
            self._count(int(head[9:12]), body)
            self._next()
        except BaseException as error:  # what a callback raises ends the run, not just its own call
            self.done.set_exception(error)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _count(self, status: int, body: bytes) -> None:
        self._load.answers += 1
        self._load.latencies.append(time.perf_counter() - self._sent_at)
        self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
        if self._on_answer:
            self._on_answer(status, body)

    def _next(self) -> None:
        assert self._transport is not None
        following = self._schedule.next()
        if following is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at, request = following  # from when it was due: a late answer before it does not hide its wait
        delay = self._sent_at - time.perf_counter()
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self._transport.write, request)
        else:
            self._transport.write(request)


async def drive(
    url: str,
    requests: Iterator[bytes],
    connections: int,
    on_answer: OnAnswer | None = None,
    load: Load | None = None,
    per_second: float | None = None,
) -> Load:
    """Sends every request, at most `connections` at once; at a steady rate, if one is given."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    load, schedule = load or Load(), Schedule(requests, per_second)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    waits: list[Awaitable[None]] = []
    for _ in range(connections):
        _, protocol = await loop.create_connection(lambda: _Connection(schedule, load, on_answer), host, port)
        waits.append(protocol.done)
    await asyncio.gather(*waits)
    load.seconds += time.perf_counter() - began
    return load
