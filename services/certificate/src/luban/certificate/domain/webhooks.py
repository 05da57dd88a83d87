"""Webhooks: which addresses may be called, what a call is signed with, when it is tried again.

Signatures are those of the Standard Webhooks specification, so that receivers find a library: HMAC-SHA256 over
"id.timestamp.body". A receiver refuses an old timestamp and an id it has seen, and so notices a replay.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from luban.reference.refusal import Invalid

PAUSES_SECONDS = (60, 300, 1_800, 7_200, 21_600, 86_400)
"""After the first failed attempt, the second … ; after one more failure it is given up."""
LONGEST_URL = 500
SECRET_PREFIX = "whsec_"  # noqa: S105  # how the specification marks one

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes."""

    encrypted: bool
    host: str
    port: int
    path: str
    """With its query."""


def parse_target(url: str, *, demo: bool) -> Target:
    """Only https outside a demo stack. Raises `Invalid` webhook-url."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _bad_url() from error
    schemes = ("https", "http") if demo else ("https",)
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST_URL
    if not plain or parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc or port == 0:
        raise _bad_url()
    encrypted = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(encrypted, parts.hostname, port or (443 if encrypted else 80), path)


def may_be_called(address: IPv4Address | IPv6Address, *, demo: bool) -> bool:
    """Only addresses of the open internet: a webhook must not reach into anybody's network. In a demo stack the
    machine itself as well."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return may_be_called(address.ipv4_mapped, demo=demo)
        if address.sixtofour or address.teredo or any(address in network for network in _NAT64):
            return False
    if demo and address.is_loopback:
        return True
    refused = address.is_multicast or address.is_reserved or address.is_private or address.is_link_local
    return address.is_global and not refused


def signature(secret: str, notice_id: str, timestamp: int, body: bytes) -> str:
    """The value of webhook-signature; `timestamp` in seconds of the Unix epoch."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{notice_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(digest(key, signed, sha256)).decode()


def pause_after(attempts: int) -> int | None:
    """Seconds until the next attempt; None when there is none."""
    return PAUSES_SECONDS[attempts - 1] if attempts <= len(PAUSES_SECONDS) else None


def _bad_url() -> Invalid:
    return Invalid(
        "webhook-url",
        zh="回调地址应为公网 https 地址，不含用户名",
        en="a webhook goes to an https address of the open internet, without a user name",
    )
