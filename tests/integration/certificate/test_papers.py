"""Certificates on paper: looked at as a picture, read by a camera, the same bytes every time."""

import re
from base64 import b64decode
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pypdfium2
import pytest
import zxingcpp

from luban.certificate.adapters.proving import Proving, load
from luban.certificate.adapters.typesetting import Typesetter
from luban.certificate.domain.face import CertificateKind
from luban.certificate.domain.paper import Language, Printed, paper_of
from luban.certificate.entrypoints.log_keeper import LogKeeper
from luban.certificate.settings import ProofSettings
from luban.proofs.key_history import Standing
from luban.proofs.merkle import leaf_hash
from luban.proofs.pocket import Logged, read_pocket
from luban.reference.identity import IdType
from luban.reference.levels import Level
from luban.reference.refusal import Conflict
from luban.webkit.authentication import Role
from tests.integration.certificate.door import Door, problem
from tests.integration.certificate.rig import ID_NO, NAME, Register, ability_plan, confirmed, level_plan
from tests.integration.certificate.test_public_log import grow, withdraw
from tests.proof_keys import prove

pytestmark = pytest.mark.anyio
DPI = 200

PRINTED = Printed(
    CertificateKind.LEVEL,
    "S000037000072263000001",
    "测试甲",
    IdType.RESIDENT_ID,
    "370102199001019001",
    "电工",
    "",
    Level.THREE,
    "齐鲁试验机械有限公司",
    date(2026, 12, 1),
)


@pytest.fixture
def proving(monkeypatch: pytest.MonkeyPatch) -> Proving:
    prove(monkeypatch)
    return load(ProofSettings())


@pytest.fixture
def keeper(register: Register, proving: Proving) -> LogKeeper:
    keeper = LogKeeper(register.units, proving)
    keeper.grow()
    return keeper


@pytest.fixture(scope="module")
def typesetter() -> Typesetter:
    return Typesetter()


def text_of(pdf: bytes) -> str:
    """Everything on the only page, without spaces."""
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    text = "".join(document[0].get_textpage().get_text_range().split())
    document.close()
    return text


def code_in(pdf: bytes) -> str:
    """What a camera reads from the printed page."""
    document = pypdfium2.PdfDocument(pdf)
    picture = document[0].render(scale=DPI / 72).to_pil()
    document.close()
    qr = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)  # lines of a page may look like bars to others
    (found,) = zxingcpp.read_barcodes(picture, formats=qr)
    return found.text


async def paper(door: Door, client: httpx.AsyncClient, row: tuple[Any, ...], **asked: str) -> httpx.Response:
    """Printed by the holder."""
    address = f"/v1/certificates/{row[0]}/paper"
    return await client.get(address, params=asked, headers=door.token(Role.CANDIDATE, row[1]))


def rows(register: Register) -> list[tuple[UUID, UUID, str]]:
    found: list[tuple[UUID, UUID, str]] = register.rows(
        "select certificate_id, candidate_id, certificate_no from certificate order by certificate_no"
    )
    return found


@pytest.mark.parametrize("language", list(Language))
async def test_a_paper_says_what_the_register_says(
    door: Door, register: Register, keeper: LogKeeper, proving: Proving, language: Language
) -> None:
    register.issue(confirmed(level_plan()))
    grow(keeper)
    (row,) = rows(register)
    async with door.client() as client:
        answer = await paper(door, client, row, language=language.value)
        entry = (await client.get("/log/proofs/inclusion", params={"index": 0})).json()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text[:300]
    text = text_of(answer.content)
    for said in ("职业技能等级证书", row[2], NAME, ID_NO, "三级/高级工", "居民身份证", "jndj.osta.org.cn", "--"):
        assert said in text, said
    assert ("CertificateofOccupationalSkillLevel" in text) == (language is Language.BILINGUAL)
    signed = read_pocket(code_in(answer.content))
    assert signed.check(proving.credentials.history) is Standing.COUNTS
    assert (signed.pocket.certificate_no, signed.pocket.name, signed.pocket.level) == (row[2], NAME, 3)
    assert signed.pocket.logged == Logged(0, leaf_hash(b64decode(entry["entry"])))


async def test_a_paper_is_the_same_bytes_until_the_register_changes(
    door: Door, register: Register, keeper: LogKeeper
) -> None:
    register.issue(confirmed(level_plan()))
    grow(keeper)
    (row,) = rows(register)
    async with door.client() as client:
        first = await paper(door, client, row)
        assert (await paper(door, client, row)).content == first.content
        withdraw(register, row[2])
        assert problem(await paper(door, client, row)) == (409, "certificate-withdrawn")


async def test_a_paper_before_its_entry_is_logged_names_none(door: Door, register: Register, keeper: LogKeeper) -> None:
    register.issue(confirmed(ability_plan()))
    (row,) = rows(register)
    async with door.client() as client:
        answer = await paper(door, client, row)
    assert "专项职业能力证书" in text_of(answer.content)
    assert read_pocket(code_in(answer.content)).pocket.logged is None
    assert keeper.grow() == 1


async def test_a_paper_is_nobody_elses(door: Door, register: Register, keeper: LogKeeper) -> None:
    register.issue(confirmed(level_plan()))
    grow(keeper)
    ((certificate_id, _, _),) = rows(register)
    address = f"/v1/certificates/{certificate_id}/paper"
    async with door.client() as client:
        for headers in (door.token(Role.CANDIDATE, uuid4()), door.token(Role.BODY_STAFF, body_id=uuid4())):
            assert problem(await client.get(address, headers=headers)) == (404, "certificate-unknown")
        assert (await client.get(address, headers=door.province)).status_code == 200
        assert (await client.get(address, params={"language": "fr"}, headers=door.province)).status_code == 422
    assert register.rows("select count(*) from webkit.personal_data_access") == [(1,)]


@pytest.mark.parametrize("path", ["/V", "/v"])
async def test_the_code_leads_to_a_page_with_its_scripts(door: Door, path: str) -> None:
    async with door.client() as client:
        answer = await client.get(path)
        files = {name: await client.get(name) for name in re.findall(r'(?:src|href)="([^"]+)"', answer.text)}
        files["/v/worker.js"] = await client.get("/v/worker.js")
        assert problem(await client.get("/v/other.js")) == (404, "page-file-unknown")
    assert answer.status_code == 200
    assert "luban verify" in answer.text
    kinds = {name: (file.status_code, file.headers["content-type"].partition(";")[0]) for name, file in files.items()}
    scripts = {"/v/page.js", "/v/worker.js"}
    assert kinds == {"/v/page.css": (200, "text/css")} | dict.fromkeys(scripts, (200, "text/javascript"))


def test_rare_characters_are_set_or_refused(typesetter: Typesetter) -> None:
    beyond = paper_of(replace(PRINTED, name="𠮷㛃·阿卜杜"))
    assert "𠮷㛃·阿卜杜" in text_of(typesetter.pdf(beyond, "HTTPS://LUBAN.EXAMPLE/V#123", Language.ZH))
    with pytest.raises(Conflict) as refused:
        typesetter.pdf(paper_of(replace(PRINTED, name="测𪚥")), "HTTPS://LUBAN.EXAMPLE/V#123", Language.ZH)
    assert refused.value.code == "paper-character"
    assert "U+2A6A5" in refused.value.zh


def test_the_longest_names_still_fit_one_page(typesetter: Typesetter) -> None:
    longest = replace(
        PRINTED,
        name="买买提艾力·阿不都热合曼·吐尔逊江·阿布都克里木",
        title="工业机器人系统操作员",
        trade="工业机器人系统集成与应用维护",
        id_type=IdType.HK_MO_PERMIT,
        body_name="山东省某某某某某某某某某某某某高级技工学校教育集团培训评价有限责任公司",
    )
    for language in Language:
        text = text_of(typesetter.pdf(paper_of(longest), f"HTTPS://LUBAN.EXAMPLE/V#{'9' * 900}", language))
        assert "工业机器人系统集成与应用维护" in text


def test_the_same_sheet_is_the_same_bytes_from_another_compiler(typesetter: Typesetter) -> None:
    sheet = (paper_of(PRINTED), "HTTPS://LUBAN.EXAMPLE/V#123", Language.BILINGUAL)
    assert Typesetter().pdf(*sheet) == typesetter.pdf(*sheet)
