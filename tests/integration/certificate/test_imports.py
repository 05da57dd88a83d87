"""Certificates that were issued elsewhere come into the register by a file that two people answer for."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from luban.certificate.adapters.counters import refuse_counters_behind
from luban.cli.fsck.rules import check_rules
from luban.eventkit.uow import Cause
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, problem
from tests.integration.certificate.rig import ID_NO, NAME, confirmed, level_plan

pytestmark = pytest.mark.anyio

HEADING = "姓名,证件类型,证件号码,证书编号,职业名称,工种名称,职业技能等级,发证日期,评价机构,项目名称"
LEVEL = "Y004137117705263000018"
ROW = f"{NAME},居民身份证,{ID_NO},{LEVEL},电工,--,3,2026-05-06,某核电公司,"


def _file(*rows: str) -> dict[str, Any]:
    return {"file": ("certificates.csv", "\n".join([HEADING, *rows]).encode())}


class Desk:
    """Two members of the province's staff."""

    def __init__(self, door: Door, client: httpx.AsyncClient) -> None:
        self.door, self.client = door, client
        self.one, self.other = (door.token(Role.PROVINCE_STAFF, UUID(int=number)) for number in (1, 2))

    async def send(self, *rows: str, authority: str = "MOHRSS") -> httpx.Response:
        """A file with these rows."""
        address = f"/v1/imports?authority={authority}"
        return await self.client.post(address, files=_file(*rows), headers=self.one)

    async def enter(self, *rows: str, authority: str = "MOHRSS") -> None:
        """A file that is confirmed."""
        sent = await self.send(*rows, authority=authority)
        assert sent.status_code == 201, sent.text
        path = f"/v1/imports/{sent.json()['import_id']}/confirm"
        confirmed_ = await self.client.post(path, headers=self.other)
        assert confirmed_.status_code == 200, confirmed_.text

    async def found(self, number: str, **factor: str) -> Any:
        """What a check is told."""
        asked = {"certificate_no": number, "purpose": "录用", **(factor or {"name": NAME})}
        return (await self.client.post("/v1/verifications", json=asked)).json()["answer"]


@pytest.fixture
async def desk(door: Door, client: httpx.AsyncClient) -> Desk:
    """The province's desk."""
    return Desk(door, client)


async def test_a_file_counts_once_a_second_person_has_confirmed_it(desk: Desk) -> None:
    sent = (await desk.send(ROW)).json()
    assert (sent["state"], sent["certificates"]) == ("PENDING", 1)
    assert (await desk.found(LEVEL))["found"] == "NO_MATCH"
    path = f"/v1/imports/{sent['import_id']}"
    assert problem(await desk.client.post(f"{path}/confirm", headers=desk.one)) == (403, "import-own")
    ((waiting,),) = desk.door.register.rows("select register_import::text from register_import")
    assert NAME.encode().hex() not in waiting
    assert (await desk.client.post(f"{path}/confirm", headers=desk.other)).json()["state"] == "CONFIRMED"
    told = await desk.found(LEVEL)
    assert (told["found"], told["occupation_name"], told["level"], told["trade"]) == ("MATCH", "电工", 3, "")
    assert (await desk.found(LEVEL, id_no=ID_NO))["found"] == "MATCH"
    for decision in ("confirm", "discard"):
        assert problem(await desk.client.post(f"{path}/{decision}", headers=desk.other)) == (409, "import-decided")
    assert desk.door.register.rows("select content from register_import") == [(None,)]
    assert desk.door.register.events("CertificateIssued") == []


async def test_a_discarded_file_leaves_nothing(desk: Desk) -> None:
    sent = (await desk.send(ROW)).json()
    await desk.client.post(f"/v1/imports/{sent['import_id']}/discard", headers=desk.one)
    assert desk.door.register.rows("select count(*) from certificate") == [(0,)]
    assert (await desk.client.get(f"/v1/imports/{sent['import_id']}", headers=desk.one)).json()["state"] == "DISCARDED"


async def test_a_file_with_faults_is_refused_whole_row_by_row(desk: Desk) -> None:
    def changed(old: str, new: str) -> str:
        assert old in ROW
        return ROW.replace(old, new)

    rows = [
        ROW,
        changed(ID_NO, "370102199003079011"),
        changed(LEVEL, "S0003202600000001"),
        changed(LEVEL, "Y004137117705264000018"),
        changed(LEVEL, "Y004137117705253000018"),
        changed("2026-05-06", "06.05.2026"),
        changed("2026-05-06", "2030-05-06"),
        changed(",3,", ",9,"),
        changed("居民身份证", "会员证"),
        changed(NAME, "张<三"),
        changed("电工", ""),
        changed("某核电公司", ""),
        changed(LEVEL, "SS00037000072260000001"),
        ROW,
    ]
    refused = await desk.send(*rows)
    assert problem(refused) == (422, "import-rows-refused")
    told = [(row["row"], row["column"], row["code"]) for row in refused.json()["rows"]]
    assert told == [
        (3, "证件号码", "identity-check-digit"),
        (4, "证书编号", "import-number"),
        (5, "证书编号", "import-number"),
        (6, "证书编号", "import-number"),
        (7, "发证日期", "import-date"),
        (8, "发证日期", "import-date"),
        (9, "职业技能等级", "level-unknown"),
        (10, "证件号码", "identity-type-unknown"),
        (11, "姓名", "name-format"),
        (12, "职业名称", "import-text"),
        (13, "评价机构", "import-text"),
        (14, "证书编号", "import-number"),
        (15, "证书编号", "import-number-twice"),
    ]
    assert ID_NO not in refused.text
    assert desk.door.register.rows("select count(*) from register_import") == [(0,)]


@pytest.mark.parametrize(
    ("number", "level", "year"),
    [
        ("1837010000300001", "3", "2018"),
        ("0812345678901", "4", "2008"),
        ("RSN370102003263000", "3", "2026"),
    ],
    ids=["qualification", "Shanghai of old", "pilot, too short"],
)
async def test_older_formats_are_recognised(desk: Desk, number: str, level: str, year: str) -> None:
    row = f"{NAME},,{ID_NO},{number},电工,,{level},{year}-05-06,某鉴定所,"
    if number.startswith("R"):
        assert problem(await desk.send(row)) == (422, "import-rows-refused")
        return
    await desk.enter(row)
    assert (await desk.found(number))["found"] == "MATCH"


async def test_a_special_ability_certificate_has_a_project_and_no_level(desk: Desk) -> None:
    number = "1637010000912345"
    await desk.enter(f"{NAME},,{ID_NO},{number},,,,2016-05-06,某中心,剪纸")
    told = await desk.found(number)
    assert (told["kind"], told["project_name"]) == ("SPECIAL_ABILITY", "剪纸")


async def test_a_certificate_of_the_education_authority_says_whose_it_is(desk: Desk) -> None:
    number = "1X2026AB00012345"
    row = f"{NAME},,{ID_NO},{number},Web前端开发,,4,2026-05-06,某评价组织,"
    assert problem(await desk.send(row)) == (422, "import-rows-refused")
    assert problem(await desk.send(ROW, authority="MOE_1X")) == (422, "import-rows-refused")
    await desk.enter(row, authority="MOE_1X")
    assert (await desk.found(number))["authority"] == "MOE_1X"
    assert problem(await desk.send(ROW, authority="OTHER"))[0] == 422


async def test_numbers_that_are_given_here_cannot_be_imported_and_imported_ones_are_not_given_again(
    desk: Desk,
) -> None:
    register = desk.door.register
    own = register.issue(confirmed(level_plan("S000037000072")))[0]
    for number, code in ((own, "import-number-registered"), (own[:-1] + "7", "import-number-ours")):
        refused = await desk.send(ROW.replace(LEVEL, number).replace("2026-05-06", "2026-11-20"))
        assert [row["code"] for row in refused.json()["rows"]] == [code]
    await desk.enter(ROW.replace(LEVEL, "S000037000099263000041"))
    register.issue(confirmed(level_plan("S000037000099")))
    assert "S000037000099263000042" in register.numbers()
    with register.units.read(Cause("worker")) as uow:
        refuse_counters_behind(uow)
    broken = [each.name for each in check_rules({"certificate": register.settings.database}) if each.violations]
    assert broken == []


async def test_what_came_into_the_way_meanwhile_is_refused_at_confirmation(desk: Desk) -> None:
    sent = (await desk.send(ROW)).json()
    await desk.enter(ROW)
    again = await desk.client.post(f"/v1/imports/{sent['import_id']}/confirm", headers=desk.other)
    assert problem(again) == (422, "import-rows-refused")


async def test_an_imported_certificate_is_withdrawn_without_an_event(desk: Desk) -> None:
    await desk.enter(ROW)
    ((certificate_id,),) = desk.door.register.rows("select certificate_id from certificate")
    body = {"reason_code": "issued-in-error", "reason": "x", "decision_ref": "1"}
    withdrawn = await desk.client.post(f"/v1/certificates/{certificate_id}/withdrawal", json=body, headers=desk.one)
    assert withdrawn.json()["state"] == "WITHDRAWN"
    assert (await desk.found(LEVEL))["state"] == "WITHDRAWN"
    assert desk.door.register.rows("select * from eventkit.journal") == []
    broken = [
        each.name for each in check_rules({"certificate": desk.door.register.settings.database}) if each.violations
    ]
    assert broken == []


async def test_an_imported_certificate_is_suspended_and_resumed_and_no_event_says_it(desk: Desk) -> None:
    await desk.enter(ROW)
    register = desk.door.register
    ((certificate_id,),) = register.rows("select certificate_id from certificate")
    grounds = {"reason": "x", "decision_ref": "1"}
    for under, body, state in (
        ("suspension", {"reason_code": "report", **grounds}, "SUSPENDED"),
        ("resumption", grounds, "VALID"),
    ):
        path = f"/v1/certificates/{certificate_id}/{under}"
        assert (await desk.client.post(path, json=body, headers=desk.one)).json()["state"] == state
        assert (await desk.found(LEVEL))["state"] == state
        assert [each.name for each in check_rules({"certificate": register.settings.database}) if each.violations] == []
    assert register.rows("select * from eventkit.journal") == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("x.csv", b"a,b\n1,2\n", "sheet-columns"),
        ("x.txt", b"a", "file-kind-unsupported"),
        ("x.xlsx", b"no workbook", "sheet-unreadable"),
        ("x.csv", HEADING.encode() + b"\n=1+1", "sheet-formula"),
    ],
)
async def test_what_is_no_such_file_is_refused(desk: Desk, name: str, content: bytes, code: str) -> None:
    response = await desk.client.post("/v1/imports?authority=MOHRSS", files={"file": (name, content)}, headers=desk.one)
    assert response.status_code == 422
    assert problem(response)[1].split("-")[0] == code.split("-", maxsplit=1)[0]
