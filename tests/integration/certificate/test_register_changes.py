"""Changes of the register by people: corrections, reissues, withdrawals and appeals; and what stood at any moment."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from luban.eventkit.uow import Cause
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, problem
from tests.integration.certificate.rig import ID_NO, NAME, confirmed, corrected, level_plan

pytestmark = pytest.mark.anyio

NUMBER = "S000037000072263000001"
OTHER_ID = "370202198811019025"
WITHDRAWAL = {"reason_code": "misconduct", "reason": "替考", "decision_ref": "鲁人社决〔2026〕7号"}


class Held:
    """One certificate and who has to do with it."""

    def __init__(self, door: Door, client: httpx.AsyncClient) -> None:
        self.door, self.client = door, client
        self.result = confirmed(level_plan())
        door.register.issue(self.result)
        ((self.certificate_id,),) = door.register.rows("select certificate_id from certificate")
        self.path = f"/v1/certificates/{self.certificate_id}"
        self.holder = door.token(Role.CANDIDATE, UUID(self.result.candidate_id))
        self.one, self.other = (door.token(Role.PROVINCE_STAFF, UUID(int=number)) for number in (1, 2))
        self.body = door.token(Role.BODY_STAFF, UUID(int=3), UUID(self.result.plan.body.body_id))

    async def post(self, under: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        """A command on the certificate, by default the province's."""
        return await self.client.post(self.path + under, json=body, headers=headers or self.one)

    async def done(self, under: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """One that is accepted."""
        response = await self.post(under, body, headers)
        assert response.status_code in (200, 201), response.text
        return response.json()

    async def shown(self, as_of: datetime | None = None) -> Any:
        """The certificate as its holder sees it."""
        asked = {"as_of": as_of.isoformat()} if as_of else {}
        response = await self.client.get(self.path, params=asked, headers=self.holder)
        assert response.status_code == 200, response.text
        return response.json()

    async def changes(self, headers: dict[str, str] | None = None) -> Any:
        """The entries of the register."""
        return (await self.client.get(f"{self.path}/entries", headers=headers or self.holder)).json()["items"]

    async def found(self, **factor: str) -> Any:
        """What a check is told."""
        asked = {"certificate_no": NUMBER, "purpose": "录用", **factor}
        return (await self.client.post("/v1/verifications", json=asked)).json()["answer"]

    def now(self) -> datetime:
        """The register's clock."""
        ((at,),) = self.door.register.rows("select eventkit.now()")
        moment: datetime = at
        return moment


@pytest.fixture
async def held(door: Door, client: httpx.AsyncClient) -> Held:
    """A certificate in the register."""
    return Held(door, client)


def _correction(**change: str) -> dict[str, str]:
    return {"proof_ref": "户籍证明 2026-11", "reason": "登记有误", **change}


async def test_a_corrected_name_and_document_count_at_once_and_are_said_in_an_event(held: Held) -> None:
    await held.done("/correction", _correction(name="张晓三", id_no=OTHER_ID.lower()))
    assert (await held.found(name="张晓三"))["name_masked"] == "张*三"
    assert (await held.found(id_no=OTHER_ID))["found"] == "MATCH"
    for factor in ({"name": NAME}, {"id_no": ID_NO}):
        assert (await held.found(**factor))["found"] == "NO_MATCH"
    shown = await held.shown()
    assert (shown["name"], shown["id_no"], shown["certificate_no"]) == ("张晓三", OTHER_ID, NUMBER)
    (event,) = held.door.register.events("CertificateCorrected")
    assert event.certificate_id == str(held.certificate_id)
    ((value,),) = held.door.register.rows(
        "select value from eventkit.journal where event_type = 'CertificateCorrected'"
    )
    assert "张晓三".encode() not in value
    entry = (await held.changes(held.one))[-1]
    assert (entry["change"], entry["proof_ref"], entry["actor"]) == ("CORRECTED", "户籍证明 2026-11", str(UUID(int=1)))
    assert (await held.changes())[-1]["actor"] is None, "a holder is not told which member of staff it was"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": NAME}, (409, "correction-changes-nothing")),
        ({}, (409, "correction-changes-nothing")),
        ({"name": "张<三"}, (422, "name-format")),
        ({"id_no": "370102199003079011"}, (422, "identity-check-digit")),
        ({"id_type": "PASSPORT"}, (422, "correction-document")),
        ({"id_type": "CARD", "id_no": "1"}, (422, "identity-type-unknown")),
        ({"name": "张晓三", "proof_ref": ""}, (422, "request-invalid")),
    ],
)
async def test_a_correction_needs_proof_and_something_to_correct(
    held: Held, change: dict[str, str], code: tuple[int, str]
) -> None:
    assert problem(await held.post("/correction", _correction(**change))) == code
    assert held.door.register.rows("select register_version from certificate") == [(1,)]


async def test_a_reissue_keeps_the_number_and_takes_a_new_print_serial(held: Held) -> None:
    paper = {"print_serial": "SD26000017", "reason": "遗失"}
    shown = await held.done("/reissue", paper, held.body)
    assert (shown["certificate_no"], shown["print_serial"], shown["state"]) == (NUMBER, "SD26000017", "VALID")
    assert problem(await held.post("/reissue", paper)) == (409, "print-serial-taken")
    await held.done("/reissue", {**paper, "print_serial": "SD26000018", "remark": "换发"})
    assert [each["reason_code"] for each in await held.changes()] == [None, "补发", "换发"]
    assert [each.print_serial for each in held.door.register.events("CertificateReissued")] == [
        "SD26000017",
        "SD26000018",
    ]
    foreign = held.door.token(Role.BODY_STAFF, UUID(int=3), UUID(int=9))
    assert problem(await held.post("/reissue", paper, foreign)) == (404, "certificate-unknown")


async def test_a_withdrawal_names_a_reason_of_the_table_a_decision_and_its_day(held: Held) -> None:
    tomorrow = (held.now() + timedelta(days=2)).date().isoformat()
    early = await held.post("/withdrawal", {**WITHDRAWAL, "decided_on": tomorrow})
    assert problem(early) == (422, "decision-in-future")
    before_the_rule = await held.post(
        "/withdrawal", {**WITHDRAWAL, "reason_code": "inspection", "decided_on": "2021-12-31"}
    )
    assert problem(before_the_rule) == (422, "withdrawal-reason-unknown")
    await held.done("/withdrawal", {**WITHDRAWAL, "decided_on": "2026-11-01"})
    entry = (await held.changes())[-1]
    assert (entry["decision_ref"], entry["decided_on"]) == (WITHDRAWAL["decision_ref"], "2026-11-01")
    assert problem(await held.post("/withdrawal", WITHDRAWAL)) == (409, "certificate-already-withdrawn")
    for under, body in (
        ("/correction", _correction(name="王五")),
        ("/reissue", {"print_serial": "SD1", "reason": "x"}),
    ):
        assert (await held.post(under, body)).status_code in (409, 422)


async def test_a_rejected_appeal_changes_nothing_and_is_decided_by_somebody_else(held: Held) -> None:
    await held.done("/withdrawal", WITHDRAWAL)
    appeal = await held.done("/appeals", {"statement": "本人未作弊"}, held.holder)
    decision = {"outcome": "REJECTED", "reason": "经复核", "decision_ref": "复〔2026〕1号"}
    path = f"/v1/appeals/{appeal['appeal_id']}/decision"
    assert problem(await held.client.post(path, json=decision, headers=held.one)) == (403, "appeal-own")
    decided = await held.client.post(path, json=decision, headers=held.other)
    assert decided.json()["outcome"] == "REJECTED"
    assert problem(await held.client.post(path, json=decision, headers=held.other)) == (409, "appeal-decided")
    assert (await held.found(name=NAME))["state"] == "WITHDRAWN"
    assert problem(await held.post("/appeals", {"statement": "再申诉"}, held.holder)) == (409, "appeal-filed")
    ((text,),) = held.door.register.rows("select appeal::text from appeal")
    assert "本人未作弊".encode().hex() not in text


async def test_a_reinstated_certificate_is_said_so_and_may_be_withdrawn_and_appealed_anew(held: Held) -> None:
    await held.done("/withdrawal", WITHDRAWAL)
    appeal = await held.done("/appeals", {"statement": "本人未作弊"}, held.holder)
    decision = {"outcome": "GRANTED", "reason": "查明系他人", "decision_ref": "复〔2026〕2号"}
    await held.client.post(f"/v1/appeals/{appeal['appeal_id']}/decision", json=decision, headers=held.other)
    told = await held.found(name=NAME)
    assert (told["state"], told["withdrawn_on"]) == ("VALID", None)
    assert len(held.door.register.events("CertificateReinstated")) == 1
    changes = [each["change"] for each in await held.changes()]
    assert changes == ["ISSUED", "WITHDRAWN", "APPEALED", "REINSTATED"]
    await held.done("/withdrawal", WITHDRAWAL)
    await held.done("/appeals", {"statement": "仍不服"}, held.holder)


async def test_an_appeal_is_the_holders_in_time_and_against_a_decision(held: Held) -> None:
    assert problem(await held.post("/appeals", {"statement": "x"}, held.holder)) == (409, "appeal-not-possible")
    await held.done("/withdrawal", WITHDRAWAL)
    stranger = held.door.token(Role.CANDIDATE, UUID(int=77))
    assert problem(await held.post("/appeals", {"statement": "x"}, stranger)) == (404, "certificate-unknown")
    held.door.register.set_clock_ahead(days=61)
    assert problem(await held.post("/appeals", {"statement": "x"}, held.holder)) == (409, "appeal-too-late")


async def test_a_withdrawal_by_a_corrected_result_is_not_appealed_here(held: Held) -> None:
    held.door.register.apply(held.door.register.arrive(corrected(held.result.result_id, passed=False)))
    assert problem(await held.post("/appeals", {"statement": "x"}, held.holder)) == (409, "appeal-not-possible")


async def test_what_stood_at_any_moment_can_be_asked(held: Held) -> None:
    before_all = held.now() - timedelta(days=1)
    moments = [held.now()]
    await held.done("/correction", _correction(name="张晓三"))
    moments.append(held.now())
    await held.done("/reissue", {"print_serial": "SD26000017", "reason": "遗失"})
    moments.append(held.now())
    held.door.register.apply(held.door.register.arrive(corrected(held.result.result_id, passed=True)))
    moments.append(held.now())
    await held.done("/withdrawal", WITHDRAWAL)
    moments.append(held.now())
    appeal = await held.done("/appeals", {"statement": "x"}, held.holder)
    decision = {"outcome": "GRANTED", "reason": "x", "decision_ref": "1"}
    await held.client.post(f"/v1/appeals/{appeal['appeal_id']}/decision", json=decision, headers=held.other)
    moments.append(held.now())
    stood = [await held.shown(moment) for moment in moments]
    assert [(each["name"], each["print_serial"], each["state"]) for each in stood] == [
        (NAME, None, "VALID"),
        ("张晓三", None, "VALID"),
        ("张晓三", "SD26000017", "VALID"),
        ("张晓三", "SD26000017", "VALID"),
        ("张晓三", "SD26000017", "WITHDRAWN"),
        ("张晓三", "SD26000017", "VALID"),
    ]
    assert stood[4]["withdrawn_on"]
    assert stood[4]["withdrawal_reason"] == "misconduct"
    assert stood[-1] == await held.shown()
    early = await held.client.get(held.path, params={"as_of": before_all.isoformat()}, headers=held.holder)
    assert problem(early) == (404, "certificate-not-yet")
    naive = await held.client.get(held.path, params={"as_of": "2026-11-01T00:00:00"}, headers=held.holder)
    assert problem(naive) == (422, "request-invalid")


async def test_scores_before_a_correction_can_be_asked(held: Held) -> None:
    then = held.now()
    with held.door.register.units.begin(Cause("test")) as uow:
        uow.sql("update certificate set scores = '[]'")
    held.door.register.apply(held.door.register.arrive(corrected(held.result.result_id, passed=True)))
    assert (await held.shown(then))["scores"] == []
    assert len((await held.shown())["scores"]) == 2


async def test_entries_are_paged_and_others_see_none(held: Held) -> None:
    for number in range(4):
        await held.done("/reissue", {"print_serial": f"SD2600001{number}", "reason": "遗失"})
    first = (await held.client.get(f"{held.path}/entries?limit=3", headers=held.holder)).json()
    rest = await held.client.get(f"{held.path}/entries?cursor={first['next']}", headers=held.holder)
    assert [each["version"] for each in first["items"] + rest.json()["items"]] == [1, 2, 3, 4, 5]
    stranger = held.door.token(Role.CANDIDATE, UUID(int=77))
    hidden = await held.client.get(f"{held.path}/entries", headers=stranger)
    assert problem(hidden) == (404, "certificate-unknown")
