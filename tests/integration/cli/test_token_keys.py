"""`luban keys proof` with keys in a token: made there, used from there, destroyed there, and never taken for lost."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from luban.certificate.adapters.proving import load
from luban.certificate.settings import ProofSettings
from luban.cli.main import app
from luban.cli.proof_keys import PURPOSES
from luban.eventkit.starting import CannotStartError
from luban.proofs.key_files import KeyDirectory
from luban.proofs.token_key import Token, TokenError, TokenSigner
from tests.proof_keys import own_proof_keys, prove
from tests.softhsm import PIN, TOKEN

AT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = own_proof_keys(tmp_path)
    prove(monkeypatch, own)
    pin = tmp_path / "pin"
    pin.write_text(f"{PIN}\n")
    monkeypatch.setenv("LUBAN_TOKEN_PIN_FILE", str(pin))
    return own


def run(proofs: Path, command: str, *arguments: str, days: int = 0) -> Result:
    at = AT + timedelta(days=days)
    dated = ["--proofs", str(proofs), "--at", at.isoformat(), "--json"]
    return CliRunner().invoke(app, ["keys", "proof", command, *arguments, *dated])


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def rotated(proofs: Path, token: Token, purpose: str, days: int = 0) -> str:
    key: str = told(
        run(proofs, "rotate", purpose, "--token", token.label, "--module", token.module, days=days)
    )["key"]  # fmt: skip
    return key


def place(proofs: Path, purpose: str, key: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((proofs / purpose / f"{key}.token").read_bytes())
    return found


def test_the_service_signs_with_keys_of_a_token_for_every_purpose(proofs: Path, token: Token) -> None:
    made = {purpose: rotated(proofs, token, purpose) for purpose in PURPOSES}
    proving = load(ProofSettings())
    for purpose, keys in zip(
        PURPOSES, (proving.answers, proving.log, proving.credentials, proving.vc_api), strict=True
    ):
        assert isinstance(keys.signer, TokenSigner)
        assert keys.signer.key_id == made[purpose]
        assert not (proofs / purpose / f"{made[purpose]}.pem").exists()
        assert keys.history.current is not None
        assert keys.history.current.public_key.verify(b"a message", keys.signer.sign(b"a message"))


def test_a_key_goes_into_the_token_and_out_of_use_again(proofs: Path, token: Token) -> None:
    key = rotated(proofs, token, "answers")
    found = place(proofs, "answers", key)
    TokenSigner(found["module"], TOKEN, PIN, found["label"]).close()
    told(run(proofs, "rotate", "answers", days=1))
    told(run(proofs, "rotate", "answers", days=2))
    assert not (proofs / "answers" / f"{key}.token").exists()
    with pytest.raises(TokenError, match="no single"):
        TokenSigner(found["module"], TOKEN, PIN, found["label"])
    assert load(ProofSettings())


def test_a_compromised_key_is_destroyed_in_the_token(proofs: Path, token: Token) -> None:
    key = rotated(proofs, token, "credentials")
    found = place(proofs, "credentials", key)
    said = told(run(proofs, "compromise", "credentials", key, "--since", AT.isoformat(), days=1))
    assert said["state"] == "compromised"
    with pytest.raises(TokenError, match="no single"):
        TokenSigner(found["module"], TOKEN, PIN, found["label"])
    assert load(ProofSettings()).credentials.signer.key_id == said["signing"]


def test_a_token_out_of_reach_is_no_loss(proofs: Path, token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    rotated(proofs, token, "log")
    before = (proofs / "log" / "keys.json").read_bytes()
    monkeypatch.delenv("LUBAN_TOKEN_PIN_FILE")
    refused = run(proofs, "lost", days=1)
    assert (refused.exit_code, "LUBAN_TOKEN_PIN" in refused.stderr) == (1, True), refused.output
    with pytest.raises(CannotStartError, match="LUBAN_TOKEN_PIN"):
        load(ProofSettings())
    assert (proofs / "log" / "keys.json").read_bytes() == before


def test_a_token_that_is_gone_for_good_is_told_by_removing_its_file(proofs: Path, token: Token) -> None:
    key = rotated(proofs, token, "log")
    (proofs / "log" / f"{key}.token").unlink()
    assert told(run(proofs, "lost", days=1))["replaced"] == ["log"]
    assert load(ProofSettings()).log.signer.key_id != key


def test_a_rotation_out_of_order_leaves_nothing_in_the_token(proofs: Path, token: Token) -> None:
    directory = KeyDirectory(proofs / "log", (proofs / "passphrase").read_bytes(), PIN)
    refused = run(proofs, "rotate", "log", "--token", token.label, "--module", token.module, days=-9999)
    assert (refused.exit_code, "key-time-order" in refused.stderr) == (1, True), refused.output
    assert not list((proofs / "log").glob("*.token"))
    assert directory.signer()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--token", TOKEN], "both of them"),
        (["--module", "/nowhere.so"], "both of them"),
        (["--token", TOKEN, "--module", "/nowhere.so"], "makes no key"),
        (["--token", TOKEN, "--module", "/nowhere.so", "--algorithm", "SM2"], "EdDSA alone"),
    ],
)
def test_what_cannot_be_is_said(proofs: Path, arguments: list[str], words: str) -> None:
    refused = run(proofs, "rotate", "answers", *arguments)
    assert (refused.exit_code, words in refused.stderr.replace("\n", " ")) == (1, True), refused.output


@pytest.mark.parametrize("content", [b"", b"[]", b'{"module": "x"}', b"\xff"])
def test_a_damaged_reference_is_said(proofs: Path, token: Token, content: bytes) -> None:
    key = rotated(proofs, token, "answers")
    (proofs / "answers" / f"{key}.token").write_bytes(content)
    with pytest.raises(CannotStartError, match="where in a token"):
        load(ProofSettings())
