"""Keys over their life, and what a holder allows an employer to learn."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from luban.webkit.authentication import Role
from tests.integration.certificate.door import CREDIT_CODE, Door, new_key, problem
from tests.integration.certificate.rig import ID_NO, NAME, confirmed, corrected, level_plan

pytestmark = pytest.mark.anyio

NUMBER = "S000037000072263000001"
OTHER_CODE = "91370100MA3C00011J"
PURPOSE = "录用审核"


def _bearing(key: str) -> dict[str, str]:
    return {"X-API-Key": key}


async def _check(client: httpx.AsyncClient, key: str | None, **more: str) -> httpx.Response:
    asked = {"certificate_no": NUMBER, "name": NAME, "purpose": PURPOSE, **more}
    return await client.post("/v1/verifications", json=asked, headers=_bearing(key) if key else {})


async def test_a_rotated_key_counts_for_its_overlap_and_no_longer(door: Door, client: httpx.AsyncClient) -> None:
    old = await new_key(door, client)
    rotation = f"/v1/api-keys/{old['key_id']}/rotation"
    made = await client.post(rotation, json={"overlap_hours": 24}, headers=_bearing(old["key"]))
    assert made.status_code == 201, made.text
    new = made.json()
    assert (new["rotated_from"], new["credit_code"], new["daily_quota"]) == (old["key_id"], CREDIT_CODE, 100)
    for key in (old["key"], new["key"]):
        assert (await _check(client, key)).status_code == 200
    twice = await client.post(rotation, json={"overlap_hours": 0}, headers=door.province)
    assert problem(twice) == (409, "api-key-rotated")
    door.register.set_clock_ahead(days=2)
    assert problem(await _check(client, old["key"])) == (401, "api-key-invalid")
    assert problem(await client.get("/v1/api-keys", headers=_bearing(old["key"]))) == (401, "api-key-invalid")
    assert (await _check(client, new["key"])).status_code == 200


@pytest.mark.parametrize("hours", [-1, 169, 10**9])
async def test_an_overlap_is_bounded(door: Door, client: httpx.AsyncClient, hours: int) -> None:
    key = await new_key(door, client)
    asked = {"overlap_hours": hours}
    refused = await client.post(f"/v1/api-keys/{key['key_id']}/rotation", json=asked, headers=door.province)
    assert refused.status_code == 422
    assert (await _check(client, key["key"])).status_code == 200


async def test_a_key_without_the_scope_checks_nothing(door: Door, client: httpx.AsyncClient) -> None:
    body = {"credit_code": CREDIT_CODE, "employer_name": "甲", "daily_quota": 5, "scopes": ["watch-lists"]}
    made = (await client.post("/v1/api-keys", json=body, headers=door.province)).json()
    assert problem(await _check(client, made["key"])) == (401, "api-key-invalid")
    wrong = await client.post("/v1/api-keys", json={**body, "scopes": ["all"]}, headers=door.province)
    assert problem(wrong) == (422, "api-key-scopes")


async def test_an_employer_reads_and_ends_its_own_keys_only(door: Door, client: httpx.AsyncClient) -> None:
    own, foreign = await new_key(door, client), await new_key(door, client, credit_code=OTHER_CODE)
    listed = (await client.get("/v1/api-keys", headers=_bearing(own["key"]))).json()["items"]
    assert [each["key_id"] for each in listed] == [own["key_id"]]
    for action, body in (("revoke", None), ("rotation", {"overlap_hours": 0})):
        path = f"/v1/api-keys/{foreign['key_id']}/{action}"
        assert problem(await client.post(path, json=body, headers=_bearing(own["key"]))) == (404, "api-key-unknown")
    ended = await client.post(f"/v1/api-keys/{own['key_id']}/revoke", headers=_bearing(own["key"]))
    assert ended.status_code == 200
    assert problem(await _check(client, own["key"])) == (401, "api-key-invalid")
    assert (await _check(client, foreign["key"])).status_code == 200


async def test_a_token_of_an_employer_is_no_key(door: Door, client: httpx.AsyncClient) -> None:
    refused = await client.get("/v1/api-keys", headers=door.token(Role.EMPLOYER))
    assert problem(refused) == (403, "api-key-needed")


async def test_use_and_quota_are_told_by_credit_code(door: Door, client: httpx.AsyncClient) -> None:
    keys = [await new_key(door, client, quota=quota) for quota in (3, 5)]
    foreign = await new_key(door, client, credit_code=OTHER_CODE)
    for _ in range(4):
        await _check(client, keys[1]["key"])
    own = (await client.get(f"/v1/api-keys/use?credit_code={OTHER_CODE}", headers=_bearing(keys[0]["key"]))).json()
    desk = (await client.get(f"/v1/api-keys/use?credit_code={CREDIT_CODE}", headers=door.province)).json()
    assert own == desk
    assert (own["credit_code"], own["daily_quota"], own["used_today"], own["left_today"]) == (CREDIT_CODE, 5, 4, 1)
    assert [day["used"] for day in own["days"]] == [4]
    other = (await client.get("/v1/api-keys/use", headers=_bearing(foreign["key"]))).json()
    assert (other["used_today"], other["days"]) == (0, [])
    assert problem(await client.get("/v1/api-keys/use", headers=door.province))[0] == 422


async def test_the_lawful_ground_is_recorded_signed_and_shown(door: Door, client: httpx.AsyncClient) -> None:
    result = confirmed(level_plan())
    door.register.issue(result)
    told = (await _check(client, None, lawful_ground="CONTRACT")).json()["answer"]
    assert told["asked"]["lawful_ground"] == "CONTRACT"
    assert problem(await _check(client, None, lawful_ground="CURIOSITY")) == (422, "verification-ground")
    await _check(client, None)
    seen = await _seen(door, client, UUID(result.candidate_id))
    assert [each["lawful_ground"] for each in seen] == [None, "CONTRACT"]


async def _seen(door: Door, client: httpx.AsyncClient, holder: UUID) -> Any:
    ((certificate_id,),) = door.register.rows("select certificate_id from certificate")
    path = f"/v1/certificates/{certificate_id}/verifications"
    return (await client.get(path, headers=door.token(Role.CANDIDATE, holder))).json()["items"]


async def _held(door: Door) -> tuple[UUID, dict[str, str]]:
    """A certificate and its holder's header."""
    result = confirmed(level_plan())
    door.register.issue(result)
    ((certificate_id,),) = door.register.rows("select certificate_id from certificate")
    return certificate_id, door.token(Role.CANDIDATE, UUID(result.candidate_id))


async def _consent(
    client: httpx.AsyncClient, certificate_id: UUID, holder: dict[str, str], **change: Any
) -> httpx.Response:
    body = {"credit_code": CREDIT_CODE, "fields": ["scores", "name"], "purpose": PURPOSE, "days": 90, **change}
    return await client.post(f"/v1/certificates/{certificate_id}/consents", json=body, headers=holder)


async def test_a_consent_tells_its_employer_what_it_names_and_the_holder_sees_each_use(
    door: Door, client: httpx.AsyncClient
) -> None:
    certificate_id, holder = await _held(door)
    key = (await new_key(door, client))["key"]
    given = (await _consent(client, certificate_id, holder)).json()
    told = (await _check(client, key, consent=given["token"])).json()["answer"]
    assert (told["consent"], told["name"]) == ("GIVEN", NAME)
    assert [each["score_tenths"] for each in told["scores"]] == [605, 812]
    assert ID_NO not in str(told)
    plain = (await _check(client, key)).json()["answer"]
    assert not {"name", "scores", "consent"} & plain.keys()
    (listed,) = (await client.get(f"/v1/certificates/{certificate_id}/consents", headers=holder)).json()["items"]
    assert (listed["uses"], listed["credit_code"]) == (1, CREDIT_CODE)
    assert "token" not in listed
    checks = (await client.get(f"/v1/certificates/{certificate_id}/verifications", headers=holder)).json()["items"]
    assert [each["consent_id"] for each in checks] == [None, given["consent_id"]]
    ((stored,),) = door.register.rows("select consent::text from consent")
    assert given["token"] not in stored


async def test_a_consent_serves_no_other_employer_purpose_time_or_certificate(
    door: Door, client: httpx.AsyncClient
) -> None:
    certificate_id, holder = await _held(door)
    own, foreign = [(await new_key(door, client, credit_code=code))["key"] for code in (CREDIT_CODE, OTHER_CODE)]
    given = (await _consent(client, certificate_id, holder, days=1)).json()
    token = given["token"]
    refused = [
        await _check(client, foreign, consent=token),
        await _check(client, None, consent=token),
        await _check(client, own, consent=token, purpose="别的用途"),
        await _check(client, own, consent="another token"),
    ]
    for response in refused:
        told = response.json()["answer"]
        assert (told["found"], told["consent"]) == ("MATCH", "NOT_VALID")
        assert not {"name", "scores"} & told.keys()
    missed = (await _check(client, own, consent=token, name="张小四")).json()["answer"]
    assert missed.keys() == {"asked", "found", "as_of", "verification_id"}
    door.register.set_clock_ahead(days=2)
    assert (await _check(client, own, consent=token)).json()["answer"]["consent"] == "NOT_VALID"
    assert door.register.rows("select count(*) from verification where consent_id is not null") == [(0,)]


async def test_a_revoked_consent_ends_at_once(door: Door, client: httpx.AsyncClient) -> None:
    certificate_id, holder = await _held(door)
    key = (await new_key(door, client))["key"]
    given = (await _consent(client, certificate_id, holder)).json()
    path = f"/v1/consents/{given['consent_id']}/revoke"
    stranger = door.token(Role.CANDIDATE, UUID(int=99))
    assert problem(await client.post(path, headers=stranger)) == (404, "consent-unknown")
    assert (await client.post(path, headers=holder)).json()["revoked_at"]
    assert problem(await client.post(path, headers=holder)) == (409, "consent-already-revoked")
    assert (await _check(client, key, consent=given["token"])).json()["answer"]["consent"] == "NOT_VALID"


async def test_a_holder_has_three_live_consents_at_most_each_of_ninety_days_at_most(
    door: Door, client: httpx.AsyncClient
) -> None:
    certificate_id, holder = await _held(door)
    first = (await _consent(client, certificate_id, holder)).json()
    for _ in range(2):
        assert (await _consent(client, certificate_id, holder)).status_code == 201
    assert problem(await _consent(client, certificate_id, holder)) == (409, "consent-too-many")
    await client.post(f"/v1/consents/{first['consent_id']}/revoke", headers=holder)
    assert problem(await _consent(client, certificate_id, holder, days=91)) == (422, "consent-days")
    assert problem(await _consent(client, certificate_id, holder, fields=["id_no"])) == (422, "consent-fields")
    assert problem(await _consent(client, certificate_id, holder, fields=[])) == (422, "consent-fields")
    assert (await _consent(client, certificate_id, holder)).status_code == 201
    stranger = door.token(Role.CANDIDATE, UUID(int=99))
    assert problem(await _consent(client, certificate_id, stranger)) == (404, "certificate-unknown")


async def test_a_consent_of_a_withdrawn_certificate_does_not_hide_that(door: Door, client: httpx.AsyncClient) -> None:
    result = confirmed(level_plan())
    door.register.issue(result)
    ((certificate_id,),) = door.register.rows("select certificate_id from certificate")
    key = (await new_key(door, client))["key"]
    given = (await _consent(client, certificate_id, door.token(Role.CANDIDATE, UUID(result.candidate_id)))).json()
    door.register.apply(door.register.arrive(corrected(result.result_id, passed=False)))
    told = (await _check(client, key, consent=given["token"])).json()["answer"]
    assert (told["state"], told["consent"]) == ("WITHDRAWN", "GIVEN")
