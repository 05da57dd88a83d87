"""A hundred checks in one call: each asked, counted, recorded, answered and signed as one alone."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from jwt import PyJWK

from tests.integration.certificate.door import Door, new_key, open_door, problem
from tests.integration.certificate.rig import NAME, Register, confirmed, level_plan

pytestmark = pytest.mark.anyio

NUMBER = "S000037000072263000001"
BATCH = "/v1/verifications:batch"


def _ask(number: str = NUMBER, **factor: str) -> dict[str, str]:
    return {"certificate_no": number, "purpose": "名单核验", **(factor or {"name": NAME})}


async def _lines(client: httpx.AsyncClient, checks: list[Any], key: str | None = None) -> list[Any]:
    response = await client.post(BATCH, json={"checks": checks}, headers={"X-API-Key": key} if key else {})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


async def test_each_row_is_answered_and_signed_as_one_alone(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    (jwk,) = (await client.get("/v1/keys")).json()["keys"]
    alone = (await client.post("/v1/verifications", json=_ask())).json()["answer"]
    lines = await _lines(client, [_ask(), _ask(name="张小四"), {"certificate_no": NUMBER}, _ask("x y")])
    assert [(line["row"], line["status"]) for line in lines] == [(1, 200), (2, 200), (3, 422), (4, 200)]
    assert lines[2]["problem"]["type"] == "/problems/verification-factor"
    assert [line["answer"]["found"] for line in lines if "answer" in line] == ["MATCH", "NO_MATCH", "NO_MATCH"]
    changing = ("as_of", "verification_id")
    told = lines[0]["answer"]
    assert {key: told[key] for key in told if key not in changing} == {
        key: alone[key] for key in alone if key not in changing
    }
    for line in (lines[0], lines[1], lines[3]):
        assert jwt.decode(line["jws"], PyJWK(jwk), algorithms=["EdDSA"]) == line["answer"]
    assert door.register.rows("select count(*) from verification") == [(4,)]


async def test_a_hundred_and_one_are_refused_and_nothing_is_counted(door: Door, client: httpx.AsyncClient) -> None:
    response = await client.post(BATCH, json={"checks": [_ask()] * 101})
    assert problem(response) == (422, "verification-batch")
    malformed: list[Any] = [[], {"checks": []}, {"checks": [_ask()], "more": 1}, {"checks": "text"}]
    for wrong in malformed:
        assert problem(await client.post(BATCH, json=wrong)) == (422, "verification-batch")
    assert door.register.rows("select * from verification") == []
    assert door.register.rows("select * from webkit.quota_use") == []


async def test_a_hundred_repeats_are_a_hundred_checks(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    key = await new_key(door, client, quota=150)
    lines = await _lines(client, [_ask()] * 100, key["key"])
    assert [line["answer"]["found"] for line in lines] == ["MATCH"] * 100
    assert len({line["answer"]["verification_id"] for line in lines}) == 100
    assert door.register.rows("select count(*) from verification") == [(100,)]
    assert door.register.rows("select used from webkit.quota_use") == [(100,)]
    lines = await _lines(client, [_ask()] * 100, key["key"])
    assert [line["status"] for line in lines] == [200] * 50 + [429] * 50
    assert lines[-1]["problem"]["type"] == "/problems/quota-used-up"
    assert door.register.rows("select count(*) from verification") == [(150,)]


async def test_the_publics_quota_counts_every_row(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = open_door(register, tmp_path, monkeypatch, public_quota=3)
    async with door.served.app.router.lifespan_context(door.served.app), door.client() as client:
        lines = await _lines(client, [_ask()] * 5)
    assert [line["status"] for line in lines] == [200, 200, 200, 429, 429]


async def test_bounds_hold_though_batches_are_under_way_at_once(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    key = (await new_key(door, client, quota=250))["key"]
    batches = await asyncio.gather(*[_lines(client, [_ask()] * 100, key) for _ in range(4)])
    statuses = sorted(line["status"] for lines in batches for line in lines)
    assert statuses == [200] * 250 + [429] * 150
    assert door.register.rows("select used from webkit.quota_use") == [(400,)]
    assert door.register.rows("select count(*) from verification") == [(250,)]


async def test_an_unknown_key_gets_no_line(client: httpx.AsyncClient) -> None:
    response = await client.post(BATCH, json={"checks": [_ask()]}, headers={"X-API-Key": "nobodys"})
    assert problem(response) == (401, "api-key-invalid")


async def test_the_database_away_answers_no_row(door: Door, client: httpx.AsyncClient) -> None:
    door.register.close_database()
    response = await client.post(BATCH, json={"checks": [_ask()]})
    assert problem(response)[0] == 503


async def test_a_batch_is_bounded_in_bytes(client: httpx.AsyncClient) -> None:
    json_type = {"content-type": "application/json"}
    response = await client.post(BATCH, content=b'"' + b"a" * 500_000 + b'"', headers=json_type)
    assert problem(response) == (413, "content-too-large")
