"""Checks: what is asked, what is answered, who may ask how often, and what is kept of it."""

import asyncio
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt
import pytest
from jwt import PyJWK
from prometheus_client import REGISTRY

from luban.certificate.entrypoints.verifications import CONNECTIONS
from luban.eventkit.ids import new_id
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, new_key, open_door, problem
from tests.integration.certificate.rig import (
    ID_NO,
    NAME,
    Register,
    ability_plan,
    confirmed,
    corrected,
    level_plan,
)

pytestmark = pytest.mark.anyio

NUMBER = "S000037000072263000001"
PURPOSE = "录用审核"


def _ask(number: str = NUMBER, **factor: str) -> dict[str, str]:
    return {"certificate_no": number, "purpose": PURPOSE, **(factor or {"name": NAME})}


async def _answer(client: httpx.AsyncClient, question: dict[str, str], key: str | None = None) -> Any:
    headers = {"X-API-Key": key} if key else {}
    response = await client.post("/v1/verifications", json=question, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()["answer"]


async def test_a_right_name_is_told_the_certificate_masked(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan(), on="2026-11-20"))
    answer = await _answer(client, _ask())
    UUID(answer.pop("verification_id"))
    assert answer.pop("as_of").endswith("Z")
    assert answer == {
        "asked": {"certificate_no": NUMBER, "factor": "name", "purpose": PURPOSE},
        "found": "MATCH",
        "state": "VALID",
        "withdrawn_on": None,
        "suspended_on": None,
        "kind": "LEVEL",
        "occupation_code": "4-07-03-03",
        "occupation_name": "劳动关系协调师",
        "trade": "",
        "level": 3,
        "level_name": "三级/高级工",
        "issued_on": "2026-11-20",
        "body_name": "鲁班职业培训学校",
        "name_masked": "张*三",
    }


@pytest.mark.parametrize(
    "question",
    [
        _ask(id_no=ID_NO),
        _ask(id_no="３７０１０２１９９００３０７９０１０"),
        _ask(name=" 张小三 "),
        _ask(NUMBER.lower()),
        _ask("Ｓ０００037000072 263000001"),
    ],
    ids=["id number", "full-width id number", "spaces around", "lower-case number", "full-width number"],
)
async def test_spellings_of_number_and_factor_do_not_matter(
    door: Door, client: httpx.AsyncClient, question: dict[str, str]
) -> None:
    door.register.issue(confirmed(level_plan()))
    answer = await _answer(client, question)
    assert (answer["found"], answer["asked"]["certificate_no"]) == ("MATCH", NUMBER)


async def test_a_permit_is_recognised_with_and_without_its_reissue_count(door: Door, client: httpx.AsyncClient) -> None:
    register = door.register
    register.apply(register.arrive(confirmed(level_plan()), id_no="H1234567801", id_type="HK_MO_PERMIT"))
    for id_no in ("H1234567801", "h12345678"):
        assert (await _answer(client, _ask(id_no=id_no)))["found"] == "MATCH"
    assert (await _answer(client, _ask(id_no="H12345679")))["found"] == "NO_MATCH"


async def test_special_ability_is_answered_by_project(door: Door, client: httpx.AsyncClient) -> None:
    (number,) = door.register.issue(confirmed(ability_plan()))
    answer = await _answer(client, _ask(number))
    assert (answer["kind"], answer["project_name"]) == ("SPECIAL_ABILITY", "剪纸")
    assert "level" not in answer


MISSES = [
    _ask(name="张小四"),
    _ask(id_no="370102199003079037"),
    _ask(id_no=ID_NO[-4:]),
    _ask("S000037000072263000002"),
    _ask("S00003700007226300000"),
    _ask("1537010000100001"),
    _ask("{\"',\\}"),
    _ask("九百九十九"),
    _ask("-"),
]


@pytest.mark.parametrize("question", MISSES, ids=lambda question: json.dumps(question, ensure_ascii=False)[:60])
async def test_every_miss_is_answered_alike(door: Door, client: httpx.AsyncClient, question: dict[str, str]) -> None:
    door.register.issue(confirmed(level_plan()))
    answer = await _answer(client, question)
    factor = "name" if "name" in question else "id_no"
    assert answer.pop("as_of")
    assert answer.pop("verification_id")
    asked = question["certificate_no"]
    assert answer == {
        "asked": {"certificate_no": asked, "factor": factor, "purpose": PURPOSE},
        "found": "NO_MATCH",
    }


async def test_a_wrong_factor_and_an_unknown_number_differ_in_no_byte_but_ids_and_times(
    door: Door, client: httpx.AsyncClient
) -> None:
    wrong = await client.post("/v1/verifications", json=_ask(name="张小四"))
    door.register.issue(confirmed(level_plan()))
    unknown = await client.post("/v1/verifications", json=_ask(name="张小四"))
    assert _without_ids(wrong) == _without_ids(unknown)
    assert wrong.headers.keys() == unknown.headers.keys()
    assert wrong.headers["content-length"] == unknown.headers["content-length"]


def _without_ids(response: httpx.Response) -> bytes:
    answer = response.json()["answer"]
    jws = response.json()["jws"].encode()
    bare = response.content.replace(jws, b"")
    return bare.replace(answer["as_of"].encode(), b"").replace(answer["verification_id"].encode(), b"")


async def test_a_withdrawn_certificate_says_so_to_the_right_factor_only(door: Door, client: httpx.AsyncClient) -> None:
    result = confirmed(level_plan())
    door.register.issue(result)
    door.register.apply(door.register.arrive(corrected(result.result_id, passed=False)))
    answer = await _answer(client, _ask())
    assert (answer["found"], answer["state"]) == ("MATCH", "WITHDRAWN")
    assert answer["withdrawn_on"]
    assert "reason" not in json.dumps(answer)
    assert "state" not in await _answer(client, _ask(name="张小四"))


async def test_an_answer_verifies_offline_against_the_published_keys(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    published = (await client.get("/v1/keys")).json()["keys"]
    response = (await client.post("/v1/verifications", json=_ask())).json()
    (jwk,) = [key for key in published if key["kid"] == jwt.get_unverified_header(response["jws"])["kid"]]
    assert "d" not in jwk
    assert jwt.decode(response["jws"], PyJWK(jwk), algorithms=["EdDSA"]) == response["answer"]
    head, payload, signature = response["jws"].split(".")
    changed = f"{head}.{payload[:-4]}{'AAAA' if payload[-4:] != 'AAAA' else 'BBBB'}.{signature}"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(changed, PyJWK(jwk), algorithms=["EdDSA"])


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"certificate_no": NUMBER, "purpose": PURPOSE}, "verification-factor"),
        (_ask(name=NAME, id_no=ID_NO), "verification-factor"),
        (_ask(name="  "), "verification-factor"),
        ({"certificate_no": NUMBER, "name": NAME}, "verification-purpose"),
        ({**_ask(), "purpose": "\x00"}, "verification-purpose"),
        ({**_ask(), "purpose": "长" * 101}, "verification-malformed"),
        ({**_ask(), "certificate_no": 7}, "verification-malformed"),
        ({**_ask(), "certificate_no": "7" * 65}, "verification-malformed"),
        ({**_ask(), "phone": "1"}, "verification-malformed"),
        ([], "verification-malformed"),
        ("text", "verification-malformed"),
    ],
)
async def test_a_malformed_question_is_refused_and_not_recorded(
    door: Door, client: httpx.AsyncClient, question: object, code: str
) -> None:
    response = await client.post("/v1/verifications", json=question)
    assert problem(response) == (422, code)
    assert door.register.rows("select * from verification") == []


async def test_bodies_are_bounded_and_must_be_json(client: httpx.AsyncClient) -> None:
    json_type = {"content-type": "application/json"}
    large = await client.post("/v1/verifications", content=b'"' + b"a" * 5000 + b'"', headers=json_type)
    assert problem(large) == (413, "content-too-large")
    broken = await client.post("/v1/verifications", content=b"{", headers=json_type)
    assert problem(broken) == (422, "request-invalid")
    form = await client.post("/v1/verifications", data=_ask())
    assert problem(form) == (415, "media-type-unsupported")


async def test_a_check_is_recorded_without_anything_personal_and_shown_to_the_holder(
    door: Door, client: httpx.AsyncClient
) -> None:
    result = confirmed(level_plan())
    door.register.issue(result)
    key = await new_key(door, client)
    await _answer(client, _ask(), key["key"])
    await _answer(client, _ask(id_no=ID_NO))
    await _answer(client, _ask(name="张小四"), key["key"])
    ((certificate_id,),) = door.register.rows("select certificate_id from certificate")
    holder = door.token(Role.CANDIDATE, UUID(result.candidate_id))
    shown = (await client.get(f"/v1/certificates/{certificate_id}/verifications", headers=holder)).json()
    assert [(item["asked_by"], item["employer_name"], item["purpose"]) for item in shown["items"]] == [
        ("PUBLIC", None, PURPOSE),
        ("EMPLOYER", "山东某机械有限公司", PURPOSE),
    ]
    outcomes = "select caller_kind, outcome, factor, certificate_id is null from verification order by verification_id"
    assert door.register.rows(outcomes) == [
        ("EMPLOYER", "VALID", "name", False),
        ("PUBLIC", "VALID", "id_no", False),
        ("EMPLOYER", "NO_MATCH", "name", True),
    ]
    for table in ("verification", "webkit.quota_use", "api_key"):
        ((text,),) = door.register.rows(f"select string_agg(t::text, '') from {table} t")
        for secret in (NAME, "张小四", ID_NO, "192.0.2.1", key["key"]):
            assert secret not in text
            assert secret.encode().hex() not in text
    stranger = door.token(Role.CANDIDATE, new_id())
    hidden = await client.get(f"/v1/certificates/{certificate_id}/verifications", headers=stranger)
    assert problem(hidden) == (404, "certificate-unknown")


async def test_checks_are_counted_by_outcome(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    before = _counted()
    await _answer(client, _ask())
    await _answer(client, _ask(name="李四"))
    refused = await client.post("/v1/verifications", json=_ask(), headers={"X-API-Key": "nobodys"})
    assert refused.status_code == 401
    more = {outcome: count - before[outcome] for outcome, count in _counted().items()}
    assert more == {"VALID": 1, "NO_MATCH": 1, "KEY_UNKNOWN": 1, "WITHDRAWN": 0, "QUOTA_USED_UP": 0}


def _counted() -> dict[str, float]:
    outcomes = ("VALID", "WITHDRAWN", "NO_MATCH", "KEY_UNKNOWN", "QUOTA_USED_UP")
    values = {each: REGISTRY.get_sample_value("luban_verifications_total", {"outcome": each}) for each in outcomes}
    assert None not in values.values(), "every outcome is there from the start"
    return {outcome: value or 0.0 for outcome, value in values.items()}


async def test_the_holders_list_of_checks_is_paged(door: Door, client: httpx.AsyncClient) -> None:
    result = confirmed(level_plan())
    door.register.issue(result)
    for _ in range(5):
        await _answer(client, _ask())
    ((certificate_id,),) = door.register.rows("select certificate_id from certificate")
    holder = door.token(Role.CANDIDATE, UUID(result.candidate_id))
    seen, cursor = [], ""
    while cursor is not None:
        page = await client.get(
            f"/v1/certificates/{certificate_id}/verifications?limit=2" + (f"&cursor={cursor}" if cursor else ""),
            headers=holder,
        )
        assert page.status_code == 200, page.text
        seen += [item["verification_id"] for item in page.json()["items"]]
        cursor = page.json()["next"]
    assert len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("key", ["another", "x" * 43, "é" * 43, "k" * 5000])
async def test_a_key_that_nobody_has_is_refused(door: Door, client: httpx.AsyncClient, key: str) -> None:
    headers = {"X-API-Key": key.encode("latin-1")}
    response = await client.post("/v1/verifications", json=_ask(), headers=headers)  # type: ignore[arg-type]  # raw bytes
    assert problem(response) == (401, "api-key-invalid")
    assert door.register.rows("select * from webkit.quota_use") == []


async def test_a_revoked_key_is_refused_at_once(door: Door, client: httpx.AsyncClient) -> None:
    key = await new_key(door, client)
    await _answer(client, _ask(), key["key"])
    revoked = await client.post(f"/v1/api-keys/{key['key_id']}/revoke", headers=door.province)
    assert revoked.json()["revoked_at"]
    response = await client.post("/v1/verifications", json=_ask(), headers={"X-API-Key": key["key"]})
    assert problem(response) == (401, "api-key-invalid")
    again = await client.post(f"/v1/api-keys/{key['key_id']}/revoke", headers=door.province)
    assert problem(again) == (409, "api-key-already-revoked")


async def test_a_key_is_shown_once_and_kept_as_a_hash(door: Door, client: httpx.AsyncClient) -> None:
    body = {"credit_code": "91350100M000100Y43", "employer_name": "甲公司", "daily_quota": 5}
    made = await client.post("/v1/api-keys", json=body, headers={**door.province, "Idempotency-Key": "once"})
    key = made.json()["key"]
    listed = await client.get("/v1/api-keys", headers=door.province)
    assert [item["employer_name"] for item in listed.json()["items"]] == ["甲公司"]
    assert key not in listed.text
    for table in ("api_key", "webkit.idempotency"):
        ((text,),) = door.register.rows(f"select coalesce(string_agg(t::text, ''), '') from {table} t")
        assert key not in text
        assert key.encode().hex() not in text


async def test_a_credit_code_that_cannot_be_gets_no_key(door: Door, client: httpx.AsyncClient) -> None:
    body = {"credit_code": "91350100M000100Y44", "employer_name": "甲公司", "daily_quota": 5}
    response = await client.post("/v1/api-keys", json=body, headers=door.province)
    assert problem(response) == (422, "credit-code-check-digit")


async def test_the_quota_counts_a_credit_code_over_all_its_keys_and_ends_with_the_shanghai_day(
    door: Door, client: httpx.AsyncClient
) -> None:
    keys = [(await new_key(door, client, quota=3))["key"] for _ in range(2)]
    for key in (keys[0], keys[1], keys[0]):
        await _answer(client, _ask(), key)
    refused = await client.post("/v1/verifications", json=_ask(), headers={"X-API-Key": keys[1]})
    assert problem(refused) == (429, "quota-used-up")
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert len(door.register.rows("select * from verification")) == 3
    await _answer(client, _ask())
    door.register.set_clock_ahead(days=1)
    await _answer(client, _ask(), keys[1])


async def test_keys_of_one_credit_code_share_the_count_and_have_quotas_of_their_own(
    door: Door, client: httpx.AsyncClient
) -> None:
    door.register.issue(confirmed(level_plan()))
    small, large = [(await new_key(door, client, quota=quota))["key"] for quota in (3, 50)]

    async def status(key: str) -> int:
        return (await client.post("/v1/verifications", json=_ask(), headers={"X-API-Key": key})).status_code

    statuses = await asyncio.gather(*[status(key) for key in [small] * 20 + [large] * 20])
    assert statuses[20:] == [200] * 20
    assert statuses[:20].count(429) >= 17
    assert door.register.rows("select used from webkit.quota_use where what = 'verification'") == [(40,)]


async def test_a_quota_holds_when_many_ask_at_the_same_moment(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    key = (await new_key(door, client, quota=40))["key"]
    responses = await asyncio.gather(
        *[client.post("/v1/verifications", json=_ask(), headers={"X-API-Key": key}) for _ in range(100)]
    )
    statuses = [response.status_code for response in responses]
    assert (statuses.count(200), statuses.count(429)) == (40, 60)
    assert door.register.rows("select count(*) from verification") == [(40,)]
    ids = {response.json()["answer"]["verification_id"] for response in responses if response.status_code == 200}
    assert len(ids) == 40


async def test_each_of_many_who_ask_at_once_gets_the_answer_to_its_own_question(
    door: Door, client: httpx.AsyncClient
) -> None:
    plan = level_plan()
    names = [f"王{chr(0x4E00 + n)}" for n in range(60)]
    register = door.register
    register.apply(*[register.arrive(confirmed(plan), name=name) for name in names])
    numbers = [f"S000037000072263{n:06d}" for n in range(1, 61)]
    answers = await asyncio.gather(
        *[_answer(client, _ask(number, name=name)) for number, name in zip(numbers, names, strict=True)],
        *[_answer(client, _ask(number, name=name)) for number, name in zip(numbers, reversed(names), strict=True)],
    )
    assert [answer["asked"]["certificate_no"] for answer in answers] == numbers * 2
    assert [answer["found"] for answer in answers] == ["MATCH"] * 60 + ["NO_MATCH"] * 60
    assert register.rows("select count(*), count(certificate_id) from verification") == [(120, 60)]


async def test_the_public_has_a_quota_for_each_address_whatever_headers_say(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = open_door(register, tmp_path, monkeypatch, public_quota=2)
    async with door.served.app.router.lifespan_context(door.served.app):
        async with door.client("192.0.2.1") as one, door.client("192.0.2.2") as two:
            for _ in range(2):
                await _answer(one, _ask())
            lied = await one.post("/v1/verifications", json=_ask(), headers={"X-Forwarded-For": "198.51.100.7"})
            assert problem(lied) == (429, "quota-used-up")
            await _answer(two, _ask())
        async with door.client("2001:db8::1") as one, door.client("2001:db8::ffff") as same_network:
            for client in (one, same_network):
                await _answer(client, _ask())
            assert (await one.post("/v1/verifications", json=_ask())).status_code == 429


async def test_the_database_away_is_a_503_and_nothing_else(door: Door, client: httpx.AsyncClient) -> None:
    await _answer(client, _ask())
    door.register.close_database()
    response = await client.post("/v1/verifications", json=_ask())
    assert problem(response)[0] == 503


async def test_a_database_in_recovery_is_a_503_too(door: Door, client: httpx.AsyncClient) -> None:
    await _answer(client, _ask())
    door.register.take_no_writes()
    for _ in range(CONNECTIONS + 1):  # each learns first that its session has ended
        response = await client.post("/v1/verifications", json=_ask())
        assert problem(response)[0] == 503
