"""Where a request comes from: the peer, or what a trusted proxy says of it."""

from uuid import UUID

import pytest

from luban.webkit.address import network_of, parse_networks
from luban.webkit.exchange import Exchange

TRUSTED = parse_networks("10.0.0.0/8, fd00::/8")


def exchange(peer: str, forwarded: str | None = None) -> Exchange:
    headers = {"x-forwarded-for": forwarded} if forwarded is not None else {}
    return Exchange(UUID(int=1), peer=peer, headers=headers)


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.1.1.1", None, "10.1.1.1"),
        ("10.1.1.1", "198.51.100.7", "198.51.100.7"),
        ("10.1.1.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.1.1.1", "203.0.113.9, 198.51.100.7, 10.2.2.2", "198.51.100.7"),
        ("10.1.1.1", "forged, 10.2.2.2", ""),
        ("10.1.1.1", "", "10.1.1.1"),
        ("fd00::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", None, "2001:db8:1:2::"),
        ("", None, ""),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str, forwarded: str | None, network: str) -> None:
    assert network_of(exchange(peer, forwarded), TRUSTED) == network


def test_a_long_forged_path_is_not_walked() -> None:
    assert network_of(exchange("10.0.0.1", ", ".join(["198.51.100.7"] + ["10.0.0.1"] * 5000)), TRUSTED) == "10.0.0.1"


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="10"):
        parse_networks("10.0.0.0/8, 10.0.0.300")
