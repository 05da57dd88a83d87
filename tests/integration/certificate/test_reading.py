"""Who sees which certificates, and what of them; the province's withdrawal over HTTP."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from luban.eventkit.ids import new_id
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, problem
from tests.integration.certificate.rig import ID_NO, NAME, confirmed, level_plan

pytestmark = pytest.mark.anyio


async def _items(client: httpx.AsyncClient, headers: dict[str, str], query: str = "") -> list[Any]:
    response = await client.get(f"/v1/certificates{query}", headers=headers)
    assert response.status_code == 200, response.text
    return list(response.json()["items"])


async def test_a_candidate_sees_owneds_in_full_and_no_other(door: Door, client: httpx.AsyncClient) -> None:
    own, other = confirmed(level_plan()), confirmed(level_plan())
    door.register.issue(own, other)
    me = door.token(Role.CANDIDATE, UUID(own.candidate_id))
    (item,) = await _items(client, me)
    assert (item["name"], item["id_no"], item["level_name"]) == (NAME, ID_NO, "三级/高级工")
    assert item["scores"][0] == {"subject_code": "THEORY", "outcome": "SCORED", "score_tenths": 605}
    assert (await client.get(f"/v1/certificates/{item['certificate_id']}", headers=me)).json() == item
    ((hidden,),) = door.register.rows(
        "select certificate_id from certificate where candidate_id <> %s", (UUID(own.candidate_id),)
    )
    assert problem(await client.get(f"/v1/certificates/{hidden}", headers=me)) == (404, "certificate-unknown")
    assert await _items(client, me, f"?plan_id={other.plan.plan_id}") == []


async def test_a_body_sees_its_own_plans_with_masked_numbers_and_is_recorded(
    door: Door, client: httpx.AsyncClient
) -> None:
    own, other = level_plan(), level_plan("Y000037001234")
    result = confirmed(own)
    door.register.issue(result, confirmed(other))
    staff = door.token(Role.BODY_STAFF, body_id=UUID(own.body.body_id))
    (item,) = await _items(client, staff, f"?plan_id={own.plan_id}")
    assert (item["name"], item["id_no"]) == (NAME, "*" * 14 + ID_NO[-4:])
    assert await _items(client, staff, f"?plan_id={other.plan_id}") == []
    assert await _items(client, staff, "?certificate_no=Y000037001234263000001") == []
    assert door.register.rows("select subject_id, what from webkit.personal_data_access") == [
        (UUID(result.candidate_id), "certificate")
    ]


async def test_staff_cannot_browse_the_register(door: Door, client: httpx.AsyncClient) -> None:
    refused = await client.get("/v1/certificates", headers=door.province)
    assert problem(refused) == (422, "certificate-list-unbounded")


async def test_lists_are_paged(door: Door, client: httpx.AsyncClient) -> None:
    plan = level_plan()
    door.register.issue(*[confirmed(plan) for _ in range(5)])
    seen: list[str] = []
    query = f"?plan_id={plan.plan_id}&limit=2"
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(f"/v1/certificates{query}{cursor}", headers=door.province)).json()
        seen += [item["certificate_no"] for item in page["items"]]
        cursor = page["next"] and f"&cursor={page['next']}"
    assert seen == door.register.numbers()
    assert door.register.rows("select count(*) from webkit.personal_data_access") == [(5,)]


async def test_the_province_withdraws_once_however_often_it_is_sent(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    ((certificate_id,),) = door.register.rows("select certificate_id from certificate")
    address = f"/v1/certificates/{certificate_id}/withdrawal"
    body = {"reason_code": "false-papers", "reason": "学历证书系伪造", "decision_ref": "〔2026〕3号"}
    headers = {**door.province, "Idempotency-Key": "once"}
    first, again = [await client.post(address, json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, first.json()["state"]) == (200, "WITHDRAWN")
    assert again.content == first.content
    assert problem(await client.post(address, json=body, headers=door.province)) == (
        409,
        "certificate-already-withdrawn",
    )
    assert len(door.register.events("CertificateWithdrawn")) == 1


async def test_an_unknown_reason_or_an_empty_one_changes_nothing(door: Door, client: httpx.AsyncClient) -> None:
    door.register.issue(confirmed(level_plan()))
    ((certificate_id,),) = door.register.rows("select certificate_id from certificate")
    address = f"/v1/certificates/{certificate_id}/withdrawal"
    body = {"reason_code": "result-corrected", "reason": "改分", "decision_ref": "1"}
    refused = await client.post(address, json=body, headers=door.province)
    assert problem(refused) == (422, "withdrawal-reason-unknown")
    empty = await client.post(address, json=body | {"reason": ""}, headers=door.province)
    assert problem(empty) == (422, "request-invalid")
    unknown = await client.post(
        f"/v1/certificates/{new_id()}/withdrawal", json=body | {"reason_code": "misconduct"}, headers=door.province
    )
    assert problem(unknown) == (404, "certificate-unknown")
    assert door.register.rows("select state from certificate") == [("VALID",)]
