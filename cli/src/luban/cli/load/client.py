"""Everybody's way to the services: one command, written down before it is sent and when it is answered.

A command without an answer (no connection, connection lost, time out, 5xx) is sent again with the same Idempotency-Key
until it is answered or the patience ends. A question whose repetition would be another question is asked once.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from luban.cli.load.faults import InDoubt, NotArrived, Refused, Unanswered
from luban.cli.load.figures import Figures
from luban.cli.load.ledger import Book
from luban.cli.load.pace import Schedule
from luban.cli.load.target import Target
from luban.cli.load.wire import Door, Reply

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_NOT_YET_PAUSE = 0.2
_READ_AGAIN_SECONDS = 1.0
"""How often the stack's file is read again while a service does not answer."""
_LARGE = 4
"""A command on a whole list may take so many times as long."""
_JSON = b"Content-Type: application/json\r\n"
_FORM = b"Content-Type: multipart/form-data; boundary=luban-load\r\n"
Kept = Callable[[Any], Mapping[str, Any]]
"""What of an answer's JSON goes into the ledger."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be done. `expect` are the answers that are due; `not_yet` are codes of refusals that time mends."""

    kind: str
    service: str
    method: str
    path: str
    body: Any = None
    file: tuple[str, bytes] | None = None
    expect: Collection[int] = (200, 201)
    not_yet: Collection[str] = ()
    once: bool = False
    """A repetition would be a second one: it is sent once, answered or not."""

    def content(self) -> tuple[bytes, bytes]:
        """Header lines and body."""
        if self.file is not None:
            name, content = self.file
            head = f'--luban-load\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
            return _FORM, head.encode() + content + b"\r\n--luban-load--\r\n"
        if self.body is None:
            return b"", b""
        return _JSON, orjson.dumps(self.body)

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.method} {self.service}{self.path}"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one attempt may take, how long a command is sent again, how long what follows from it may take; s."""

    attempt: float = 10.0
    command: float = 120.0
    arrival: float = 180.0


@dataclass
class Client:
    """The load's one client."""

    target: Target
    figures: Figures
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        self._doors = {name: Door(url) for name, url in self.target.stack().urls.items()}
        self._read_at = time.monotonic()

    def close(self) -> None:
        """Drops all connections."""
        for door in self._doors.values():
            door.close()

    async def send(self, schedule: Schedule, command: Command, headers: bytes, op: str | None = None) -> Reply:
        """The answer to one command, whatever it is below 500. Raises InDoubt."""
        kind = self.figures.of(command.kind)
        free = time.perf_counter()
        due = await schedule.slot()
        sent = time.perf_counter()
        self.figures.late.record(max(0.0, sent - max(free, due)))
        try:
            reply = await self._until_answered(command, headers, op)
        except InDoubt:
            kind.in_doubt += 1
            raise
        if reply.status in command.expect:
            kind.answered(due, sent, time.perf_counter())
            kind.replayed += reply.replayed
        return reply

    async def _until_answered(self, command: Command, headers: bytes, op: str | None) -> Reply:
        kind = self.figures.of(command.kind)
        gives_up, pause = time.monotonic() + self.patience.command, _FIRST_PAUSE
        while True:
            try:
                return await self._attempt(command, headers, op)
            except Unanswered as unanswered:
                kind.errors[unanswered.kind] += 1
                repeatable = not command.once or unanswered.kind == "connect"
                if not repeatable or time.monotonic() + pause >= gives_up:
                    raise InDoubt(f"{command.name}: no answer ({unanswered.kind})") from unanswered
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            kind.retries += 1
            self._read_addresses()

    async def _attempt(self, command: Command, headers: bytes, op: str | None) -> Reply:
        door = self._doors[command.service]
        lines, body = command.content()
        if op is not None and not command.once:
            lines += f"Idempotency-Key: {op}\r\n".encode()
        request = door.request(command.method, command.path, headers + lines, body)
        seconds = self.patience.attempt * (_LARGE if len(body) > 64 * 1024 else 1)
        reply = await door.send(request, seconds)
        if reply.status >= 500:
            raise Unanswered(f"http-{reply.status}")
        return reply

    def _read_addresses(self) -> None:
        """A restart may have moved the services."""
        if time.monotonic() - self._read_at < _READ_AGAIN_SECONDS:
            return
        self._read_at = time.monotonic()
        for name, url in self.target.stack().urls.items():
            if self._doors[name].url != url:
                self._doors.pop(name).close()
                self._doors[name] = Door(url)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with their credentials (whole header lines), on a schedule, with the book that keeps their deeds."""

    client: Client
    schedule: Schedule
    headers: bytes = field(repr=False)
    book: Book

    async def do(self, command: Command, sent: Mapping[str, Any], kept: Kept) -> Any:
        """Does it; the answer's JSON. Raises InDoubt, Refused, NotArrived for what is refused as not yet possible."""
        op = self.book.intend(command.kind, sent)
        gives_up = time.monotonic() + self.client.patience.arrival
        while True:
            reply = await self.client.send(self.schedule, command, self.headers, op)
            told = orjson.loads(reply.body) if reply.body else None
            if reply.status in command.expect:
                self.book.answered(op, reply.status, kept(told))
                return told
            code = code_of(told)
            if code not in command.not_yet or time.monotonic() >= gives_up:
                break
            await self.schedule.rest(_NOT_YET_PAUSE)
        self.book.answered(op, reply.status, {"code": code})
        if code in command.not_yet:
            raise NotArrived(f"{command.name}: still {code} after {self.client.patience.arrival:.0f} s")
        self.client.figures.of(command.kind).errors[f"{reply.status} {code}"] += 1
        raise Refused(command.name, reply.status, code)

    async def read(self, service: str, path: str, **parameters: Any) -> Any:
        """A reading's JSON."""
        return orjson.loads((await self.fetch(service, path, **parameters)).body)

    async def fetch(self, service: str, path: str, expect: Collection[int] = (200,), **parameters: Any) -> Reply:
        """A reading's bytes. Raises InDoubt, Refused."""
        given = {name: value for name, value in parameters.items() if value is not None}
        query = f"?{urlencode(given)}" if given else ""
        command = Command("readings", service, "GET", path + query, expect=expect)
        reply = await self.client.send(self.schedule, command, self.headers)
        if reply.status not in expect:
            code = code_of(orjson.loads(reply.body) if reply.body else None)
            self.client.figures.of("readings").errors[f"{reply.status} {code}"] += 1
            raise Refused(command.name, reply.status, code)
        return reply

    async def all(self, service: str, path: str, **parameters: Any) -> AsyncIterator[dict[str, Any]]:
        """Every item of a paged list."""
        cursor: str | None = None
        while True:
            page = await self.read(service, path, limit=200, cursor=cursor, **parameters)
            for item in page["items"]:
                yield item
            cursor = page.get("next")
            if cursor is None:
                return


def code_of(told: Any) -> str:
    """The stable last part of a problem's type."""
    return str(told.get("type", "")).rsplit("/", 1)[-1] if isinstance(told, dict) else ""
