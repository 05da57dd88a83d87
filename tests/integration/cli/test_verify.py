"""`luban verify` on every form of proof, sound and spoilt, by keys in a file and without a network."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from typer.testing import CliRunner

from luban.certificate.adapters.signing import Signer
from luban.certificate.adapters.typesetting import Typesetter
from luban.certificate.domain.paper import Language, paper_of
from luban.cli.main import app
from luban.credentials.did_web import did_document
from luban.credentials.sd_jwt import choose
from luban.credentials.sd_jwt_vc import SdJwtOptions, issue_sd_jwt
from luban.credentials.status_list import StatusPurpose
from luban.credentials.token_status_list import Reference, encode_list, sign_list
from luban.proofs import base64url
from luban.proofs.checkpoint import Checkpoint, sign_checkpoint
from luban.proofs.key_history import KeyHistory
from luban.proofs.local_key import LocalSigner
from luban.proofs.merkle import EMPTY_ROOT
from luban.proofs.note import NoteKey
from luban.proofs.number_tag import TagKey
from luban.proofs.pocket import Logged, Pocket
from tests.integration.certificate.test_papers import PRINTED
from tests.unit.credentials.material import (
    HISTORY,
    ISSUER,
    LEVEL,
    METHOD,
    NOW,
    REVOCATIONS,
    SIGNER,
    SUSPENSIONS,
    changed,
    issued,
    signed_list,
)

AT = NOW.strftime("%Y-%m-%dT%H:%M:%S")
ORIGIN = "certificates.example/log"
LOG, ANSWERS = LocalSigner.generate(), LocalSigner.generate()
TOKEN_LIST = "https://certificates.example/status/token/0"
POCKET = Pocket(
    "S000037000072263000001",
    "测试甲",
    "6-31-01-03",
    "电工",
    "",
    "测试评价协会",
    3,
    date(2026, 4, 8),
    NOW,
    Logged(7, bytes(32)),
)


@dataclass
class Desk:
    """A folder with the register's keys, and the command."""

    folder: Path
    answers: Signer

    def put(self, name: str, content: str | bytes) -> Path:
        file = self.folder / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def verify(self, content: str | bytes, *options: str, trusted: bool = True) -> dict[str, Any]:
        arguments = ["verify", str(self.put("file", content)), "--at", AT, "--json", *options]
        if trusted:
            arguments += ["--trust", str(self.folder / "trust.json")]
        result = CliRunner().invoke(app, arguments)
        told: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (0 if told["holds"] else 1)
        return told

    def answer(self, **members: Any) -> dict[str, Any]:
        """A signed answer as the service gives it."""
        told = {
            "asked": {"certificate_no": LEVEL.certificate_no, "factor": "name", "purpose": "招聘"},
            "found": "MATCH",
            "state": "VALID",
            "occupation_name": "电工",
            "level_name": "三级/高级工",
            "issued_on": "2026-04-08",
            "body_name": "测试评价协会",
            "name_masked": "测*甲",
            "as_of": "2026-05-01T00:00:00.000000Z",
            "checkpoint": sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), ORIGIN, LOG).decode(),
        } | members
        return {"answer": told, "jws": self.answers.sign(json.dumps(told).encode()).decode()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    answers = Signer(ANSWERS)
    trust = {
        "documents": [did_document(ISSUER, HISTORY)],
        "answers": KeyHistory().rotate(ANSWERS.public_key, datetime(2026, 1, 1, tzinfo=UTC)).jwks(),
        "credentials": HISTORY.jwks(),
        "log": {
            "origin": ORIGIN,
            "keys": [NoteKey(ORIGIN, LOG.public_key).vkey],
            "witnesses": [],
            "tag_key": base64url.encode(TagKey.generate().public),
        },
    }
    made = Desk(tmp_path, answers)
    made.put("trust.json", json.dumps(trust))
    return made


def code(text: str) -> bytes:
    """A picture of a QR code, PNG."""
    from io import BytesIO

    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture, opened = BytesIO(), Image.fromarray(zxingcpp.write_barcode_to_image(barcode, scale=3))
    opened.save(picture, "PNG")
    return picture.getvalue()


def paper(text: str) -> bytes:
    """A certificate's PDF with this code on it."""
    return Typesetter().pdf(paper_of(PRINTED), text, Language.ZH)


def bitstrings(desk: Desk, **lists: set[int]) -> list[str]:
    options = []
    for url, purpose in ((REVOCATIONS, StatusPurpose.REVOCATION), (SUSPENSIONS, StatusPurpose.SUSPENSION)):
        listed = signed_list(url, purpose, lists.get(purpose.value, set()))
        options += ["--status-list", str(desk.put(f"{purpose.value}.json", json.dumps(listed)))]
    return options


def test_a_credential(desk: Desk) -> None:
    told = desk.verify(json.dumps(issued()))
    assert (told["holds"], told["by"]) == (True, ISSUER)
    assert any("S000037000072263000001 of 测试甲" in each for each in told["proven"])
    assert any("withdrawn" in each for each in told["unproven"])
    told = desk.verify(json.dumps(issued()), *bitstrings(desk))
    assert "neither withdrawn nor suspended by the status list at hand" in told["proven"]
    told = desk.verify(json.dumps(issued()), *bitstrings(desk, revocation={4711}))
    assert (told["holds"], told["reasons"]) == (False, ["the credential is withdrawn"])
    told = desk.verify(json.dumps(issued()), *bitstrings(desk, suspension={815}))
    assert (told["holds"], told["reasons"]) == (False, ["the credential is suspended"])


def test_a_tampered_credential_and_one_without_keys_prove_nothing(desk: Desk) -> None:
    edited = changed(issued(), lambda document: document["credentialSubject"].update(licenseNumber="S1"))
    for told in (desk.verify(json.dumps(edited)), desk.verify(json.dumps(issued()), trusted=False)):
        assert (told["holds"], told["proven"]) == (False, [])
        assert told["reasons"]


def sd_jwt(*names: str) -> str:
    options = SdJwtOptions(
        ISSUER, METHOD, "https://certificates.example/vct", NOW - timedelta(days=1), status=Reference(TOKEN_LIST, 9)
    )
    return str(choose(issue_sd_jwt(LEVEL, options, SIGNER), names))


@pytest.mark.parametrize(
    ("value", "reasons"), [(0, []), (1, ["the credential is withdrawn"]), (2, ["the credential is suspended"])]
)
def test_an_sd_jwt_shows_what_its_holder_chose(desk: Desk, value: int, reasons: list[str]) -> None:
    told = desk.verify(sd_jwt("level", "level_name"))
    assert (told["holds"], told["by"]) == (True, ISSUER)
    assert "level: 3" in told["proven"]
    assert "测试甲" not in str(told)
    claim = encode_list({9: value}, 1 << 17)
    token = sign_list(TOKEN_LIST, claim, SIGNER, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    told = desk.verify(sd_jwt("level"), "--status-list", str(desk.put("list.jwt", token)))
    assert (told["holds"], told["reasons"]) == (not reasons, reasons)
    forged = sign_list(TOKEN_LIST, claim, LocalSigner.generate(), NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert desk.verify(sd_jwt("level"), "--status-list", str(desk.put("list.jwt", forged)))["holds"] is False


def test_a_spoilt_sd_jwt(desk: Desk) -> None:
    text = sd_jwt("level")
    head, payload, rest = text.split(".", 2)
    told = desk.verify(f"{head}.{payload[:-2]}AA.{rest}")
    assert (told["holds"], told["proven"]) == (False, [])


def test_a_signed_answer(desk: Desk) -> None:
    answer = desk.answer()
    for form in (json.dumps(answer), answer["jws"]):
        told = desk.verify(form)
        assert (told["holds"], told["as_of"]) == (True, "2026-05-01T00:00:00+00:00")
        assert f"certificate {LEVEL.certificate_no} was valid then" in told["proven"]
        assert "the public log had 0 entries then" in told["proven"]
        assert "whether it was withdrawn, suspended or resumed later" in told["unproven"]
    told = desk.verify(json.dumps(desk.answer(state="WITHDRAWN")))
    assert f"certificate {LEVEL.certificate_no} was withdrawn then" in told["proven"]
    told = desk.verify(json.dumps(desk.answer(state="SUSPENDED", suspended_on="2026-04-20")))
    assert f"certificate {LEVEL.certificate_no} was suspended then" in told["proven"]
    assert "suspended since 2026-04-20: it does not count until it is resumed" in told["proven"]
    told = desk.verify(json.dumps(desk.answer(found="NO_MATCH")))
    assert "no certificate as asked" in told["proven"][0]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: answer["answer"].update(state="WITHDRAWN"),
        lambda answer: answer.update(jws=answer["jws"][:-8] + "AAAAAAAA"),
        lambda answer: answer.update(jws="a.b.c"),
        lambda answer: answer.update(jws=""),
    ],
)
def test_a_spoilt_answer(desk: Desk, spoil: Callable[[dict[str, Any]], None]) -> None:
    answer = desk.answer()
    spoil(answer)
    told = desk.verify(json.dumps(answer))
    assert (told["holds"], told["proven"]) == (False, [])
    assert told["reasons"]


def test_an_answer_with_a_checkpoint_of_another_log(desk: Desk) -> None:
    foreign = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), ORIGIN, LocalSigner.generate()).decode()
    assert desk.verify(json.dumps(desk.answer(checkpoint=foreign)))["holds"] is False


def test_a_code_as_text_and_as_a_picture(desk: Desk) -> None:
    text = POCKET.sign(SIGNER, "HTTPS://CERTIFICATES.EXAMPLE/Q")
    for form in (text, code(text)):
        told = desk.verify(form)
        assert (told["holds"], told["by"]) == (True, "certificates.example")
        assert f"certificate {POCKET.certificate_no} of 测试甲" in told["proven"]
        assert any("withdrawn" in each for each in told["unproven"])


def test_a_code_is_small_enough_for_paper() -> None:
    barcode = zxingcpp.create_barcode(
        POCKET.sign(SIGNER, "HTTPS://CERTIFICATES.EXAMPLE/Q"), zxingcpp.BarcodeFormat.QRCode, ec_level="M"
    )
    width = zxingcpp.write_barcode_to_image(barcode, scale=1, add_quiet_zones=False).shape[0]
    version = (width - 17) // 4
    assert version <= 15


@pytest.mark.parametrize("trusted", [True, False])
def test_a_code_by_another_key(desk: Desk, trusted: bool) -> None:
    text = POCKET.sign(LocalSigner.generate() if trusted else SIGNER, "https://certificates.example/q")
    told = desk.verify(code(text), trusted=trusted)
    assert (told["holds"], told["proven"]) == (False, [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0broken",
        b"\xff\xfe\x00",
        b"hello",
        b"{",
        b"[]",
        b"{}",
        b"1",
        b"[" * 100_000,
        b"a~b~c",
        b"..",
        b"%PDF-1.7",
        code("https://elsewhere.example/q"),
        b"x" * 21_000_000,
    ],
    ids=range(15),
)
def test_what_is_no_proof_is_refused_with_a_reason(desk: Desk, content: bytes) -> None:
    told = desk.verify(content)
    assert (told["holds"], told["proven"]) == (False, [])
    assert told["reasons"]


def test_words_for_a_person(desk: Desk) -> None:
    file, keys = desk.put("answer.json", json.dumps(desk.answer())), str(desk.folder / "trust.json")
    chinese = CliRunner().invoke(app, ["verify", str(file), "--trust", keys]).stdout.splitlines()
    assert chinese[0] == "成立 — 核验答复"
    assert "  - 证书 S000037000072263000001 当时有效" in chinese
    english = CliRunner().invoke(app, ["verify", str(file), "--trust", keys, "--language", "en"]).stdout.splitlines()
    assert english[0] == "HOLDS — signed answer to a check"
    assert "Not proven:" in english


def test_keys_that_are_none(desk: Desk) -> None:
    file = desk.put("answer.json", json.dumps(desk.answer()))
    for name, content in (("missing.json", None), ("other.json", "{}"), ("list.json", "[]"), ("text.json", "hello")):
        if content:
            desk.put(name, content)
        result = CliRunner().invoke(app, ["verify", str(file), "--trust", str(desk.folder / name)])
        assert result.exit_code == 1
        assert name in result.stderr


def test_a_papers_code_is_read_from_its_pdf(desk: Desk) -> None:
    text = POCKET.sign(SIGNER, "HTTPS://LUBAN.EXAMPLE/V")
    told = desk.verify(paper(text))
    assert told["holds"]
    assert told == desk.verify(text)
    spoilt = f"{text[:-2]}{(int(text[-2]) + 1) % 10}{text[-1]}"
    assert not desk.verify(paper(spoilt))["holds"]
    assert not desk.verify(paper("HTTPS://LUBAN.EXAMPLE/V"))["holds"]
    assert not desk.verify(b"%PDF-1.7 cut short")["holds"]
