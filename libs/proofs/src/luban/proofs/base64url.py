"""Base64url without padding (RFC 7515 §2), read strictly: one text for every sequence of bytes."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from luban.reference.refusal import Invalid

_LETTERS = re.compile(r"[A-Za-z0-9_-]*")


def encode(raw: bytes) -> str:
    """Letters, digits, - and _."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises `Invalid` base64url for foreign letters, padding, and bits that no encoder leaves."""
    if not _LETTERS.fullmatch(text) or len(text) % 4 == 1:
        raise _malformed()
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(raw) != text:
        raise _malformed()
    return raw


def _malformed() -> Invalid:
    return Invalid("base64url", zh="不是有效的base64url文本", en="this is not base64url")
