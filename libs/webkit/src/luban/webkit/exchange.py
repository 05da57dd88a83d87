"""What the kernel knows of one request while it is answered; kept in the ASGI scope."""

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.types import Scope

from luban.eventkit.ids import new_id
from luban.webkit.language import Language, preferred_language

if TYPE_CHECKING:
    from luban.webkit.authentication import Principal
    from luban.webkit.digest import RequestDigest

CORRELATION_ID: ContextVar[UUID | None] = ContextVar("correlation_id", default=None)
"""The correlation id of the request that this task or thread works for."""

_SCOPE_KEY = "luban.exchange"
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C Trace Context, version-agnostic


@dataclass(slots=True)
class Exchange:
    """One request and its answer."""

    correlation_id: UUID
    language: Language = "zh"
    traceparent: str | None = None
    principal: "Principal | None" = None
    digest: "RequestDigest | None" = None
    """Present when the request carries an Idempotency-Key."""
    headers: dict[str, str] = field(default_factory=dict)
    """The request's headers that the kernel reads, lower-case; the last of a repeated one."""
    peer: str = ""
    """Address of whoever opened the connection; a proxy's where one stands before the service."""

    @property
    def instance(self) -> str:
        """The problem's `instance`: names this occurrence and shows no path, which may hold personal data."""
        return f"urn:uuid:{self.correlation_id}"


_READ = {
    name.encode(): name
    for name in (
        "accept-language", "authorization", "content-length", "content-type", "idempotency-key",
        "traceparent", "transfer-encoding", "x-api-key", "x-correlation-id", "x-forwarded-for",
    )
}  # fmt: skip


def open_exchange(scope: Scope) -> Exchange:
    """Reads what the kernel needs of a request's headers and keeps it in the scope."""
    headers = {_READ[name]: value.decode("latin-1") for name, value in scope["headers"] if name in _READ}
    traceparent = headers.get("traceparent", "")
    exchange = Exchange(
        correlation_id=_uuid(headers.get("x-correlation-id")) or new_id(),
        language=preferred_language(headers.get("accept-language")),
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else None,
        headers=headers,
        peer=client[0] if (client := scope.get("client")) else "",
    )
    scope[_SCOPE_KEY] = exchange
    return exchange


def exchange_of(scope: Scope) -> Exchange:
    """The exchange of a request; one is opened where no kernel stands before the application."""
    exchange = scope.get(_SCOPE_KEY)
    return exchange if isinstance(exchange, Exchange) else open_exchange(scope)


def _uuid(value: str | None) -> UUID | None:
    try:
        return UUID(value) if value and len(value) == 36 else None
    except ValueError:
        return None
