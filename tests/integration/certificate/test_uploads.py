"""Up to the national register in batches and back; blank paper by account."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from luban.webkit.authentication import Role
from luban.webkit.sheets import read_sheet
from tests.integration.certificate.door import Door, problem
from tests.integration.certificate.rig import ID_NO, NAME, ability_plan, confirmed, level_plan

pytestmark = pytest.mark.anyio


class Office:
    """A body with three certificates, and the province's desk."""

    def __init__(self, door: Door, client: httpx.AsyncClient, code: str = "S000037000072") -> None:
        self.door, self.client = door, client
        self.plan = level_plan(code)
        self.results = [confirmed(self.plan) for _ in range(3)]
        door.register.issue(*self.results)
        self.body_id = self.plan.body.body_id
        self.body = door.token(Role.BODY_STAFF, UUID(int=3), UUID(self.body_id))
        query = "select certificate_no, certificate_id from certificate where body_id = %s order by 1"
        self.ids = dict(door.register.rows(query, (UUID(self.body_id),)))
        self.numbers = list(self.ids)

    async def batch(self, number: str = "37-2026-001", **more: Any) -> Any:
        """A new batch."""
        body = {"batch_no": number, "body_id": self.body_id, **more}
        made = await self.client.post("/v1/upload-batches", json=body, headers=self.door.province)
        assert made.status_code == 201, made.text
        return made.json()

    async def answer(self, batch: Any, *rows: str) -> httpx.Response:
        """The national register's answer."""
        content = "\n".join(["证书编号,处理结果,原因,入库日期", *rows]).encode()
        path = f"/v1/upload-batches/{batch['batch_id']}/answer"
        return await self.client.post(path, files={"file": ("a.csv", content)}, headers=self.door.province)

    async def shown(self, place: int) -> Any:
        """What the holder of one certificate sees."""
        candidate = self.door.register.rows(
            "select candidate_id from certificate where certificate_no = %s", (self.numbers[place],)
        )[0][0]
        path = f"/v1/certificates/{self.ids[self.numbers[place]]}/national-register"
        response = await self.client.get(path, headers=self.door.token(Role.CANDIDATE, candidate))
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
async def office(door: Door, client: httpx.AsyncClient) -> Office:
    """A social organisation."""
    return Office(door, client)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_the_sheet_has_the_eleven_columns(office: Office, form: str) -> None:
    batch = await office.batch()
    path = f"/v1/upload-batches/{batch['batch_id']}/file?format={form}"
    response = await office.client.get(path, headers=office.door.province)
    heading, *rows = [row.cells for row in read_sheet(response.content, f"a.{form}").rows]
    assert heading == [
        "姓名", "证件类型", "证件号码", "所在单位", "职业名称", "工种名称", "职业技能等级", "证书编号", "发证日期",
        "评价机构", "发证机构",
    ]  # fmt: skip
    assert len(rows) == 3
    body = "鲁班职业培训学校"
    assert rows[0] == [
        NAME, "201", ID_NO, "其他", "劳动关系协调师", "--", "3", office.numbers[0], "2026-11-20", body, body,
    ]  # fmt: skip
    assert office.door.register.rows("select count(*) from webkit.personal_data_access") == [(3,)]


async def test_staff_of_an_enterprise_work_there(door: Door, client: httpx.AsyncClient) -> None:
    office = Office(door, client, "Y000037001234")
    batch = await office.batch()
    path = f"/v1/upload-batches/{batch['batch_id']}/file?format=csv"
    sheet = read_sheet((await client.get(path, headers=door.province)).content)
    assert sheet.rows[1].cells[3] == "鲁班职业培训学校"


async def test_each_certificate_is_sent_refused_or_registered_and_its_holder_sees_which(office: Office) -> None:
    assert (await office.shown(0))["state"] == "WAITING"
    batch = await office.batch()
    assert (await office.shown(0))["state"] == "SENT"
    assert (await office.shown(0))["batch_no"] == "37-2026-001"
    first, second, _ = office.numbers
    told = (await office.answer(batch, f"{first},成功,,2026-11-22", f"{second.lower()},失败,证件号码不符,")).json()
    assert (told["sent"], told["refused"], told["registered"]) == (1, 1, 1)
    shown = [await office.shown(place) for place in range(3)]
    assert [each["state"] for each in shown] == ["REGISTERED", "REFUSED", "SENT"]
    assert (shown[0]["registered_on"], shown[1]["reason"]) == ("2026-11-22", "证件号码不符")
    (event,) = office.door.register.events("CertificateRegistered")
    assert (event.certificate_id, event.registered_on) == (str(office.ids[first]), "2026-11-22")
    again = await office.batch("37-2026-002")
    assert again["certificates"] == 1
    assert (await office.shown(1))["state"] == "SENT"


async def test_a_correction_after_sending_waits_to_be_sent_anew(office: Office) -> None:
    batch = await office.batch()
    first = office.numbers[0]
    correction = {"name": "张晓三", "proof_ref": "1", "reason": "x"}
    path = f"/v1/certificates/{office.ids[first]}/correction"
    assert (await office.client.post(path, json=correction, headers=office.door.province)).status_code == 200
    assert (await office.shown(0))["state"] == "WAITING"
    late = await office.answer(batch, f"{first},成功,,2026-11-22")
    assert late.json()["outdated"] == 1
    assert office.door.register.events("CertificateRegistered") == []
    again = await office.batch("37-2026-002")
    exported = await office.client.get(
        f"/v1/upload-batches/{again['batch_id']}/file?format=csv", headers=office.door.province
    )
    assert "张晓三" in exported.text


async def test_an_answer_with_faults_is_refused_whole(office: Office) -> None:
    batch = await office.batch()
    first, second, third = office.numbers
    refused = await office.answer(
        batch,
        f"{first},成功,,2026-11-22",
        f"{first},成功,,2026-11-22",
        f"{second},也许,,",
        f"{third},失败,,",
        "S000037000072269999999,成功,,",
        f"{second},成功,,2099-01-01",
        f"{second},成功,,昨天",
    )
    assert problem(refused) == (422, "answer-rows-refused")
    assert [(row["row"], row["code"]) for row in refused.json()["rows"]] == [
        (3, "answer-number"),
        (4, "answer-outcome"),
        (5, "answer-reason"),
        (6, "answer-number"),
        (7, "answer-date"),
        (8, "answer-date"),
    ]
    assert (await office.shown(0))["state"] == "SENT"


async def test_a_batch_is_one_bodys_and_takes_what_counts_and_waits(office: Office) -> None:
    register = office.door.register
    register.issue(confirmed(ability_plan()))
    withdrawal = {"reason_code": "misconduct", "reason": "x", "decision_ref": "1"}
    path = f"/v1/certificates/{office.ids[office.numbers[2]]}/withdrawal"
    await office.client.post(path, json=withdrawal, headers=office.door.province)
    assert (await office.batch(most=1))["certificates"] == 1
    assert (await office.batch("37-2026-002"))["certificates"] == 1
    for number, code in (("37-2026-002", "batch-no-taken"), ("37-2026-003", "upload-nothing")):
        body = {"batch_no": number, "body_id": office.body_id}
        refused = await office.client.post("/v1/upload-batches", json=body, headers=office.door.province)
        assert problem(refused) == (409, code)
    listed = (await office.client.get("/v1/upload-batches", headers=office.door.province)).json()["items"]
    (own,) = [each for each in listed if each["body_id"] == office.body_id]
    assert (own["waiting"], own["sent"], own["registered"], own["subsidy_ends_soon"]) == (0, 2, 0, 0)


async def test_a_suspended_certificate_goes_up_once_it_is_resumed(office: Office) -> None:
    path = f"/v1/certificates/{office.ids[office.numbers[2]]}"
    grounds = {"reason": "x", "decision_ref": "1"}
    suspension = {**grounds, "reason_code": "report"}
    suspended = await office.client.post(f"{path}/suspension", json=suspension, headers=office.door.province)
    assert suspended.status_code == 200
    assert (await office.batch())["certificates"] == 2
    await office.client.post(f"{path}/resumption", json=grounds, headers=office.door.province)
    assert (await office.batch("37-2026-002"))["certificates"] == 1


async def test_the_end_of_the_subsidy_is_shown_with_a_warning(office: Office) -> None:
    assert ((await office.shown(0))["subsidy_ends_on"], (await office.shown(0))["subsidy_warning"]) == (
        "2027-11-20",
        None,
    )
    ((left,),) = office.door.register.rows(
        "select date '2027-11-20' - (eventkit.now() at time zone 'Asia/Shanghai')::date"
    )
    for days, warning in ((left - 61, None), (left - 60, "ENDS_SOON"), (left + 1, "ENDED")):
        office.door.register.set_clock_ahead(days=days)
        assert (await office.shown(0))["subsidy_warning"] == warning
    listed = (await office.client.get("/v1/upload-batches", headers=office.door.province)).json()["items"]
    assert [each["subsidy_ends_soon"] for each in listed] == [3]


async def _move(office: Office, move: str, sheets: int, headers: dict[str, str] | None = None) -> httpx.Response:
    body = {"move": move, "sheets": sheets, "reason": "例行"} | ({} if headers else {"body_id": office.body_id})
    return await office.client.post("/v1/blanks", json=body, headers=headers or office.door.province)


async def test_blank_paper_is_accounted_for_to_the_sheet(office: Office) -> None:
    assert problem(await _move(office, "DRAWN", 4)) == (409, "blanks-too-many-drawn")
    assert (await _move(office, "DRAWN", 3)).status_code == 201
    assert (await _move(office, "VOID", 1, office.body)).json()["to_destroy"] == 1
    assert (await _move(office, "PRINTED", 1, office.body)).json()["on_hand"] == 1
    assert problem(await _move(office, "PRINTED", 2, office.body)) == (409, "blanks-not-there")
    assert (await _move(office, "RETURNED", 1)).json()["may_draw"] == 1
    assert problem(await _move(office, "DESTROYED", 2)) == (409, "blanks-not-there")
    done = (await _move(office, "DESTROYED", 1)).json()
    assert (done["on_hand"], done["due_printed"], done["printed"], done["to_destroy"]) == (0, 1, 1, 0)
    assert done["low_stock"] is True
    for move, headers in (("PRINTED", None), ("DRAWN", office.body), ("DESTROYED", office.body)):
        assert problem(await _move(office, move, 1, headers)) == (403, "blanks-move")


async def test_a_body_sees_its_own_account_only(office: Office) -> None:
    await _move(office, "DRAWN", 3)
    foreign = office.door.token(Role.BODY_STAFF, UUID(int=4), UUID(int=9))
    seen = await office.client.get(f"/v1/blanks?body_id={office.body_id}", headers=foreign)
    assert (seen.json()["body_id"], seen.json()["drawn"]) == (str(UUID(int=9)), 0)
    assert (await office.client.get("/v1/blanks", headers=office.body)).json()["drawn"] == 3
    assert problem(await office.client.get("/v1/blanks", headers=office.door.province)) == (422, "body-needed")
