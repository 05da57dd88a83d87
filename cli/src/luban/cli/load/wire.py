"""A lean HTTP/1.1 client: kept connections, llhttp's parser, one future a request.

Nothing is sent again here: an attempt ends in an answer or in `Unanswered`.
"""

import asyncio
import ssl
import time
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

import httptools

from luban.cli.load.faults import Unanswered

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 4.0
"""A connection that rested longer is not used again: the server may be about to close it."""
_REPLAYED = b"idempotent-replayed"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `replayed` when it was first given to an earlier attempt."""

    status: int
    body: bytes
    replayed: bool = False


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._reply: asyncio.Future[Reply] | None = None
        self._body: list[bytes] = []
        self._replayed = False
        self.usable = True
        self.rested_since = 0.0

    async def exchange(self, request: bytes, seconds: float) -> Reply:
        """Sends bytes and gives the answer. Raises Unanswered `timeout` or `lost`; the connection is closed then."""
        loop = asyncio.get_running_loop()
        self._reply = loop.create_future()
        self._body, self._replayed = [], False
        if self._transport is None or not self.usable:
            raise Unanswered("lost")
        expiry = loop.call_later(seconds, self._fail, "timeout")
        try:
            self._transport.write(request)
            return await self._reply
        finally:
            expiry.cancel()
            if not self._reply.done() or self._reply.cancelled():
                self.close()

    def close(self) -> None:
        """Drops the connection."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._fail("lost")

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._fail("lost")

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's."""
        del value
        if name.lower() == _REPLAYED:
            self._replayed = True

    def on_body(self, body: bytes) -> None:
        """The parser's."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The parser's."""
        if not self._parser.should_keep_alive():
            self.usable = False
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(Reply(self._parser.get_status_code(), b"".join(self._body), self._replayed))

    def _fail(self, kind: str) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(Unanswered(kind))
        self.close()


class Door:
    """One service's address, with the connections to it that rest."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._ssl = ssl.create_default_context() if parts.scheme == "https" else None
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._ssl else 80)
        self._base = parts.path.rstrip("/")
        self._authority = parts.netloc
        self._resting: list[Connection] = []
        self.url = url

    def request(self, method: str, path: str, headers: bytes, body: bytes = b"") -> bytes:
        """The bytes of a request. `headers` are whole lines."""
        head = f"{method} {self._base}{path} HTTP/1.1\r\nHost: {self._authority}\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + headers + b"\r\n" + body

    async def send(self, request: bytes, seconds: float) -> Reply:
        """One attempt. Raises Unanswered."""
        connection = self._take() or await self._connect()
        reply = await connection.exchange(request, seconds)
        if connection.usable:
            connection.rested_since = time.monotonic()
            self._resting.append(connection)
        else:
            connection.close()
        return reply

    def close(self) -> None:
        """Drops all that rest."""
        for connection in self._resting:
            connection.close()
        self._resting.clear()

    def _take(self) -> Connection | None:
        while self._resting:
            connection = self._resting.pop()
            if connection.usable and time.monotonic() - connection.rested_since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def _connect(self) -> Connection:
        opening = asyncio.get_running_loop().create_connection(Connection, self._host, self._port, ssl=self._ssl)
        try:
            _, connection = await asyncio.wait_for(opening, CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise Unanswered("connect") from error
        return connection
