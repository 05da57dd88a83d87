"""Receivers of webhooks: real servers on this machine, well behaved and otherwise."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Answer = Callable[[asyncio.StreamWriter], Coroutine[Any, Any, None]]


@dataclass
class Received:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server that keeps what it was sent and answers as it was told."""

    answer: Answer
    port: int = 0
    got: list[Received] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reads one request whole, then answers."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in head[1:] if each)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.append(Received(head[0], headers, body))
        try:
            await self.answer(writer)
            writer.close()
            await writer.wait_closed()
        finally:
            writer.transport.abort()  # what is not closed yet: somebody hung up in the middle


def says(line: str, more: str = "") -> Answer:
    """Answers with this status line and these headers."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {line}\r\n{more}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()

    return answer


async def never(_: asyncio.StreamWriter) -> None:
    """Takes the request and says nothing."""
    await asyncio.Event().wait()


async def slowly(writer: asyncio.StreamWriter) -> None:
    """A byte every tenth of a second, never a whole line."""
    while not writer.is_closing():
        writer.write(b"H")
        await writer.drain()
        await asyncio.sleep(0.1)


async def endlessly(writer: asyncio.StreamWriter) -> None:
    """As much as is taken."""
    while not writer.is_closing():
        writer.write(b"H" * 65_536)
        await writer.drain()


@contextmanager
def receiving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a free port, in a thread of its own."""
    receiver, loop, ready, over = Receiver(answer), asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
        receiver.port = server.sockets[0].getsockname()[1]
        ready.set()
        await over.wait()
        server.close()
        talking = asyncio.all_tasks() - {asyncio.current_task()}
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        await asyncio.sleep(0)  # a turn of the loop, in which aborted connections are closed

    def run() -> None:
        loop.run_until_complete(serve())
        loop.close()

    loop.set_exception_handler(lambda *_: None)  # a caller that hangs up is what some tests are about
    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of that name, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begun = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))
