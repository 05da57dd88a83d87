"""A digest of a whole request, so that a repeated idempotency key can be told from a re-used one."""

import hashlib
from email.message import Message

from starlette.types import Scope


class RequestDigest:
    """SHA-256 over method, path, query and body, fed while the body streams in.

    A multipart boundary is left out: clients invent a new one each time they send the same form.
    """

    def __init__(self, scope: Scope, content_type: str = "") -> None:
        self._hash = hashlib.sha256()
        for part in (scope["method"].encode(), scope["path"].encode(), scope.get("query_string", b"")):
            self._hash.update(len(part).to_bytes(4, "big") + part)
        self._boundary = _boundary(content_type)
        self._held = b""

    def feed(self, chunk: bytes) -> None:
        """Adds bytes of the body; the result does not depend on where chunks end."""
        if not self._boundary:
            self._hash.update(chunk)
            return
        *complete, rest = (self._held + chunk).split(self._boundary)
        for part in complete:
            self._hash.update(part)
        settled = max(len(rest) - len(self._boundary) + 1, 0)
        self._hash.update(rest[:settled])
        self._held = rest[settled:]

    def value(self) -> bytes:
        """The 32 bytes for what was fed so far."""
        whole = self._hash.copy()
        whole.update(self._held)
        return whole.digest()


def _boundary(content_type: str) -> bytes:
    if not content_type.lower().startswith("multipart/"):
        return b""
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_boundary()
    return boundary.encode("latin-1", "replace") if boundary else b""
