"""The public log of a live register: complete, in order, provable, and right whatever is killed."""

import json
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from luban.certificate.adapters.proving import Proving, load
from luban.certificate.entrypoints.log_keeper import LogKeeper
from luban.certificate.handlers.grow_log import grow_log
from luban.certificate.handlers.suspend import Resumption, Suspension, resume, suspend
from luban.certificate.handlers.withdraw import Withdrawal, withdraw_by_decision
from luban.certificate.settings import ProofSettings
from luban.eventkit.uow import Cause
from luban.proofs import base64url
from luban.proofs.checkpoint import open_checkpoint
from luban.proofs.disclosure import Disclosure, commit_holder
from luban.proofs.local_key import LocalSigner
from luban.proofs.log_entry import Change, Entry, parse_entry
from luban.proofs.log_proof import parse_log_proof
from luban.proofs.merkle import check_consistency, check_inclusion, leaf_hash
from luban.proofs.note import NoteKey, SignatureType, cosign_note, parse_note
from luban.proofs.tiles import ENTRIES, WIDTH, read_bundle, tile_of
from tests.integration.certificate.door import Door, new_key, problem
from tests.integration.certificate.rig import ID_NO, NAME, Register, confirmed, corrected, level_plan
from tests.proof_keys import prove

pytestmark = pytest.mark.anyio
WITNESS = LocalSigner.generate()
WITNESS_KEY = NoteKey("witness.example", WITNESS.public_key, SignatureType.COSIGNATURE_V1)


@pytest.fixture(autouse=True)
def witnessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUBAN_LOG_WITNESSES", WITNESS_KEY.vkey)


@pytest.fixture
def proving(monkeypatch: pytest.MonkeyPatch) -> Proving:
    prove(monkeypatch)
    return load(ProofSettings())


@pytest.fixture
def keeper(register: Register, proving: Proving) -> LogKeeper:
    """At work: the empty log has its checkpoint."""
    keeper = LogKeeper(register.units, proving)
    assert keeper.grow() == 0
    return keeper


def grow(keeper: LogKeeper) -> None:
    while keeper.grow():
        pass


def withdraw(register: Register, number: str) -> None:
    ((certificate_id,),) = register.rows("select certificate_id from certificate where certificate_no = %s", (number,))
    command = Withdrawal(UUID(str(certificate_id)), "false-papers", "伪造工作年限", "鲁人社〔2026〕1号")
    with register.units.begin(Cause("province")) as uow:
        withdraw_by_decision(uow, command)


async def checkpoint(client: httpx.AsyncClient, proving: Proving) -> Any:
    answer = await client.get("/log/checkpoint")
    assert answer.status_code == 200, answer.text
    return open_checkpoint(answer.content, proving.policy).checkpoint


async def entries(client: httpx.AsyncClient, size: int) -> list[bytes]:
    """All of them, as an auditor reads them."""
    found: list[bytes] = []
    for at in range(-(-size // WIDTH)):
        tile = tile_of(ENTRIES, at, size)
        answer = await client.get(f"/log/{tile.path}")
        assert answer.status_code == 200, answer.text
        assert "immutable" in answer.headers["cache-control"]
        found += read_bundle(tile, answer.content)
    return found


async def test_every_register_entry_is_one_entry_of_the_log(
    register: Register, keeper: LogKeeper, proving: Proving, client: httpx.AsyncClient
) -> None:
    assert (await checkpoint(client, proving)).size == 0
    plan = level_plan()
    results = [confirmed(plan) for _ in range(3)]
    numbers = register.issue(*results)
    grow(keeper)
    withdraw(register, numbers[1])
    register.apply(register.arrive(corrected(results[2].result_id, passed=True)))
    grow(keeper)
    size = (await checkpoint(client, proving)).size
    told = [parse_entry(each) for each in await entries(client, size)]
    seen = [(each.change, each.version, each.previous) for each in told]
    assert seen[:3] == [(Change.ISSUED, 1, None)] * 3
    assert sorted(seen[3:]) == [(Change.CORRECTED, 2, 2), (Change.WITHDRAWN, 2, 1)]
    assert [each.tag for each in told[:3]] == [proving.tag_key.tag(number) for number in numbers]
    assert {told[3].tag, told[4].tag} == {told[1].tag, told[2].tag}
    assert [each.day.isoformat() for each in told[:3]] == ["2026-11-20"] * 3
    assert register.rows("select count(*) from log_queue") == [(0,)]


async def test_a_suspension_and_its_end_are_entries_that_open_to_the_state(
    register: Register, keeper: LogKeeper, proving: Proving, client: httpx.AsyncClient
) -> None:
    register.issue(confirmed(level_plan()))
    grow(keeper)
    ((certificate_id,),) = register.rows("select certificate_id from certificate")
    suspension = Suspension(certificate_id, "report", "有人举报", "核〔2026〕1号")
    register.units.run(Cause("province"), lambda uow: suspend(uow, suspension))
    grow(keeper)
    resumption = Resumption(certificate_id, "查无实据", "核〔2026〕2号")
    register.units.run(Cause("province"), lambda uow: resume(uow, resumption))
    grow(keeper)
    told = [parse_entry(each) for each in await entries(client, (await checkpoint(client, proving)).size)]
    assert [each.change for each in told] == [Change.ISSUED, Change.SUSPENDED, Change.REINSTATED]
    assert told[1].day == told[2].day
    facts = [json.loads(bytes(row)) for (row,) in register.rows("select facts from log_entry order by index")]
    day = told[1].day.isoformat()
    assert [(each["change"], each["state"], each.get("suspended_on")) for each in facts] == [
        ("ISSUED", "VALID", None),
        ("SUSPENDED", "SUSPENDED", day),
        ("RESUMED", "VALID", None),
    ]
    assert "举报" not in str(facts)
    assert "report" not in str(facts)


async def test_nothing_of_a_killed_transaction_stays(
    register: Register, keeper: LogKeeper, proving: Proving, client: httpx.AsyncClient
) -> None:
    register.issue(*[confirmed(level_plan()) for _ in range(5)])

    def die_before_the_commit() -> None:
        with register.units.begin(Cause("log")) as uow:
            assert grow_log(uow, proving, 3) == 3
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        die_before_the_commit()
    assert (await checkpoint(client, proving)).size == 0
    for most in (2, 2, 2):
        with register.units.begin(Cause("log")) as uow:
            grow_log(uow, proving, most)
    assert (await checkpoint(client, proving)).size == 5
    doubled = "select certificate_id, version from log_entry group by 1, 2 having count(*) > 1"
    assert register.rows(doubled) == []
    assert register.rows("select index from log_entry order by index") == [(at,) for at in range(5)]


async def test_time_in_the_log_never_runs_backwards(register: Register, keeper: LogKeeper) -> None:
    register.set_clock_ahead(-200)  # as a demo does once, after the empty log was signed
    register.issue(confirmed(level_plan()))
    grow(keeper)
    register.set_clock_ahead(-201)  # as a server's clock may
    register.issue(confirmed(level_plan()))
    grow(keeper)
    (first,), (second,) = register.rows("select logged_at from log_entry order by index")
    (now,) = register.rows("select clock_timestamp()")[0]
    assert first == second < now


async def test_a_log_that_was_lost_goes_on_under_another_name(
    register: Register, keeper: LogKeeper, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    register.issue(confirmed(level_plan()))
    grow(keeper)
    monkeypatch.setenv("LUBAN_LOG_ORIGIN", "luban.example/log/2")
    renamed = load(ProofSettings())
    register.issue(confirmed(level_plan()))
    grow(LogKeeper(register.units, renamed))
    assert (await checkpoint(client, renamed)).size == 2


async def test_one_keeper_at_a_time(register: Register, keeper: LogKeeper, proving: Proving) -> None:
    register.issue(confirmed(level_plan()))
    with register.units.begin(Cause("log")) as uow:
        assert grow_log(uow, proving) == 1
        assert keeper.grow() == 0  # the other has the lock, and has not committed
    assert register.rows("select count(*) from log_entry") == [(1,)]


async def test_a_change_that_was_overtaken_says_so(register: Register, keeper: LogKeeper) -> None:
    (number,) = register.issue(confirmed(level_plan()))
    withdraw(register, number)
    grow(keeper)
    facts = [told for (told,) in register.rows("select facts from log_entry order by index")]
    assert b'"overtaken":true' in facts[0]
    assert b'"state":"WITHDRAWN"' in facts[1]
    assert b'"overtaken"' not in facts[1]


async def test_proofs_hold_across_tiles(
    register: Register, keeper: LogKeeper, proving: Proving, client: httpx.AsyncClient
) -> None:
    plan = level_plan()
    register.issue(*[confirmed(plan) for _ in range(300)])
    grow(keeper)
    first = await checkpoint(client, proving)
    register.issue(*[confirmed(plan) for _ in range(400)])
    grow(keeper)
    second = await checkpoint(client, proving)
    assert (first.size, second.size) == (300, 700)
    told = await entries(client, 700)
    for index in (0, 255, 256, 511, 699):
        shown = (await client.get("/log/proofs/inclusion", params={"index": index})).json()
        assert b64decode(shown["entry"]) == told[index]
        hashes = [b64decode(each) for each in shown["hashes"]]
        check_inclusion(index, 700, leaf_hash(told[index]), hashes, second.root)
    shown = (await client.get("/log/proofs/consistency", params={"size1": 300})).json()
    check_consistency(300, 700, first.root, second.root, [b64decode(each) for each in shown["hashes"]])
    early = await client.get(f"/log/{tile_of(0, 1, 300).path}")  # a partial tile of the log as it was
    full = await client.get(f"/log/{tile_of(0, 1, 700).path}")
    assert full.content.startswith(early.content)
    assert (len(early.content), len(full.content)) == ((300 - WIDTH) * 32, WIDTH * 32)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/log/tile/0/000", (404, "tile-unknown")),
        ("/log/tile/0/0", (422, "tile-path")),
        ("/log/tile/x/000", (422, "tile-path")),
        ("/log/tile/../../keys", (404, None)),
        ("/log/proofs/inclusion?index=5", (422, "tree-size")),
        ("/log/proofs/inclusion?index=-1", (422, None)),
        ("/log/proofs/consistency?size1=3&size2=2", (422, "tree-size")),
    ],
)
async def test_what_is_not_there_is_refused(
    keeper: LogKeeper, client: httpx.AsyncClient, path: str, expected: tuple[int, str | None]
) -> None:
    status, code = problem(await client.get(path))
    assert status == expected[0]
    assert expected[1] in (None, code)


async def test_witnesses_sign_our_checkpoints_and_nobody_else(
    register: Register, keeper: LogKeeper, proving: Proving, client: httpx.AsyncClient
) -> None:
    register.issue(confirmed(level_plan()))
    grow(keeper)
    note = parse_note((await client.get("/log/checkpoint")).content)
    at = register.units.run(Cause("test"), lambda uow: uow.now())
    stranger = note.with_signatures(cosign_note(note.text, "stranger.example", LocalSigner.generate(), at))
    refused = await client.post("/log/cosignatures", content=str(stranger).encode())
    assert problem(refused) == (422, "cosignature-unknown")
    forged = note.with_signatures(cosign_note(note.text, WITNESS_KEY.name, LocalSigner.generate(), at))
    assert (await client.post("/log/cosignatures", content=str(forged).encode())).status_code == 422
    other_text = note.text.replace("\n1\n", "\n2\n")
    other = note.__class__(other_text, (cosign_note(other_text, WITNESS_KEY.name, WITNESS, at),))
    assert problem(await client.post("/log/cosignatures", content=str(other).encode())) == (409, "checkpoint-other")
    signed = note.with_signatures(cosign_note(note.text, WITNESS_KEY.name, WITNESS, at))
    for _ in range(2):  # said twice is said once
        accepted = await client.post("/log/cosignatures", content=str(signed).encode())
        assert accepted.json() == {"size": 1, "witnesses": ["witness.example"]}
    served = open_checkpoint((await client.get("/log/checkpoint")).content, proving.policy)
    assert list(served.witnessed) == ["witness.example"]


async def check(door: Door, client: httpx.AsyncClient, number: str, name: str = NAME) -> Any:
    key = (await new_key(door, client))["key"]
    asked = {"certificate_no": number, "name": name, "purpose": "招聘核验"}
    return (await client.post("/v1/verifications", json=asked, headers={"X-API-Key": key})).json()


async def test_whoever_passed_a_check_gets_the_entry_opened_and_proven(
    register: Register, keeper: LogKeeper, proving: Proving, door: Door, client: httpx.AsyncClient
) -> None:
    (number,) = register.issue(confirmed(level_plan()))
    grow(keeper)
    answer = await check(door, client, number)
    opened = (await client.post("/log/disclosures", json={"jws": answer["jws"]})).json()
    disclosure = Disclosure.from_json(opened["disclosure"])
    content = b64decode(opened["entry"])
    entry: Entry = disclosure.check(content, base64url.decode(opened["tag_key"]))
    assert (entry.change, disclosure.facts["certificate_no"], disclosure.facts["level"]) == (Change.ISSUED, number, 3)
    signed = parse_log_proof(opened["proof"].encode()).check(content, proving.policy)
    assert signed.checkpoint.size == 1
    assert NAME not in str(opened)
    assert disclosure.facts["holder"] != commit_holder(NAME, "RESIDENT_ID", ID_NO, disclosure.salt)  # another salt


@pytest.mark.parametrize(
    "spoil",
    [
        lambda jws: "",
        lambda jws: jws + "A",
        lambda jws: "a.b.c",
        lambda jws: jws.rsplit(".", 1)[0] + "." + "A" * 86,
    ],
)
async def test_no_answer_of_ours_opens_nothing(
    register: Register, keeper: LogKeeper, door: Door, client: httpx.AsyncClient, spoil: Callable[[str], str]
) -> None:
    (number,) = register.issue(confirmed(level_plan()))
    grow(keeper)
    jws = (await check(door, client, number))["jws"]
    refused = await client.post("/log/disclosures", json={"jws": spoil(jws)})
    assert problem(refused) == (422, "ticket-invalid")
    missed = (await check(door, client, number, "别人"))["jws"]
    assert problem(await client.post("/log/disclosures", json={"jws": missed})) == (422, "ticket-invalid")
    register.set_clock_ahead(2)
    assert problem(await client.post("/log/disclosures", json={"jws": jws})) == (422, "ticket-invalid")


async def test_an_answer_bears_the_newest_checkpoint(
    register: Register, keeper: LogKeeper, proving: Proving, door: Door, client: httpx.AsyncClient
) -> None:
    (number,) = register.issue(confirmed(level_plan()))
    grow(keeper)
    await door.served.app.state.checkpoint_seen.look()
    for name in (NAME, "别人"):
        answer = await check(door, client, number, name)
        signed = open_checkpoint(answer["answer"]["checkpoint"].encode(), proving.policy)
        assert signed.checkpoint.size == 1


async def test_the_log_shows_nothing_of_anybody(
    register: Register, keeper: LogKeeper, proving: Proving, client: httpx.AsyncClient
) -> None:
    numbers = register.issue(*[confirmed(level_plan()) for _ in range(2)])
    grow(keeper)
    content = b"".join(await entries(client, 2))
    for secret in (*numbers, NAME, ID_NO):
        assert secret.encode() not in content
    first, second = (parse_entry(each) for each in await entries(client, 2))
    assert first.commitment != second.commitment
