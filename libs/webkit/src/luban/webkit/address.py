"""Where a request comes from, as far as it can be known."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from luban.webkit.exchange import Exchange

Network = IPv4Network | IPv6Network
LONGEST_PATH = 16
"""Addresses of X-Forwarded-For that are looked at, from the last."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation between commas. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def network_of(exchange: Exchange, trusted: Sequence[Network]) -> str:
    """The caller's address; of IPv6 its network of 64 bits, which is one household's.

    X-Forwarded-For is anybody's word but for what a trusted proxy added: from its end, the first address that is no
    trusted proxy's.
    """
    address = exchange.peer
    for named in _path(exchange):
        if not _is_in(address, trusted):
            break
        address = named
    return _household(address)


def _path(exchange: Exchange) -> list[str]:
    named = exchange.headers.get("x-forwarded-for", "").split(",")[-LONGEST_PATH:]
    return [part.strip() for part in reversed(named) if part.strip()]


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _household(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    return str(IPv6Address(int(parsed) >> 64 << 64)) if isinstance(parsed, IPv6Address) else str(parsed)
