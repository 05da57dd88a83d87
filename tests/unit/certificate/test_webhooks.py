"""Where a webhook may go, how it is signed, when it is tried again."""

import base64
import hashlib
import hmac
from ipaddress import ip_address

import pytest

from luban.certificate.domain.webhooks import PAUSES_SECONDS, may_be_called, parse_target, pause_after, signature
from luban.reference.refusal import Invalid

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:1::1",
    ],
)  # fmt: skip
def test_only_the_open_internet_is_called(address: str) -> None:
    assert not may_be_called(ip_address(address), demo=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet_are_called(address: str) -> None:
    assert may_be_called(ip_address(address), demo=False)


def test_a_demo_calls_its_own_machine_and_no_network() -> None:
    assert may_be_called(ip_address("127.0.0.1"), demo=True)
    for address in ("10.0.0.1", "169.254.169.254", "192.168.0.1"):
        assert not may_be_called(ip_address(address), demo=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://employer.example/hook", "ftp://employer.example/", "employer.example", "https://", "https:///x",
        "https://user:secret@employer.example/", "https://employer.example:0/", "https://employer.example:99999/",
        "https://employer.example/\r\nHost: x", "https://employer.example/a b", "https://雇主.example/",
        "https://employer.example/" + "a" * 500, "file:///etc/passwd", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_https_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_target(url, demo=False)
    assert refused.value.code == "webhook-url"


def test_an_address_keeps_its_port_path_and_query() -> None:
    target = parse_target("https://Employer.example:8443/hook?list=1", demo=False)
    assert (target.host, target.port, target.path) == ("employer.example", 8443, "/hook?list=1")
    assert parse_target("https://employer.example", demo=False).path == "/"
    assert parse_target("http://127.0.0.1:9/x", demo=True).encrypted is False


def test_a_signature_is_the_specifications_own() -> None:
    """The example of the Standard Webhooks specification."""
    body = b'{"test": 2432232314}'
    signed = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    own = hmac.new(key, b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265331." + body, hashlib.sha256).digest()
    assert signed != "v1," + base64.b64encode(own).decode()


def test_pauses_grow_and_end() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, len(PAUSES_SECONDS) + 2)]
    assert pauses[-1] is None
    assert list(PAUSES_SECONDS) == sorted(set(PAUSES_SECONDS)) == pauses[:-1]
