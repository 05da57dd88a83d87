"""Employers hear of what becomes of certificates they have checked: by a feed, and by a webhook."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from anyio import to_thread

from luban.certificate.adapters.calling import Caller
from luban.certificate.domain.webhooks import PAUSES_SECONDS
from luban.certificate.entrypoints.deliveries import Deliveries
from luban.certificate.handlers.deliver import take
from luban.certificate.handlers.withdraw import Withdrawal, withdraw_by_decision
from luban.eventkit.uow import Cause
from luban.webkit.authentication import Role
from tests.integration.certificate.door import CREDIT_CODE, Door, problem
from tests.integration.certificate.receivers import receiving, says
from tests.integration.certificate.rig import NAME, Register, confirmed, corrected, level_plan

pytestmark = pytest.mark.anyio

OTHER_CODE = "91370100MA3C00011J"
Headers = dict[str, str]


async def _key(door: Door, client: httpx.AsyncClient, code: str = CREDIT_CODE, *scopes: str) -> Headers:
    body = {"credit_code": code, "employer_name": "甲", "daily_quota": 20_000}
    scopes = scopes or ("verification", "watch-lists")
    made = await client.post("/v1/api-keys", json={**body, "scopes": scopes}, headers=door.province)
    return {"X-API-Key": made.json()["key"]}


async def _check(client: httpx.AsyncClient, key: Headers, *numbers: str, name: str = NAME) -> None:
    checks = [{"certificate_no": number, "name": name, "purpose": "在职核验"} for number in numbers]
    assert (await client.post("/v1/verifications:batch", json={"checks": checks}, headers=key)).status_code == 200


async def _list(client: httpx.AsyncClient, key: Headers, url: str | None = None) -> Any:
    made = await client.post("/v1/watch-lists", json={"name": "电工", "webhook_url": url}, headers=key)
    assert made.status_code == 201, made.text
    return made.json()


async def _add(client: httpx.AsyncClient, key: Headers, list_id: str, numbers: Sequence[str]) -> httpx.Response:
    path = f"/v1/watch-lists/{list_id}/certificates"
    return await client.post(path, json={"certificate_nos": list(numbers)}, headers=key)


async def _watched(door: Door, client: httpx.AsyncClient, url: str | None = None, of: int = 1) -> Any:
    """An employer that watches so many new certificates: its header, the list, the results."""
    plan = level_plan()
    results = [confirmed(plan) for _ in range(of)]
    numbers = door.register.issue(*results)
    key = await _key(door, client)
    await _check(client, key, *numbers)
    made = await _list(client, key, url)
    assert (await _add(client, key, made["list_id"], numbers)).json()["certificates"] == of
    return key, made, results


async def _feed(client: httpx.AsyncClient, key: Headers, list_id: str, cursor: str = "", limit: int = 50) -> Any:
    query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
    response = await client.get(f"/v1/watch-lists/{list_id}/notices{query}", headers=key)
    assert response.status_code == 200, response.text
    return response.json()


def _withdraw(register: Register, result: Any) -> None:
    assert not register.apply(register.arrive(corrected(result.result_id, passed=False))).refused


async def test_a_withdrawal_is_told_in_the_feed_once_and_the_cursor_goes_on(
    door: Door, client: httpx.AsyncClient
) -> None:
    key, made, results = await _watched(door, client, of=3)
    empty = await _feed(client, key, made["list_id"])
    assert empty["items"] == []
    for result in results[:2]:
        _withdraw(door.register, result)
    first = await _feed(client, key, made["list_id"], empty["cursor"], limit=1)
    second = await _feed(client, key, made["list_id"], first["cursor"])
    assert [each["type"] for each in first["items"] + second["items"]] == ["certificate.withdrawn"] * 2
    assert {each["state"] for each in first["items"] + second["items"]} == {"WITHDRAWN"}
    assert (await _feed(client, key, made["list_id"], second["cursor"]))["items"] == []
    _withdraw(door.register, results[2])
    assert len((await _feed(client, key, made["list_id"], second["cursor"]))["items"]) == 1
    assert len((await _feed(client, key, made["list_id"]))["items"]) == 3


async def test_the_feed_passes_nothing_that_is_committed_later(door: Door, client: httpx.AsyncClient) -> None:
    """A transaction that began earlier and commits later must still be read by who has read what came between."""
    key, made, _ = await _watched(door, client, of=2)
    ids = [certificate for (certificate,) in door.register.rows("select certificate_id from certificate order by 1")]
    units = door.register.units
    with units.begin(Cause("slow")) as slow:
        withdraw_by_decision(slow, Withdrawal(ids[0], "misconduct", "x", "1"))
        slow.session.flush()
        with units.begin(Cause("quick")) as quick:
            withdraw_by_decision(quick, Withdrawal(ids[1], "misconduct", "x", "2"))
        early = await _feed(client, key, made["list_id"])
    late = await _feed(client, key, made["list_id"], early["cursor"])
    assert len({each["notice_id"] for each in early["items"] + late["items"]}) == 2


async def test_a_list_takes_only_what_its_employer_has_checked(door: Door, client: httpx.AsyncClient) -> None:
    plan = level_plan()
    known, missed, foreign, unchecked = door.register.issue(*[confirmed(plan) for _ in range(4)])
    key, other = await _key(door, client), await _key(door, client, OTHER_CODE)
    await _check(client, key, known)
    await _check(client, key, missed, name="张小四")
    await _check(client, other, foreign)
    made = await _list(client, key)
    unknown = unchecked[:-1] + "9"
    refused = await _add(client, key, made["list_id"], [known, missed, foreign, unchecked, unknown])
    assert problem(refused) == (422, "watch-rows-refused")
    told = refused.json()["rows"]
    assert [row["row"] for row in told] == [2, 3, 4, 5]
    assert len({(row["code"], row["reason"]) for row in told}) == 1, "an unknown number is refused like any other"
    assert door.register.rows("select * from watch_item") == []
    assert (await _add(client, key, made["list_id"], [known.lower(), known])).json()["certificates"] == 1


async def test_ten_thousand_are_a_list_and_one_more_is_not(door: Door, client: httpx.AsyncClient) -> None:
    key, made, _ = await _watched(door, client)
    (number,) = door.register.numbers()
    too_many = [number] * 10_001
    refused = await _add(client, key, made["list_id"], too_many)
    assert problem(refused) == (422, "watch-list-full")
    assert (await _add(client, key, made["list_id"], too_many[:-1])).json()["certificates"] == 1
    with door.register.units.begin(Cause("test")) as uow:
        uow.sql("set local session_replication_role = replica")  # certificates by the thousand are not the point here
        uow.sql(
            "insert into watch_item (certificate_id, list_id, added_at)"
            " select gen_random_uuid(), %s, eventkit.now() from generate_series(1, 9999)",
            (UUID(made["list_id"]),),
        )
    assert (await _add(client, key, made["list_id"], [number])).json()["certificates"] == 10_000
    (other,) = set(door.register.issue(confirmed(level_plan()))) - {number}
    await _check(client, key, other)
    assert problem(await _add(client, key, made["list_id"], [other])) == (422, "watch-list-full")
    assert (await _feed(client, key, made["list_id"]))["items"] == []


async def test_a_list_is_its_employers_own_and_needs_the_scope(door: Door, client: httpx.AsyncClient) -> None:
    key, made, _ = await _watched(door, client)
    path = f"/v1/watch-lists/{made['list_id']}"
    other = await _key(door, client, OTHER_CODE)
    for method, under in (("GET", ""), ("GET", "/notices"), ("GET", "/deliveries"), ("POST", "/end")):
        response = await client.request(method, path + under, headers=other)
        assert problem(response) == (404, "watch-list-unknown"), under
    narrow = await _key(door, client, CREDIT_CODE, "verification")
    assert problem(await client.get(path, headers=narrow)) == (403, "api-key-scope")
    assert problem(await client.post("/v1/watch-lists", json={"name": "x"}, headers=narrow)) == (403, "api-key-scope")
    for _ in range(9):
        await _list(client, key)
    more = await client.post("/v1/watch-lists", json={"name": "x"}, headers=key)
    assert problem(more) == (422, "watch-lists-too-many")


async def test_what_is_removed_or_ended_is_told_no_more(door: Door, client: httpx.AsyncClient) -> None:
    key, made, results = await _watched(door, client, of=2)
    numbers = door.register.numbers()
    path = f"/v1/watch-lists/{made['list_id']}"
    left = await client.post(f"{path}/removals", json={"certificate_nos": numbers[:1]}, headers=key)
    assert left.json()["certificates"] == 1
    for result in results:
        _withdraw(door.register, result)
    assert [each["certificate_no"] for each in (await _feed(client, key, made["list_id"]))["items"]] == numbers[1:]
    assert (await client.post(f"{path}/end", headers=key)).status_code == 204
    assert problem(await client.get(path, headers=key)) == (404, "watch-list-unknown")


# Webhooks. Tests' own machine is a private address, so they run as a demo stack does, but where that is the point.


async def _round(register: Register, *, demo: bool = True) -> int:
    """One round of the worker's loop, in a thread as there."""
    return await to_thread.run_sync(Deliveries(register.units, Caller(demo=demo), demo=demo).round)


async def _shown(client: httpx.AsyncClient, key: Headers, list_id: str) -> Any:
    (item,) = (await client.get(f"/v1/watch-lists/{list_id}/deliveries", headers=key)).json()["items"]
    return item


@pytest.fixture
def demo_door(door: Door) -> Door:
    """The service as a demo stack runs it."""
    door.served.app.state.webhooks_demo = True
    return door


async def test_a_webhook_is_signed_and_says_nothing_of_the_holder(demo_door: Door, client: httpx.AsyncClient) -> None:
    with receiving(says("204 No Content")) as receiver:
        key, made, results = await _watched(demo_door, client, f"http://127.0.0.1:{receiver.port}/hook?a=1")
        _withdraw(demo_door.register, results[0])
        assert await _round(demo_door.register) == 1
        assert await _round(demo_door.register) == 0
    (got,) = receiver.got
    assert got.line == "POST /hook?a=1 HTTP/1.1"
    told = json.loads(got.body)
    (notice,) = (await _feed(client, key, made["list_id"]))["items"]
    assert told["notice_id"] == got.headers["webhook-id"] == notice["notice_id"]
    assert told.keys() == {"notice_id", "type", "list_id", "certificate_no", "register_version", "at"}
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    secret = base64.b64decode(made["webhook_secret"].removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert (await _shown(client, key, made["list_id"]))["state"] == "DELIVERED"
    ((stored,),) = demo_door.register.rows("select watch_list::text from watch_list")
    assert secret.hex() not in stored
    assert made["webhook_secret"] not in stored


async def test_a_webhook_tells_of_a_suspension(demo_door: Door, client: httpx.AsyncClient) -> None:
    with receiving(says("200 OK")) as receiver:
        await _watched(demo_door, client, f"http://127.0.0.1:{receiver.port}/")
        ((certificate_id,),) = demo_door.register.rows("select certificate_id from certificate")
        decision = {"reason_code": "report", "reason": "有人举报", "decision_ref": "1"}
        path = f"/v1/certificates/{certificate_id}/suspension"
        assert (await client.post(path, json=decision, headers=demo_door.province)).status_code == 200
        assert await _round(demo_door.register) == 1
    (got,) = receiver.got
    assert json.loads(got.body)["type"] == "certificate.suspended"
    assert "举报" not in got.body.decode()


async def test_a_replayed_webhook_is_noticed_by_its_id_and_a_stale_one_by_its_time(
    demo_door: Door, client: httpx.AsyncClient
) -> None:
    """As docs/checks.md tells receivers to do it."""
    with receiving(says("200 OK")) as receiver:
        _, made, results = await _watched(demo_door, client, f"http://127.0.0.1:{receiver.port}/")
        _withdraw(demo_door.register, results[0])
        await _round(demo_door.register)
    (got,) = receiver.got
    secret, seen = base64.b64decode(made["webhook_secret"].removeprefix("whsec_")), set[str]()

    def accepts(headers: dict[str, str], body: bytes, now: int) -> bool:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
        fresh = abs(now - int(headers["webhook-timestamp"])) <= 300
        good = (
            hmac.compare_digest(expected, headers["webhook-signature"]) and fresh and headers["webhook-id"] not in seen
        )
        seen.update({headers["webhook-id"]} if good else ())
        return good

    sent_at = int(got.headers["webhook-timestamp"])
    assert accepts(got.headers, got.body, sent_at + 1)
    assert not accepts(got.headers, got.body, sent_at + 2), "the id was seen"
    seen.clear()
    assert not accepts(got.headers, got.body, sent_at + 301), "the time is over"
    assert not accepts({**got.headers, "webhook-timestamp": str(sent_at + 301)}, got.body, sent_at + 301)
    assert not accepts({**got.headers, "webhook-id": str(UUID(int=1))}, got.body, sent_at)
    assert not accepts(got.headers, got.body.replace(b"withdrawn", b"corrected"), sent_at)


async def test_a_failing_webhook_is_tried_with_growing_pauses_then_given_up_shown_and_tried_anew(
    demo_door: Door, client: httpx.AsyncClient
) -> None:
    register = demo_door.register
    with receiving(says("500 Oops")) as receiver:
        key, made, results = await _watched(demo_door, client, f"http://127.0.0.1:{receiver.port}/")
        _withdraw(register, results[0])
        waits = list[int]()
        for attempt in range(1, len(PAUSES_SECONDS) + 2):
            assert await _round(register) == 1, attempt
            assert await _round(register) == 0, "not before its pause is over"
            ((seconds,),) = register.rows("select extract(epoch from try_at - eventkit.now()) from watch_delivery")
            waits.append(round(float(seconds)))
            _pass_time(register)
        assert waits[:-1] == pytest.approx(PAUSES_SECONDS, abs=5)
        shown = await _shown(client, key, made["list_id"])
        assert (shown["state"], shown["outcome"], shown["attempts"]) == ("GIVEN_UP", "status-500", 7)
        assert await _round(register) == 0
        assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
        overview = (await client.get("/v1/watch-lists", headers=key)).json()["items"][0]
        assert (overview["deliveries_given_up"], overview["deliveries_waiting"]) == (1, 0)
    again = f"/v1/watch-lists/{made['list_id']}/deliveries/{shown['notice_id']}/again"
    assert (await client.post(again, headers=key)).status_code == 204
    assert problem(await client.post(again, headers=key)) == (409, "delivery-not-given-up")
    assert await _round(register) == 1
    assert (await _shown(client, key, made["list_id"]))["outcome"] == "connection"


def _pass_time(register: Register) -> None:
    with register.units.begin(Cause("test")) as uow:
        uow.sql("update watch_delivery set try_at = eventkit.now() where state = 'WAITING'")


async def test_a_call_in_the_hands_of_a_worker_that_died_is_made_by_the_next(
    demo_door: Door, client: httpx.AsyncClient
) -> None:
    register = demo_door.register
    with receiving(says("200 OK")) as receiver:
        _, _, results = await _watched(demo_door, client, f"http://127.0.0.1:{receiver.port}/")
        _withdraw(register, results[0])
        with register.units.begin(Cause("worker that dies")) as uow:
            assert len(take(uow, demo=True)) == 1
        assert await _round(register) == 0, "its lease is not over"
        _pass_time(register)
        assert await _round(register) == 1
    assert len(receiver.got) == 1


async def test_no_transaction_is_open_while_a_call_is_under_way(demo_door: Door, client: httpx.AsyncClient) -> None:
    register, open_then = demo_door.register, list[int]()

    async def look(writer: asyncio.StreamWriter) -> None:
        query = "select count(*) from pg_stat_activity where datname = current_database() and xact_start is not null"
        ((count,),) = register.rows(query)
        open_then.append(count - 1)  # our own look
        await says("200 OK")(writer)

    with receiving(look) as receiver:
        _, _, results = await _watched(demo_door, client, f"http://127.0.0.1:{receiver.port}/")
        _withdraw(register, results[0])
        assert await _round(register) == 1
    assert open_then == [0]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://2130706433/",
        "https://127.1/", "https://0x7f000001/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:10.0.0.1]/", "https://no-such-name.invalid/",
    ],
)  # fmt: skip
async def test_a_webhook_into_a_private_network_is_refused(door: Door, client: httpx.AsyncClient, url: str) -> None:
    key = await _key(door, client)
    refused = await client.post("/v1/watch-lists", json={"name": "x", "webhook_url": url}, headers=key)
    assert problem(refused)[0] == 422
    assert problem(refused)[1] in ("webhook-url", "webhook-address")
    made = await _list(client, key)
    changed = await client.put(f"/v1/watch-lists/{made['list_id']}/webhook", json={"webhook_url": url}, headers=key)
    assert changed.status_code == 422
    assert door.register.rows("select webhook_url from watch_list") == [(None,)]


async def test_an_address_is_looked_at_again_at_each_delivery(demo_door: Door, client: httpx.AsyncClient) -> None:
    """A name that led elsewhere when it was entered, and leads into the network now, is not called."""
    with receiving(says("200 OK")) as receiver:
        key, made, results = await _watched(demo_door, client, f"http://127.0.0.1:{receiver.port}/")
        _withdraw(demo_door.register, results[0])
        with demo_door.register.units.begin(Cause("test")) as uow:
            uow.sql("update watch_list set webhook_url = 'https://localhost:' || %s", (str(receiver.port),))
        assert await _round(demo_door.register, demo=False) == 1
        assert receiver.got == []
    shown = await _shown(client, key, made["list_id"])
    assert (shown["state"], shown["outcome"]) == ("WAITING", "address-refused")


async def test_every_change_that_matters_is_told_and_notes_are_not(door: Door, client: httpx.AsyncClient) -> None:
    key, made, (result,) = await _watched(door, client)
    ((certificate_id,),) = door.register.rows("select certificate_id from certificate")
    path = f"/v1/certificates/{certificate_id}"
    holder = door.token(Role.CANDIDATE, UUID(result.candidate_id))
    other = door.token(Role.PROVINCE_STAFF, UUID(int=8))
    scores = corrected(result.result_id, passed=True)
    assert not door.register.apply(door.register.arrive(scores)).refused
    grounds = {"reason": "x", "decision_ref": "1"}
    for under, body in (
        ("/correction", {"name": "张晓三", "proof_ref": "1", "reason": "x"}),
        ("/reissue", {"print_serial": "SD26000001", "reason": "x"}),
        ("/suspension", {"reason_code": "report", **grounds}),
        ("/resumption", grounds),
        ("/withdrawal", {"reason_code": "misconduct", **grounds}),
    ):
        assert (await client.post(path + under, json=body, headers=door.province)).status_code == 200
    appeal = (await client.post(f"{path}/appeals", json={"statement": "x"}, headers=holder)).json()["appeal_id"]
    decision = {"outcome": "GRANTED", **grounds}
    assert (await client.post(f"/v1/appeals/{appeal}/decision", json=decision, headers=other)).status_code == 200
    told = (await _feed(client, key, made["list_id"]))["items"]
    assert [each["type"] for each in told] == [
        "certificate.corrected",
        "certificate.reissued",
        "certificate.suspended",
        "certificate.resumed",
        "certificate.withdrawn",
        "certificate.reinstated",
    ]
    assert "张晓三" not in json.dumps(told, ensure_ascii=False)
