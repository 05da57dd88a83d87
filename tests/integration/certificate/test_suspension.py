"""A certificate is suspended while something is looked into, and counts again or is withdrawn: as everybody sees it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from prometheus_client import REGISTRY

from luban.cli.fsck.rules import check_rules
from luban.eventkit.uow import Cause
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, problem
from tests.integration.certificate.rig import NAME, Register, corrected
from tests.integration.certificate.test_register_changes import WITHDRAWAL, Held

pytestmark = pytest.mark.anyio

SUSPENSION = {"reason_code": "report", "reason": "有人举报替考", "decision_ref": "鲁人社核〔2026〕3号"}
RESUMPTION = {"reason": "经查举报不实", "decision_ref": "鲁人社核〔2026〕5号"}
STATE = "select state, suspended_on is null, suspension_reason, withdrawn_on is null from certificate"


@pytest.fixture
async def held(door: Door, client: httpx.AsyncClient) -> Held:
    """A certificate in the register."""
    return Held(door, client)


def broken(register: Register) -> list[str]:
    """Rules of fsck that the register's database breaks."""
    return [each.name for each in check_rules({"certificate": register.settings.database}) if each.violations]


async def changes(held: Held) -> list[str]:
    return [each["change"] for each in await held.changes()]


async def today(held: Held) -> str:
    ((day,),) = held.door.register.rows("select (eventkit.now() at time zone 'Asia/Shanghai')::date::text")
    return str(day)


async def test_a_check_tells_that_it_is_suspended_and_since_when_until_it_is_resumed(held: Held) -> None:
    shown = await held.done("/suspension", SUSPENSION)
    day = await today(held)
    assert (shown["state"], shown["suspended_on"], shown["suspension_reason"]) == ("SUSPENDED", day, "report")
    assert (await held.shown())["state"] == "SUSPENDED"
    told = await held.found(name=NAME)
    assert (told["found"], told["state"], told["suspended_on"], told["withdrawn_on"]) == (
        "MATCH", "SUSPENDED", day, None,
    )  # fmt: skip
    assert (await held.found(name="张小四"))["found"] == "NO_MATCH"
    shown = await held.done("/resumption", RESUMPTION)
    assert (shown["state"], shown["suspended_on"], shown["suspension_reason"]) == ("VALID", None, None)
    told = await held.found(name=NAME)
    assert (told["state"], told["suspended_on"]) == ("VALID", None)
    assert broken(held.door.register) == []


async def test_both_are_kept_with_actor_and_grounds_and_said_in_events(held: Held) -> None:
    await held.done("/suspension", {**SUSPENSION, "decided_on": "2026-11-01"})
    await held.done("/resumption", {**RESUMPTION, "decided_on": "2026-11-02"}, held.other)
    _, suspended, resumed = await held.changes(held.one)
    assert suspended | {"at": ""} == {
        "version": 2, "at": "", "change": "SUSPENDED", "reason_code": "report", "reason": "有人举报替考",
        "decision_ref": "鲁人社核〔2026〕3号", "decided_on": "2026-11-01", "proof_ref": None, "actor": str(UUID(int=1)),
    }  # fmt: skip
    assert resumed | {"at": ""} == {
        "version": 3, "at": "", "change": "RESUMED", "reason_code": None, "reason": "经查举报不实",
        "decision_ref": "鲁人社核〔2026〕5号", "decided_on": "2026-11-02", "proof_ref": None, "actor": str(UUID(int=2)),
    }  # fmt: skip
    assert [each["actor"] for each in await held.changes()] == [None] * 3
    (said,), (again,) = (held.door.register.events(name) for name in ("CertificateSuspended", "CertificateResumed"))
    day = await today(held)
    ids = (str(held.certificate_id), held.result.candidate_id)
    assert (said.certificate_id, said.candidate_id, said.reason_code, said.suspended_on) == (*ids, "report", day)
    assert (again.certificate_id, again.candidate_id, again.resumed_on) == (*ids, day)


async def test_what_cannot_be_is_refused_and_changes_nothing(held: Held) -> None:
    assert problem(await held.post("/resumption", RESUMPTION)) == (409, "certificate-not-suspended")
    await held.done("/suspension", SUSPENSION)
    assert problem(await held.post("/suspension", SUSPENSION)) == (409, "certificate-already-suspended")
    await held.done("/withdrawal", WITHDRAWAL)
    assert problem(await held.post("/suspension", SUSPENSION)) == (409, "certificate-already-withdrawn")
    assert problem(await held.post("/resumption", RESUMPTION)) == (409, "certificate-not-suspended")
    assert await changes(held) == ["ISSUED", "SUSPENDED", "WITHDRAWN"]


@pytest.mark.parametrize(
    ("under", "change", "code"),
    [
        ("/suspension", {"reason_code": "misconduct"}, "suspension-reason-unknown"),
        ("/suspension", {"decided_on": "2021-12-31"}, "suspension-reason-unknown"),
        ("/suspension", {"decision_ref": ""}, "request-invalid"),
        ("/suspension", {"reason": "x" * 501}, "request-invalid"),
        ("/suspension", {"until": "2026-12-01"}, "request-invalid"),
        ("/resumption", {"decision_ref": ""}, "request-invalid"),
        ("/resumption", {"reason_code": "report"}, "request-invalid"),
    ],
)
async def test_a_decision_has_a_reason_of_the_table_words_and_a_number(
    held: Held, under: str, change: dict[str, str], code: str
) -> None:
    body = SUSPENSION if under == "/suspension" else RESUMPTION
    assert problem(await held.post(under, {**body, **change})) == (422, code)
    assert await changes(held) == ["ISSUED"]


async def test_no_decision_is_of_tomorrow(held: Held) -> None:
    late = {"decided_on": (held.now() + timedelta(days=2)).date().isoformat()}
    assert problem(await held.post("/suspension", SUSPENSION | late)) == (422, "decision-in-future")
    await held.done("/suspension", SUSPENSION)
    assert problem(await held.post("/resumption", RESUMPTION | late)) == (422, "decision-in-future")


async def test_only_the_province_suspends_and_an_unknown_certificate_is_unknown(held: Held) -> None:
    for under, body in (("/suspension", SUSPENSION), ("/resumption", RESUMPTION)):
        for headers in (held.holder, held.body):
            assert problem(await held.post(under, body, headers)) == (403, "role-not-allowed")
        unknown = await held.client.post(f"/v1/certificates/{UUID(int=5)}{under}", json=body, headers=held.one)
        assert problem(unknown) == (404, "certificate-unknown")


async def test_a_repeated_command_with_its_key_suspends_once(held: Held) -> None:
    headers = {**held.one, "Idempotency-Key": "suspend-1"}
    first, again = [await held.post("/suspension", SUSPENSION, headers) for _ in range(2)]
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert await changes(held) == ["ISSUED", "SUSPENDED"]


async def test_one_may_be_withdrawn_while_it_is_suspended_and_an_appeal_makes_it_count(held: Held) -> None:
    await held.done("/suspension", SUSPENSION)
    shown = await held.done("/withdrawal", WITHDRAWAL)
    assert (shown["state"], shown["suspended_on"], shown["suspension_reason"]) == ("WITHDRAWN", None, None)
    told = await held.found(name=NAME)
    assert (told["state"], told["suspended_on"]) == ("WITHDRAWN", None)
    appeal = await held.done("/appeals", {"statement": "本人未作弊"}, held.holder)
    decision = {"outcome": "GRANTED", "reason": "查明系他人", "decision_ref": "复〔2026〕2号"}
    await held.client.post(f"/v1/appeals/{appeal['appeal_id']}/decision", json=decision, headers=held.other)
    assert (await held.shown())["state"] == "VALID"
    assert broken(held.door.register) == []


async def test_a_suspension_is_no_withdrawal_to_appeal_against(held: Held) -> None:
    await held.done("/suspension", SUSPENSION)
    assert problem(await held.post("/appeals", {"statement": "x"}, held.holder)) == (409, "appeal-not-possible")


@pytest.mark.parametrize(
    ("passed", "state"), [(True, ("SUSPENDED", False, "report", True)), (False, ("WITHDRAWN", True, None, False))]
)
async def test_a_corrected_result_reaches_a_suspended_certificate_too(held: Held, passed: bool, state: Any) -> None:
    await held.done("/suspension", SUSPENSION)
    register = held.door.register
    assert not register.apply(register.arrive(corrected(held.result.result_id, passed=passed))).refused
    assert register.rows(STATE) == [state]
    assert (await changes(held))[2:] == ["SCORES_CORRECTED" if passed else "WITHDRAWN"]
    assert broken(register) == []


async def test_its_holders_data_are_corrected_but_nothing_is_printed_or_attested(held: Held) -> None:
    await held.done("/suspension", SUSPENSION)
    correction = {"name": "张晓三", "proof_ref": "户籍证明", "reason": "登记有误"}
    assert (await held.done("/correction", correction))["state"] == "SUSPENDED"
    paper = {"print_serial": "SD26000017", "reason": "遗失"}
    assert problem(await held.post("/reissue", paper)) == (409, "certificate-already-suspended")
    printed = await held.client.get(f"{held.path}/paper", headers=held.holder)
    assert problem(printed) == (409, "certificate-suspended")
    assert problem(await held.post("/credentials", {}, held.holder)) == (409, "certificate-suspended")


async def test_what_stood_at_any_moment_can_be_asked(held: Held) -> None:
    moments = [held.now()]
    for under, body in (
        ("/suspension", SUSPENSION),
        ("/resumption", RESUMPTION),
        ("/suspension", {**SUSPENSION, "reason_code": "inquiry"}),
        ("/withdrawal", WITHDRAWAL),
    ):
        await held.done(under, body)
        moments.append(held.now())
    stood = [await held.shown(moment) for moment in moments]
    day = await today(held)
    assert [(each["state"], each["suspended_on"], each["suspension_reason"]) for each in stood] == [
        ("VALID", None, None),
        ("SUSPENDED", day, "report"),
        ("VALID", None, None),
        ("SUSPENDED", day, "inquiry"),
        ("WITHDRAWN", None, None),
    ]
    assert [each["withdrawn_on"] for each in stood] == [None] * 4 + [day]


async def test_checks_are_counted_and_kept_by_what_they_were_told(held: Held) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("luban_verifications_total", {"outcome": "SUSPENDED"}) or 0.0

    before = counted()
    await held.done("/suspension", SUSPENSION)
    await held.found(name=NAME)
    assert counted() == before + 1
    asked = await held.client.get(f"{held.path}/verifications", headers=held.holder)
    assert [each["outcome"] for each in asked.json()["items"]] == ["SUSPENDED"]


async def test_a_result_has_one_certificate_while_that_is_suspended(held: Held) -> None:
    await held.done("/suspension", SUSPENSION)
    twin = (
        "create temp table twin as select * from certificate;"
        " update twin set certificate_id = gen_random_uuid(), certificate_no = 'X', confirmation_no = 2,"
        " state = 'VALID', suspended_on = null, suspension_reason = null;"
        " insert into certificate select * from twin"
    )
    with (
        pytest.raises(psycopg.errors.UniqueViolation, match="certificate_in_force"),
        held.door.register.units.begin(Cause("test")) as uow,
    ):
        uow.sql(twin)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'SUSPENDED'",
        "state = 'SUSPENDED', suspended_on = '2026-11-24'",
        "state = 'SUSPENDED', suspension_reason = 'report'",
        "suspended_on = '2026-11-24'",
        "suspension_reason = 'report'",
    ],
)
async def test_a_row_says_since_when_and_why_exactly_while_it_is_suspended(held: Held, change: str) -> None:
    with (
        pytest.raises(psycopg.errors.CheckViolation, match="certificate_suspended_since"),
        held.door.register.units.begin(Cause("test")) as uow,
    ):
        uow.sql(f"update certificate set {change}")


async def test_fsck_tells_a_state_that_no_entry_and_no_event_led_to(held: Held) -> None:
    entries = "certificate: a certificate's register entries are 1, 2, 3 … and end in its state"
    events = "certificate: every certificate was said in an event, and what its state is"
    register = held.door.register
    with register.units.begin(Cause("test")) as uow:
        uow.sql("update certificate set state = 'SUSPENDED', suspended_on = now(), suspension_reason = 'report'")
    assert broken(register) == [entries, events]
    with register.units.begin(Cause("test")) as uow:
        uow.sql("update certificate set state = 'VALID', suspended_on = null, suspension_reason = null")
    await held.done("/suspension", SUSPENSION)
    assert broken(register) == []
    with register.units.begin(Cause("test")) as uow:
        uow.sql("update certificate set state = 'VALID', suspended_on = null, suspension_reason = null")
    assert broken(register) == [entries, events]


async def test_the_body_and_the_holder_see_it_and_strangers_do_not(held: Held) -> None:
    await held.done("/suspension", SUSPENSION)
    seen = await held.client.get(held.path, headers=held.body)
    assert (seen.json()["state"], seen.json()["suspension_reason"]) == ("SUSPENDED", "report")
    stranger = held.door.token(Role.CANDIDATE, UUID(int=77))
    assert problem(await held.client.get(held.path, headers=stranger)) == (404, "certificate-unknown")
