"""How large a request may be, enforced while it streams in."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from luban.webkit.digest import RequestDigest
from luban.webkit.exchange import Exchange, exchange_of
from luban.webkit.problem import HttpRefusal, problem_of_http

DEFAULT_MAX_BODY: Final = 64 * 1024
MAX_TARGET: Final = 8 * 1024
MAX_HEADERS: Final = 64
MAX_HEADER_BYTES: Final = 32 * 1024

_ATTRIBUTE: Final = "__luban_max_body__"
_CLOSE: Final = {"Connection": "close"}
F = TypeVar("F", bound=Callable[..., Any])

Admission = Callable[[Scope], Awaitable[None]]
"""Raises an HTTPException for a request whose body is not even to be read."""


def max_body(size: int) -> Callable[[F], F]:
    """Declares on an endpoint how many bytes its request may have, instead of `DEFAULT_MAX_BODY`."""

    def declare(endpoint: F) -> F:
        setattr(endpoint, _ATTRIBUTE, size)
        return endpoint

    return declare


class Limits:
    """Bounds address, headers and body. A body over the limit is refused with 413 and never held in memory.

    The route is known only when its endpoint first asks for the body; its limit and its admission (who may call)
    are looked up then, so that nothing is read for a caller who would be turned away.
    """

    def __init__(self, app: ASGIApp, admit: Admission) -> None:
        self.app = app
        self._admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = exchange_of(scope)
        refusal = _head_refusal(scope)
        if refusal:
            await problem_of_http(exchange, refusal)(scope, receive, send)
            return
        if "idempotency-key" in exchange.headers:
            exchange.digest = RequestDigest(scope, exchange.headers.get("content-type", ""))
        await self.app(scope, BoundedBody(scope, receive, exchange, self._admit), send)


class BoundedBody:
    """The receiving side of one request: admits once, then counts and digests what comes."""

    def __init__(self, scope: Scope, receive: Receive, exchange: Exchange, admit: Admission) -> None:
        self._scope = scope
        self._receive = receive
        self._exchange = exchange
        self._admit = admit
        self._limit: int | None = None
        self._count = 0

    async def __call__(self) -> Message:
        if self._limit is None:
            await self._admit(self._scope)
            self._limit = getattr(self._scope.get("endpoint"), _ATTRIBUTE, DEFAULT_MAX_BODY)
            self._check(declared_length(self._exchange))
        message = await self._receive()
        if message["type"] == "http.request":
            self._take(message.get("body", b""))
        return message

    def _take(self, chunk: bytes) -> None:
        self._count += len(chunk)
        self._check(self._count)
        if self._exchange.digest:
            self._exchange.digest.feed(chunk)

    def _check(self, size: int) -> None:
        if self._limit is not None and size > self._limit:
            raise _too_large(self._limit)


def declared_length(exchange: Exchange) -> int:
    """Content-Length in bytes; 0 where there is none."""
    length = exchange.headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() else 0


def _head_refusal(scope: Scope) -> HttpRefusal | None:
    target = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
    if target > MAX_TARGET:
        zh, en = f"地址不得超过 {MAX_TARGET} 字节。", f"The address exceeds {MAX_TARGET} bytes."
        return HttpRefusal(414, "address-too-long", zh=zh, en=en, headers=_CLOSE)
    headers = scope["headers"]
    if len(headers) > MAX_HEADERS or sum(len(name) + len(value) for name, value in headers) > MAX_HEADER_BYTES:
        zh = f"请求头不得超过 {MAX_HEADERS} 个或 {MAX_HEADER_BYTES} 字节。"
        en = f"Request headers exceed {MAX_HEADERS} or {MAX_HEADER_BYTES} bytes."
        return HttpRefusal(431, "headers-too-large", zh=zh, en=en, headers=_CLOSE)
    return None


def _too_large(limit: int) -> HttpRefusal:
    zh, en = f"请求内容不得超过 {limit} 字节。", f"The request's content exceeds {limit} bytes."
    return HttpRefusal(413, "content-too-large", zh=zh, en=en, headers=_CLOSE)
