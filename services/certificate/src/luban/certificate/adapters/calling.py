"""Calls a webhook: one POST to an address that was looked at, no redirect, little read, little waited for."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address

from luban.certificate.domain.webhooks import Target, may_be_called

TOTAL_SECONDS = 10.0
MOST_READ = 8 * 1024

Resolve = Callable[[str, int], Awaitable[list[str]]]


class NotDeliveredError(Exception):
    """Its text is a stable word for why."""


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host as the system knows them now."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Caller:
    """Calls targets; in a demo stack also on this machine."""

    def __init__(self, *, demo: bool, context: ssl.SSLContext | None = None, resolve: Resolve = resolve) -> None:
        self._demo = demo
        self._context = context or ssl.create_default_context()
        self._resolve = resolve

    async def look_at(self, target: Target) -> str:
        """The address to connect to. Raises NotDeliveredError name-unknown, or address-refused when any address of the
        name is not of the open internet."""
        try:
            addresses = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise NotDeliveredError("name-unknown") from error
        if not all(may_be_called(ip_address(each.partition("%")[0]), demo=self._demo) for each in addresses):
            raise NotDeliveredError("address-refused")
        if not addresses:
            raise NotDeliveredError("name-unknown")
        return addresses[0]

    async def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer, 200 to 299. Raises NotDeliveredError.

        The connection goes to the very address that was looked at; a name that changes its mind in between changes
        nothing. The certificate is checked against the name all the same.
        """
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                status = await self._exchange(target, await self.look_at(target), headers, body)
        except TimeoutError as error:
            raise NotDeliveredError("timeout") from error
        except ssl.SSLError as error:
            raise NotDeliveredError("tls") from error
        except OSError as error:
            raise NotDeliveredError("connection") from error
        if 300 <= status < 400:
            raise NotDeliveredError("redirect-not-followed")
        if not 200 <= status < 300:
            raise NotDeliveredError(f"status-{status}")
        return status

    async def _exchange(self, target: Target, address: str, headers: Mapping[str, str], body: bytes) -> int:
        context = self._context if target.encrypted else None
        name = target.host if target.encrypted else None
        reader, writer = await asyncio.open_connection(
            address, target.port, ssl=context, server_hostname=name, limit=MOST_READ
        )
        try:
            writer.write(_request(target, headers, body))
            await writer.drain()
            return _status(await reader.readline())
        except ValueError as error:  # the line is longer than we read
            raise NotDeliveredError("answer-malformed") from error
        finally:
            writer.transport.abort()


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    host = f"[{target.host}]" if ":" in target.host else target.host
    lines = [f"POST {target.path} HTTP/1.1", f"Host: {host}:{target.port}", "Connection: close"]
    lines += [f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _status(line: bytes) -> int:
    version, _, rest = line.partition(b" ")
    code = rest[:3]
    if not version.startswith(b"HTTP/1.") or len(code) != 3 or not code.isdigit():
        raise NotDeliveredError("answer-malformed")
    return int(code)
