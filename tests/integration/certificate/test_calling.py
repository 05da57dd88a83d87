"""One call of a webhook against servers that misbehave. Nobody's loop is held, nothing is followed, little is read."""

import socket
import time
from pathlib import Path

import pytest

from luban.certificate.adapters import calling
from luban.certificate.adapters.calling import Caller, NotDeliveredError
from luban.certificate.domain.webhooks import Target, parse_target
from tests.integration.certificate.receivers import (
    Answer,
    certified,
    endlessly,
    never,
    receiving,
    says,
    slowly,
)

pytestmark = pytest.mark.anyio

NAME = "employer.example"


async def _outcome(target: Target, caller: Caller | None = None) -> str:
    try:
        return str(await (caller or Caller(demo=True)).post(target, {"webhook-id": "1"}, b"{}"))
    except NotDeliveredError as error:
        return str(error)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds made short."""
    monkeypatch.setattr(calling, "TOTAL_SECONDS", 1.0)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (says("200 OK"), "200"),
        (says("299 Fine"), "299"),
        (says("302 Found", "Location: http://127.0.0.1:1/\r\n"), "redirect-not-followed"),
        (says("307 Go", "Location: https://employer.example/\r\n"), "redirect-not-followed"),
        (says("410 Gone"), "status-410"),
        (says("9 what"), "answer-malformed"),
        (never, "timeout"),
        (slowly, "timeout"),
        (endlessly, "answer-malformed"),
    ],
    ids=["ok", "any 2xx", "redirect", "redirect kept", "gone", "no status", "never", "slowly", "endlessly"],
)
async def test_what_a_server_does_ends_in_a_word(answer: Answer, outcome: str) -> None:
    with receiving(answer) as receiver:
        begun = time.monotonic()
        assert await _outcome(parse_target(f"http://127.0.0.1:{receiver.port}/", demo=True)) == outcome
        assert time.monotonic() - begun < 8, "whatever the server does, the call ends"
    assert len(receiver.got) == 1, "nothing is asked twice, and no redirect followed"


async def test_a_closed_port_is_no_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert await _outcome(parse_target(f"http://127.0.0.1:{port}/", demo=True)) == "connection"


async def test_the_certificate_is_checked_against_the_name_though_the_address_is_pinned(tmp_path: Path) -> None:
    server, client = certified(tmp_path, NAME)
    asked = list[str]()

    async def resolve(host: str, port: int) -> list[str]:
        del port
        asked.append(host)
        return ["127.0.0.1"]

    caller = Caller(demo=True, context=client, resolve=resolve)
    with receiving(says("200 OK"), server) as receiver:
        assert await _outcome(parse_target(f"https://{NAME}:{receiver.port}/", demo=False), caller) == "200"
        other = parse_target(f"https://other.example:{receiver.port}/", demo=False)
        assert await _outcome(other, caller) == "tls"
        stranger = Caller(demo=True, resolve=resolve)
        assert await _outcome(parse_target(f"https://{NAME}:{receiver.port}/", demo=False), stranger) == "tls"
    assert len(receiver.got) == 1
    assert asked == [NAME, "other.example", NAME], (
        "a name is resolved once a call: what was looked at is what is called"
    )


@pytest.mark.parametrize("addresses", [["10.0.0.7"], ["8.8.8.8", "127.0.0.1"], ["fe80::1%eth0"], ["::ffff:127.0.0.1"]])
async def test_a_name_with_any_private_address_is_refused(addresses: list[str]) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        del host, port
        return addresses

    caller = Caller(demo=False, resolve=resolve)
    assert await _outcome(parse_target(f"https://{NAME}/", demo=False), caller) == "address-refused"


async def test_a_name_without_address_is_unknown() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        del host, port
        raise socket.gaierror

    assert await _outcome(parse_target(f"https://{NAME}/", demo=False), Caller(demo=False, resolve=resolve)) == (
        "name-unknown"
    )
