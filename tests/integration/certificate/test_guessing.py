"""Guesses are bounded by number too, and nobody can shut an employer out by guessing."""

import asyncio
import json
from datetime import date

import httpx
import pytest

from luban.reference.rules import rule
from tests.integration.certificate.door import Door, new_key, problem
from tests.integration.certificate.rig import NAME, confirmed, level_plan

pytestmark = pytest.mark.anyio

NUMBER, UNKNOWN = "S000037000072263000001", "S000037000072263000007"


DAY = date(2026, 11, 1)
MOST, MOST_BY_KEY = (rule(f"verification.missed_per_number{of}", DAY) for of in ("", "_and_key"))
CODES = ("91350100M000100Y43", "91370100MA3C00011J")


async def _status(client: httpx.AsyncClient, number: str, name: str, key: str | None = None) -> int:
    asked = {"certificate_no": number, "name": name, "purpose": "试"}
    response = await client.post("/v1/verifications", json=asked, headers={"X-API-Key": key} if key else {})
    if response.status_code != 200:
        assert problem(response) == (429, "number-used-up")
        assert 0 < int(response.headers["retry-after"]) <= 86_400
    return response.status_code


@pytest.mark.parametrize("number", [NUMBER, UNKNOWN, "no number"], ids=["known", "unknown", "of no format"])
async def test_strangers_misses_close_a_number_from_every_address(door: Door, number: str) -> None:
    door.register.issue(confirmed(level_plan()))
    for place in range(MOST):
        async with door.client(f"192.0.2.{place}") as client:
            assert await _status(client, number, f"王{place:x}") == 200
    async with door.client("198.51.100.1") as client:
        assert await _status(client, number, "李四") == 429
        assert await _status(client, number, NAME) == 429
        assert await _status(client, NUMBER[:-1] + "9", NAME) == 200
        key = (await new_key(door, client))["key"]
        assert await _status(client, number, NAME, key) == 200
        door.register.set_clock_ahead(days=1)
        assert await _status(client, number, NAME) == 200


async def test_a_keys_misses_close_a_number_for_that_key(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    one, other = [(await new_key(door, client, credit_code=code))["key"] for code in CODES]
    for place in range(MOST_BY_KEY):
        assert await _status(client, NUMBER, f"王{place:x}", one) == 200
    assert await _status(client, NUMBER, NAME, one) == 429
    assert await _status(client, NUMBER, NAME, other) == 200
    assert await _status(client, NUMBER, NAME) == 200


async def test_misses_are_bounded_though_batches_are_under_way_at_once(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))

    async def answered(batch: int) -> int:
        asked = [{"certificate_no": NUMBER, "name": f"王{batch}{n:x}", "purpose": "试"} for n in range(MOST - 1)]
        response = await client.post("/v1/verifications:batch", json={"checks": asked})
        return sum(json.loads(line)["status"] == 200 for line in response.text.splitlines())

    assert sum(await asyncio.gather(*map(answered, range(4)))) == MOST
    assert await _status(client, NUMBER, NAME) == 429


async def test_the_misses_of_one_batch_count_within_it(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    asked = [{"certificate_no": NUMBER, "name": f"王{place:x}", "purpose": "试"} for place in range(MOST + 5)]
    response = await client.post("/v1/verifications:batch", json={"checks": asked})
    assert response.text.count('"status":200') == MOST
    assert response.text.count('"problem":') == 5


async def test_hits_do_not_close_a_number(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    asked = [{"certificate_no": NUMBER, "name": NAME, "purpose": "试"}] * (MOST + 5)
    response = await client.post("/v1/verifications:batch", json={"checks": asked})
    assert response.text.count('"MATCH"') == MOST + 5


async def test_the_neighbour_of_an_unknown_number_is_nobodys_match(door: Door, client: httpx.AsyncClient) -> None:
    """A miss does its work on the certificate that follows; its holder's name must not make it a match."""
    door.register.issue(confirmed(level_plan(), on="2026-11-20"))
    for number in ("S000037000072262999999", "S000037000072263000002", "A", "-", "Z" * 22):
        response = await client.post(
            "/v1/verifications", json={"certificate_no": number, "name": NAME, "purpose": "试"}
        )
        assert response.json()["answer"]["found"] == "NO_MATCH", number
