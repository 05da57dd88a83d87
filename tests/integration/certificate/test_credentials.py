"""Certificates as credentials, from the running service: issued, checked by their published keys, ended by a list."""

import json
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from luban.certificate.adapters.proving import Proving, load
from luban.certificate.entrypoints.log_keeper import LogKeeper
from luban.certificate.handlers.credentials import Place, list_of
from luban.certificate.settings import ProofSettings
from luban.credentials.did import did_key, did_key_method
from luban.credentials.sd_jwt import read_sd_jwt
from luban.credentials.sd_jwt_vc import Challenge, present_sd_jwt, verify_sd_jwt
from luban.credentials.token_status_list import TokenStatus, read_list
from luban.credentials.vc_api import IssueOptions, verify_credential
from luban.credentials.vc_api import issue as sign_credential
from luban.eventkit.uow import Cause
from luban.proofs.local_key import LocalSigner
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, new_key, problem
from tests.integration.certificate.rig import ID_NO, NAME, Register, ability_plan, confirmed, level_plan
from tests.integration.certificate.test_public_log import grow, withdraw
from tests.proof_keys import prove

pytestmark = pytest.mark.anyio
HOLDER = LocalSigner.generate()


@pytest.fixture
def proving(monkeypatch: pytest.MonkeyPatch) -> Proving:
    prove(monkeypatch)
    return load(ProofSettings())


@pytest.fixture
def keeper(register: Register, proving: Proving) -> LogKeeper:
    keeper = LogKeeper(register.units, proving)
    keeper.grow()
    return keeper


@pytest.fixture
def issued(register: Register, keeper: LogKeeper) -> tuple[UUID, UUID, str]:
    """A logged certificate: its id, its holder's, its number."""
    register.issue(confirmed(level_plan()))
    grow(keeper)
    ((certificate_id, candidate_id, number),) = register.rows(
        "select certificate_id, candidate_id, certificate_no from certificate"
    )
    return certificate_id, candidate_id, number


async def obtain(door: Door, client: httpx.AsyncClient, issued: tuple[UUID, UUID, str], **wish: Any) -> httpx.Response:
    """By the holder."""
    address = f"/v1/certificates/{issued[0]}/credentials"
    return await client.post(address, json=wish, headers=door.token(Role.CANDIDATE, issued[1]))


async def published(client: httpx.AsyncClient) -> Any:
    """A resolver of what the service publishes."""
    documents = [(await client.get(path)).json() for path in ("/.well-known/did.json", "/vc-api/did.json")]
    return {document["id"]: document for document in documents}.get


async def lists(client: httpx.AsyncClient, credential: dict[str, Any]) -> dict[str, Any]:
    """The status lists that it names, read where it says."""
    urls = [status["statusListCredential"] for status in credential["credentialStatus"]]
    return {url: (await client.get(url.removeprefix("https://luban.example"))).json() for url in urls}


async def test_a_holder_gets_a_credential_that_the_published_keys_prove(
    door: Door, client: httpx.AsyncClient, register: Register, issued: tuple[UUID, UUID, str]
) -> None:
    answer = await obtain(door, client, issued)
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/vc+json")
    credential = answer.json()
    resolver, own = await published(client), await lists(client, credential)
    now = register.units.run(Cause("test"), lambda uow: uow.now())  # after they were signed
    outcome = verify_credential(credential, resolver, now, own)
    assert (outcome.verified, outcome.warnings, outcome.errors) == (True, [], [])
    assert credential["credentialSubject"]["licenseNumber"] == issued[2]
    assert credential["credentialSubject"]["identifier"][0]["identityHash"] == NAME
    assert ID_NO not in answer.text
    assert len(credential["proof"]) == 2


async def test_a_withdrawn_certificate_ends_by_the_lists_and_is_issued_no_more(
    door: Door, client: httpx.AsyncClient, register: Register, issued: tuple[UUID, UUID, str]
) -> None:
    credential = (await obtain(door, client, issued)).json()
    text = (await obtain(door, client, issued, format="sd-jwt")).text
    before = await lists(client, credential)
    withdraw(register, issued[2])
    register.set_clock_ahead(1)  # past what the process keeps in memory
    resolver, after = await published(client), await lists(client, credential)
    now = register.units.run(Cause("test"), lambda uow: uow.now())  # after they were signed
    outcome = verify_credential(credential, resolver, now, after)
    assert [error.code for error in outcome.errors] == ["status-revoked"]
    assert not verify_credential(credential, resolver, now, before).verified  # a list of yesterday has expired
    reference = verify_sd_jwt(text, resolver, now).status
    assert reference is not None
    token = (await client.get(reference.uri.removeprefix("https://luban.example"))).text
    assert read_list(token, reference, now)[1] == 1
    assert problem(await obtain(door, client, issued)) == (409, "certificate-withdrawn")


async def test_a_suspended_certificate_stands_in_the_lists_until_it_is_resumed_or_withdrawn(
    door: Door, client: httpx.AsyncClient, register: Register, issued: tuple[UUID, UUID, str]
) -> None:
    credential = (await obtain(door, client, issued)).json()
    text = (await obtain(door, client, issued, format="sd-jwt")).text
    decision = {"reason": "x", "decision_ref": "1"}
    suspension, withdrawal = ({**decision, "reason_code": code} for code in ("report", "misconduct"))
    days = count(1)  # past what the process keeps in memory, each time

    async def told_after(under: str, body: dict[str, str]) -> tuple[list[str], int]:
        address = f"/v1/certificates/{issued[0]}/{under}"
        assert (await client.post(address, json=body, headers=door.province)).status_code == 200
        register.set_clock_ahead(next(days))
        resolver, found = await published(client), await lists(client, credential)
        token = (await client.get("/status/token/0")).text
        now = register.units.run(Cause("test"), lambda uow: uow.now())  # after they were signed
        reference = verify_sd_jwt(text, resolver, now).status
        assert reference is not None
        outcome = verify_credential(credential, resolver, now, found)
        return [error.code for error in outcome.errors], read_list(token, reference, now)[1]

    assert await told_after("suspension", suspension) == (["status-suspended"], TokenStatus.SUSPENDED)
    assert problem(await obtain(door, client, issued)) == (409, "certificate-suspended")
    assert await told_after("resumption", decision) == ([], TokenStatus.VALID)
    assert (await obtain(door, client, issued)).status_code == 201
    assert await told_after("suspension", suspension) == (["status-suspended"], TokenStatus.SUSPENDED)
    assert await told_after("withdrawal", withdrawal) == (["status-revoked"], TokenStatus.INVALID)


async def test_one_certificates_suspension_marks_no_other_and_no_other_list(
    door: Door, client: httpx.AsyncClient, register: Register, keeper: LogKeeper, proving: Proving
) -> None:
    plan = level_plan()
    register.issue(*[confirmed(plan) for _ in range(5)])
    grow(keeper)
    ids = [row[0] for row in register.rows("select certificate_id from certificate order by certificate_no")]
    decision = {"reason": "x", "decision_ref": "1"}
    for at, under, reason in ((1, "suspension", "report"), (3, "withdrawal", "misconduct")):
        address = f"/v1/certificates/{ids[at]}/{under}"
        done = await client.post(address, json={**decision, "reason_code": reason}, headers=door.province)
        assert done.status_code == 200
    with register.units.read(Cause("test")) as uow:
        places = [Place.of(uow, proving, each).index for each in ids]
        found = {kind: list_of(uow, proving, kind, 0) for kind in ("revocation", "suspension", "token")}
    assert found["revocation"] == {places[3]: TokenStatus.INVALID}
    assert found["suspension"] == {places[1]: TokenStatus.SUSPENDED}
    assert found["token"] == found["revocation"] | found["suspension"]


async def test_an_sd_jwt_shows_the_level_and_nothing_else(
    door: Door, client: httpx.AsyncClient, register: Register, issued: tuple[UUID, UUID, str]
) -> None:
    wish = {"format": "sd-jwt", "holder_jwk": HOLDER.public_jwk(), "with_id_number": True}
    answer = await obtain(door, client, issued, **wish)
    assert answer.headers["content-type"] == "application/dc+sd-jwt"
    now = register.units.run(Cause("test"), lambda uow: uow.now())
    challenge = Challenge("https://employer.example", "n-1")
    shown = present_sd_jwt(read_sd_jwt(answer.text), {"level"}, challenge, now, HOLDER)
    found = verify_sd_jwt(str(shown), await published(client), now, challenge)
    assert (found.claims["level"], found.bound) == (3, True)
    assert not {"name", "id_number", "certificate_no"} & found.claims.keys()
    whole = verify_sd_jwt(answer.text, await published(client), now)
    assert whole.claims["id_number"] == ID_NO


async def test_staff_get_no_id_number_and_others_nothing(
    door: Door, client: httpx.AsyncClient, issued: tuple[UUID, UUID, str]
) -> None:
    address, wish = f"/v1/certificates/{issued[0]}/credentials", {"format": "sd-jwt", "with_id_number": True}
    by_staff = await client.post(address, json=wish, headers=door.province)
    assert by_staff.status_code == 201
    assert "id_number" not in [each.name for each in read_sd_jwt(by_staff.text).disclosures]
    stranger = await client.post(address, json=wish, headers=door.token(Role.CANDIDATE, UUID(int=9)))
    assert problem(stranger) == (404, "certificate-unknown")


async def test_a_special_ability_and_one_that_is_not_logged_yet(
    door: Door, client: httpx.AsyncClient, register: Register, keeper: LogKeeper
) -> None:
    register.issue(confirmed(ability_plan()))
    ((certificate_id, candidate_id),) = register.rows("select certificate_id, candidate_id from certificate")
    assert problem(await obtain(door, client, (certificate_id, candidate_id, ""))) == (409, "certificate-not-logged")
    grow(keeper)
    credential = (await obtain(door, client, (certificate_id, candidate_id, ""))).json()
    assert credential["credentialSubject"]["achievement"]["name"] == "剪纸"


@pytest.mark.parametrize("purpose", ["revocation", "suspension", "token"])
async def test_lists_that_are_not_there(client: httpx.AsyncClient, keeper: LogKeeper, purpose: str) -> None:
    assert (await client.get(f"/status/{purpose}/0")).status_code == 200
    assert problem(await client.get(f"/status/{purpose}/1")) == (404, "status-list-unknown")


async def test_trust_is_one_document(client: httpx.AsyncClient, proving: Proving) -> None:
    trust = (await client.get("/v1/trust")).json()
    assert [document["id"] for document in trust["documents"]] == [proving.did, proving.vc_api_did]
    assert trust["log"]["origin"] == "luban.example/log"
    assert len(trust["answers"]["keys"]) == 1
    assert "private" not in json.dumps(trust)


async def test_a_key_has_credentials_issued_if_that_is_in_its_scope_and_its_quota(
    door: Door, client: httpx.AsyncClient, keeper: LogKeeper
) -> None:
    credential = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "credentialSubject": {"id": did_key(HOLDER.public_key)},
    }

    async def issue(key: str) -> httpx.Response:
        headers = {"X-API-Key": key}
        return await client.post("/vc-api/credentials/issue", json={"credential": credential}, headers=headers)

    lacking, having = [await new_key(door, client, 2, scopes=[scope]) for scope in ("verification", "credentials")]
    assert problem(await issue(lacking["key"])) == (403, "api-key-scope")
    assert [(await issue(having["key"])).status_code for _ in range(2)] == [201, 201]
    assert problem(await issue(having["key"])) == (429, "quota-used-up")
    assert problem(await issue("no-such-key")) == (401, "api-key-invalid")


async def test_the_vc_api_issues_under_its_own_name_and_verifies(
    door: Door, client: httpx.AsyncClient, proving: Proving, issued: tuple[UUID, UUID, str]
) -> None:
    credential = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "credentialSubject": {"id": did_key(HOLDER.public_key)},
    }
    assert (await client.post("/vc-api/credentials/issue", json={"credential": credential})).status_code == 401
    made = await client.post("/vc-api/credentials/issue", json={"credential": credential}, headers=door.province)
    secured = made.json()["verifiableCredential"]
    assert (made.status_code, secured["issuer"]) == (201, proving.vc_api_did)
    answer = await client.post("/vc-api/credentials/verify", json={"verifiableCredential": secured})
    assert (answer.status_code, answer.json()["verified"]) == (200, True)
    for issuer in (proving.did, "did:web:other.example", 7):  # never as the register
        refused = await client.post(
            "/vc-api/credentials/issue", json={"credential": credential | {"issuer": issuer}}, headers=door.province
        )
        assert refused.status_code == 422, refused.text
    certificate = (await obtain(door, client, issued)).json()
    answer = await client.post("/vc-api/credentials/verify", json={"verifiableCredential": certificate})
    assert (answer.status_code, answer.json()["warnings"]) == (200, [])
    assert answer.json()["checks"] == ["structure", "proof", "validity", "status"]


def by_a_stranger() -> Any:
    """A sound credential of a did:key."""
    stranger = LocalSigner.generate()
    unsigned = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": did_key(stranger.public_key),
        "credentialSubject": {"id": "urn:example:1"},
    }
    from datetime import UTC, datetime

    options = IssueOptions(did_key_method(stranger.public_key), datetime(2026, 1, 1, tzinfo=UTC))
    return sign_credential(unsigned, options, stranger)


async def test_the_vc_api_verifies_a_did_key(client: httpx.AsyncClient) -> None:
    answer = await client.post("/vc-api/credentials/verify", json={"verifiableCredential": by_a_stranger()})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda c: c.update(credentialSubject={"id": "urn:example:2"}), None),
        (lambda c: c["proof"][0].update(proofPurpose="authentication"), None),
        (lambda c: c.update({"@context": ["https://www.w3.org/ns/credentials/v2", "https://evil.example/v1"]}), None),
        (lambda c: c.update(issuer="did:web:other.example"), None),
        (lambda c: c.pop("proof"), None),
        (lambda c: c.pop("type"), None),
        (lambda c: c.update(credentialSubject=[]), None),
        (lambda c: c.update(deep=json.loads("[" * 100 + "]" * 100)), "document-too-deep"),
    ],
)
async def test_every_malformed_credential_is_refused_with_its_reason(
    client: httpx.AsyncClient, spoil: Any, code: str | None
) -> None:
    credential = by_a_stranger()
    spoil(credential)
    answer = await client.post("/vc-api/credentials/verify", json={"verifiableCredential": credential})
    told = answer.json()
    assert answer.status_code == 422, answer.text
    assert (told["verified"], bool(told["detail"]), bool(told["errors"])) == (False, True, True)
    assert code in (None, told["errors"][0]["code"])


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"verifiableCredential": 7}', b'{"verifiableCredential": "a.b.c"}', b"\xff"]
)
@pytest.mark.parametrize("path", ["/vc-api/credentials/verify", "/vc-api/presentations/verify"])
async def test_what_is_no_request_is_a_problem(client: httpx.AsyncClient, content: bytes, path: str) -> None:
    answer = await client.post(path, content=content, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_ten_megabytes_are_not_read(client: httpx.AsyncClient) -> None:
    content = orjson.dumps({"verifiableCredential": "x" * 10_000_000})
    answer = await client.post(
        "/vc-api/credentials/verify", content=content, headers={"content-type": "application/json"}
    )
    assert problem(answer) == (413, "content-too-large")
