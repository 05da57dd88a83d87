"""What stands around every request: correlation id, security headers, one log line, and a 500 that tells nothing."""

import logging
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from luban.eventkit.tracing import tracer
from luban.webkit.exchange import CORRELATION_ID, Exchange, open_exchange
from luban.webkit.http_metrics import REQUESTS
from luban.webkit.problem import plain_problem
from luban.webkit.request_lines import RequestLines
from luban.webkit.telemetry import Span, begin_span, end_span

_LOG = logging.getLogger("luban.http")

_HEADERS: Final[Mapping[bytes, bytes]] = {
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"cross-origin-resource-policy": b"same-origin",
}
"""Sent unless the endpoint sets the header itself, as a page does."""

_QUIET: Final = frozenset({"/healthz", "/readyz"})


class Envelope:
    """The outermost of our layers. `paths` gives the path template of an endpoint, for the log."""

    def __init__(self, app: ASGIApp, paths: Mapping[Callable[..., Any], str]) -> None:
        self.app = app
        self._paths = paths
        self._lines = RequestLines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = open_exchange(scope)
        answering = _Answering(exchange, send)
        span = begin_span(exchange) if tracer() else None
        started = perf_counter()
        token = CORRELATION_ID.set(exchange.correlation_id)
        try:
            await self.app(scope, receive, answering)
        except Exception:
            _LOG.exception("request failed")
            if answering.status is not None:
                raise
            await plain_problem(exchange, 500)(scope, receive, answering)
        finally:
            self._tell(scope, exchange, answering.status, perf_counter() - started, span)
            CORRELATION_ID.reset(token)

    def _tell(self, scope: Scope, exchange: Exchange, status: int | None, seconds: float, span: Span | None) -> None:
        """One line, one count and perhaps one span per request. The path template, never the path: that may hold a
        number or a name."""
        endpoint = scope.get("endpoint")
        path = self._paths.get(endpoint, "-") if endpoint else "-"
        if span:
            end_span(span, scope["method"], path, status)
        if path in _QUIET:
            return
        REQUESTS.note(path, scope["method"], status, seconds)
        self._lines.note(
            {
                "method": scope["method"],
                "path": path,
                "status": status,
                "ms": round(seconds * 1000, 1),
                "actor": exchange.principal.actor if exchange.principal else None,
                "correlation_id": exchange.correlation_id,
            }
        )


class _Answering:
    """The sending side of one request: adds the headers that every answer has."""

    def __init__(self, exchange: Exchange, send: Send) -> None:
        self._exchange = exchange
        self._send = send
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._complete(message)
        await self._send(message)

    def _complete(self, message: Message) -> None:
        headers: list[tuple[bytes, bytes]] = MutableHeaders(scope=message).raw
        present = {name for name, _ in headers}
        headers.append((b"x-correlation-id", str(self._exchange.correlation_id).encode()))
        headers.extend(header for header in _HEADERS.items() if header[0] not in present)
        message["headers"] = headers
