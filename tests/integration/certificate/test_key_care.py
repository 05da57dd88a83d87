"""Keys are rotated, and found to be somebody else's: what was signed before and after, and what is said of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from luban.certificate.adapters.proving import load
from luban.certificate.entrypoints.log_keeper import LogKeeper
from luban.certificate.entrypoints.renewals import Renewals
from luban.certificate.handlers.sign_anew import sign_anew
from luban.certificate.settings import ProofSettings
from luban.cli.verify.answers import verify_answer
from luban.cli.verify.file import verify_file
from luban.cli.verify.finding import Finding
from luban.cli.verify.trust import Trust
from luban.eventkit.uow import Cause, UnitOfWork
from luban.proofs.checkpoint import open_checkpoint
from luban.proofs.log_entry import Change, parse_entry
from luban.proofs.note import NoteKey
from luban.proofs.tiles import ENTRIES, read_bundle, tile_of
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, open_door, problem
from tests.integration.certificate.rig import NAME, Register, confirmed, level_plan
from tests.integration.certificate.test_public_log import withdraw
from tests.proof_keys import key_directory, own_proof_keys

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


@pytest.fixture
def proofs(tmp_path: Path) -> Path:
    return own_proof_keys(tmp_path)


@asynccontextmanager
async def started(
    register: Register, folder: Path, patch: pytest.MonkeyPatch, proofs: Path
) -> AsyncIterator[tuple[Door, httpx.AsyncClient]]:
    """The service with the keys as they are now, and a client."""
    door = open_door(register, folder, patch, proofs=proofs)
    async with door.served.app.router.lifespan_context(door.served.app), door.client() as client:
        yield door, client


def keep_log(register: Register) -> None:
    """What the worker does with the keys as they are now."""
    keeper = LogKeeper(register.units, load(ProofSettings()))
    keeper.grow()
    while keeper.grow():
        pass


def now(register: Register) -> datetime:
    at: datetime = register.units.run(Cause("test"), lambda uow: uow.now())
    return at


async def asked(client: httpx.AsyncClient, number: str) -> dict[str, Any]:
    sent = {"certificate_no": number, "name": NAME, "purpose": "招聘"}
    answer = await client.post("/v1/verifications", json=sent)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def trust(client: httpx.AsyncClient) -> Trust:
    """As `luban trust` keeps it."""
    return Trust.from_json((await client.get("/v1/trust")).json())


async def disclosed(client: httpx.AsyncClient, answer: dict[str, Any]) -> httpx.Response:
    return await client.post("/log/disclosures", json={"jws": answer["jws"]})


def codes(finding: Finding) -> str:
    return " ".join(en for _, en in finding.reasons)


async def test_an_answer_still_verifies_after_its_key_was_rotated(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    (number,) = register.issue(confirmed(level_plan()))
    async with started(register, tmp_path, monkeypatch, proofs) as (_, client):
        keep_log(register)
        before = await asked(client, number)
        told_then = await trust(client)
    keys = key_directory(proofs, "answers")
    old, new = keys.signer(), keys.rotate(now(register), grace=HOUR)
    async with started(register, tmp_path, monkeypatch, proofs) as (_, client):
        after = await asked(client, number)
        published = (await client.get("/v1/keys")).json()
        assert [key["kid"] for key in published["keys"]] == [new.key_id, old.key_id]
        assert (await client.get("/v1/trust")).json()["answers"] == published
        told = await trust(client)
        assert (await disclosed(client, before)).status_code == 200
    for answer in (before, after):
        assert verify_answer(answer["jws"], told).holds
    assert verify_answer(before["jws"], told_then).holds
    assert "not at hand" in codes(verify_answer(after["jws"], told_then))


async def test_an_answer_of_a_key_that_somebody_else_has_counts_no_more(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    (number,) = register.issue(confirmed(level_plan()))
    async with started(register, tmp_path, monkeypatch, proofs) as (_, client):
        keep_log(register)
        before = await asked(client, number)
    keys, at = key_directory(proofs, "answers"), now(register)
    keys.compromise(keys.signer().key_id, at - HOUR, at)
    keys.rotate(at)
    async with started(register, tmp_path, monkeypatch, proofs) as (_, client):
        after, told = await asked(client, number), await trust(client)
        assert problem(await disclosed(client, before)) == (422, "ticket-invalid")
        assert (await disclosed(client, after)).status_code == 200
    assert verify_answer(after["jws"], told).holds
    assert "compromised" in codes(verify_answer(before["jws"], told))


Row = tuple[UUID, UUID, str]


def rows(register: Register) -> list[Row]:
    """Id, holder and number of each certificate, in the order of their numbers."""
    found: list[Row] = register.rows(
        "select certificate_id, candidate_id, certificate_no from certificate order by certificate_no"
    )
    return found


def entries(register: Register) -> list[bytes]:
    """All of the public log, which are few."""
    ((content, size),) = register.rows(
        "select content, (select max(size) from log_checkpoint) from log_tile where level = -1"
    )
    return read_bundle(tile_of(ENTRIES, 0, size), content)


async def paper(door: Door, client: httpx.AsyncClient, row: Row) -> bytes:
    headers = door.token(Role.CANDIDATE, row[1])
    answer = await client.get(f"/v1/certificates/{row[0]}/paper", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


async def credential(door: Door, client: httpx.AsyncClient, row: Row, form: str) -> str:
    headers = door.token(Role.CANDIDATE, row[1])
    answer = await client.post(f"/v1/certificates/{row[0]}/credentials", json={"format": form}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.text


async def everything(door: Door, client: httpx.AsyncClient, row: Row) -> dict[str, bytes]:
    """All that the register signs for a holder."""
    given = {form: (await credential(door, client, row, form)).encode() for form in ("vc", "sd-jwt")}
    return given | {"paper": await paper(door, client, row)}


async def said(register: Register, folder: Path, client: httpx.AsyncClient, given: dict[str, bytes]) -> dict[str, str]:
    """What `luban verify` says of each by the keys that are published now: empty where it holds."""
    told, at = await trust(client), now(register)
    found = {}
    for form, content in given.items():
        file = folder / "given"
        file.write_bytes(content)
        finding = verify_file(file, told, at, {})
        found[form] = "" if finding.holds else codes(finding)
    return found


async def verified(client: httpx.AsyncClient, given: dict[str, bytes]) -> bool:
    """What the VC-API says of the credential."""
    sent = {"verifiableCredential": json.loads(given["vc"])}
    return bool((await client.post("/vc-api/credentials/verify", json=sent)).json()["verified"])


async def test_paper_and_credentials_hold_before_and_after_a_rotation(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    register.issue(confirmed(level_plan()))
    (row,) = rows(register)
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        keep_log(register)
        before = await everything(door, client, row)
        register.set_clock_ahead(1)
        keys = key_directory(proofs, "credentials")
        old = keys.signer()
        new = keys.rotate(now(register), grace=HOUR)
        late = await everything(door, client, row)  # this process has not heard of the new key
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        after = await everything(door, client, row)
        assert await everything(door, client, row) != before
        assert await paper(door, client, row) == after["paper"]
        for given in (before, late, after):
            assert not any((await said(register, tmp_path, client, given)).values())
            assert await verified(client, given)
    signed = register.rows("select key_id from signed_certificate")
    assert sorted(signed) == sorted([(old.key_id,), (new.key_id,)])


async def test_what_a_compromised_key_signed_is_refused_and_is_signed_anew(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    plan = level_plan()
    register.issue(*[confirmed(plan) for _ in range(4)])
    early, one, other, withdrawn = rows(register)
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        keep_log(register)
        first = await everything(door, client, early)
        register.set_clock_ahead(1)
        given = [{"vc": (await credential(door, client, one, "vc")).encode()}]
        given += [await everything(door, client, row) for row in (other, withdrawn)]
        withdraw(register, withdrawn[2])
    keys, at = key_directory(proofs, "credentials"), now(register)
    keys.compromise(keys.signer().key_id, at - HOUR, at)
    keys.rotate(at)
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        renewals = Renewals(register.units, load(ProofSettings()))
        assert (renewals.round(), renewals.round()) == (3, 0)
        keep_log(register)
        for each in (first, *given):
            refused = await said(register, tmp_path, client, each)
            assert all(refused.values()), refused
            assert not await verified(client, each)
        for row in (one, other, early):
            again = await everything(door, client, row)
            assert not any((await said(register, tmp_path, client, again)).values())
            assert await verified(client, again)
    entered = register.rows(
        "select certificate_id, version, reason_code, actor from register_entry where change = 'SIGNED_ANEW'"
    )
    assert sorted(entered) == sorted((row[0], 2, "key-compromised", "key-care") for row in (one, other))
    logged = [parse_entry(content).change for content in entries(register)]
    assert logged[4:] == [Change.WITHDRAWN, Change.SIGNED_ANEW, Change.SIGNED_ANEW]


async def test_what_is_signed_late_by_a_compromised_key_is_taken_up_too(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    register.issue(confirmed(level_plan()))
    (row,) = rows(register)
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        await paper(door, client, row)
        keys, at = key_directory(proofs, "credentials"), now(register)
        keys.compromise(keys.signer().key_id, at - HOUR, at)
        keys.rotate(at)
        renewals = Renewals(register.units, load(ProofSettings()))
        assert (renewals.round(), renewals.round()) == (1, 0)
        await paper(door, client, row)  # this process still has the old key
        assert (renewals.round(), renewals.round()) == (1, 0)
    assert register.rows("select register_version from certificate") == [(3,)]


async def test_a_renewal_that_dies_is_done_by_the_next(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    plan = level_plan()
    register.issue(*[confirmed(plan) for _ in range(5)])
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        for row in rows(register):
            await paper(door, client, row)
    keys, at = key_directory(proofs, "credentials"), now(register)
    keys.compromise(keys.signer().key_id, at - HOUR, at)
    history = keys.history()

    def die(uow: UnitOfWork) -> None:
        assert sign_anew(uow, history, 2) == 2
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        register.units.run(Cause("test"), die)
    assert register.rows("select count(*) from register_entry where change = 'SIGNED_ANEW'") == [(0,)]
    done = [register.units.run(Cause("test"), lambda uow: sign_anew(uow, history, 2)) for _ in range(4)]
    assert done == [2, 2, 1, 0]
    assert register.rows(
        "select count(*), count(distinct certificate_id) from register_entry where change = 'SIGNED_ANEW'"
    ) == [(5, 5)]


async def test_the_newest_checkpoint_is_signed_by_the_key_that_took_over(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    register.issue(confirmed(level_plan()))
    async with started(register, tmp_path, monkeypatch, proofs) as (_, client):
        keep_log(register)
        before = load(ProofSettings())
        key_directory(proofs, "log").rotate(now(register), grace=HOUR)
        keep_log(register)
        after = load(ProofSettings())
        note = (await client.get("/log/checkpoint")).content
        only_new = replace(after.policy, log_keys=(NoteKey(after.origin, after.log.signer.public_key),))
        for policy in (before.policy, after.policy, only_new):
            assert open_checkpoint(note, policy).checkpoint.size == 1
        keys, at = key_directory(proofs, "log"), now(register)
        keys.compromise(keys.signer().key_id, at, at)
        newest = keys.rotate(at)
        assert newest.key_id != after.log.signer.key_id
        keep_log(register)
        believed = load(ProofSettings()).policy
        note = (await client.get("/log/checkpoint")).content
    assert after.log.signer.public_key not in [key.public_key for key in believed.log_keys]
    assert open_checkpoint(note, believed).checkpoint.size == 1


async def test_an_answer_holds_though_the_key_of_the_log_it_names_was_compromised(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    (number,) = register.issue(confirmed(level_plan()))
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        keep_log(register)
        await door.served.app.state.checkpoint_seen.look()
        before = await asked(client, number)
    keys, at = key_directory(proofs, "log"), now(register)
    keys.compromise(keys.signer().key_id, at, at)
    keys.rotate(at)
    async with started(register, tmp_path, monkeypatch, proofs) as (_, client):
        finding = verify_answer(before["jws"], await trust(client))
    assert before["answer"]["checkpoint"]
    assert finding.holds, finding.reasons
    assert any("compromised" in en for _, en in finding.unproven)


async def test_lists_of_another_order_have_other_numbers(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proofs: Path
) -> None:
    register.issue(confirmed(level_plan()))
    (row,) = rows(register)
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        keep_log(register)
        before = json.loads(await credential(door, client, row, "vc"))
    (proofs / "status.key").write_text(f"{'ab' * 32} 100", encoding="ascii")
    async with started(register, tmp_path, monkeypatch, proofs) as (door, client):
        after = json.loads(await credential(door, client, row, "vc"))
        withdraw(register, row[2])
        urls = [each["credentialStatus"][0]["statusListCredential"] for each in (before, after)]
        assert [url.rsplit("/", 1)[1] for url in urls] == ["0", "100"]
        served = [await client.get(url.removeprefix("https://luban.example")) for url in urls]
        assert [answer.status_code for answer in served] == [404, 200]
        verdicts = [
            await client.post("/vc-api/credentials/verify", json={"verifiableCredential": each})
            for each in (before, after)
        ]
    assert [problem(verdict) for verdict in verdicts] == [(404, "status-list-unknown"), (422, "status-revoked")]
