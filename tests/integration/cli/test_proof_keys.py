"""`luban keys proof` on real files: keys shown, rotated, compromised, lost and replaced; nothing made anew unasked."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from luban.certificate.adapters.proving import load
from luban.certificate.handlers.show_log import log_keys
from luban.certificate.settings import ProofSettings
from luban.cli.main import app
from luban.cli.proof_keys import PURPOSES, ensure_proof_keys
from luban.cli.stack import StackError
from luban.proofs.key_history import Standing
from tests.proof_keys import key_directory, own_proof_keys, prove

AT = datetime(2026, 6, 1, tzinfo=UTC)
SINCE, LATER = AT - timedelta(days=30), AT + timedelta(days=1)


@pytest.fixture
def proofs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = own_proof_keys(tmp_path)
    prove(monkeypatch, own)
    return own


def run(proofs: Path, command: str, *arguments: str, at: datetime | None = AT) -> Result:
    dated = ["--at", at.isoformat()] if at else []
    return CliRunner().invoke(app, ["keys", "proof", command, *arguments, "--proofs", str(proofs), *dated, "--json"])


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def shown(proofs: Path, purpose: str) -> list[tuple[str, str]]:
    rows = told(run(proofs, "show", at=None))["keys"]
    return [(row["key"], row["state"]) for row in rows if row["purpose"] == purpose]


def kept_trust(folder: Path) -> Path:
    """What the service publishes at /v1/trust."""
    proving = load(ProofSettings())
    named = {"answers": proving.answers, "credentials": proving.credentials, "vc-api": proving.vc_api}
    file = folder / "trust.json"
    sets = {name: keys.history.jwks() for name, keys in named.items()}
    file.write_text(json.dumps({"documents": [], "log": log_keys(proving), **sets}), encoding="utf-8")
    return file


def files_of(proofs: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in proofs.rglob("*") if path.is_file() and path.name != "lock"}


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_rotated_key_stays_published_and_signs_an_hour_more(proofs: Path, purpose: str) -> None:
    keys = key_directory(proofs, purpose)
    old = keys.signer().key_id
    new = told(run(proofs, "rotate", purpose))["key"]
    assert shown(proofs, purpose) == [(new, "current"), (old, "rotated")]
    assert keys.signer().key_id == new
    judge = keys.history().judge
    assert judge(old, AT + timedelta(minutes=59)) is judge(new, AT) is Standing.COUNTS
    assert judge(old, AT + timedelta(hours=1)) is Standing.AFTER_KEY
    third = told(run(proofs, "rotate", purpose, at=LATER))["key"]
    assert sorted(path.stem for path in (proofs / purpose).glob("*.pem")) == sorted([new, third])
    assert load(ProofSettings())


def test_answers_alone_may_be_signed_by_sm2(proofs: Path) -> None:
    assert run(proofs, "rotate", "log", "--algorithm", "SM2").exit_code == 1
    new = told(run(proofs, "rotate", "answers", "--algorithm", "SM2"))["key"]
    assert key_directory(proofs, "answers").signer().public_key.key_id == new
    assert load(ProofSettings()).answers.signer.algorithm == "SM2"


def test_a_compromised_key_is_named_by_its_beginning_and_followed_at_once(proofs: Path) -> None:
    keys = key_directory(proofs, "credentials")
    old = keys.signer().key_id
    said = told(run(proofs, "compromise", "credentials", old[:8], "--since", SINCE.isoformat()))
    assert (said["key"], said["state"]) == (old, "compromised")
    assert datetime.fromisoformat(said["compromised_from"]) == SINCE
    assert shown(proofs, "credentials") == [(said["signing"], "current"), (old, "compromised")]
    assert not (proofs / "credentials" / f"{old}.pem").exists()
    assert keys.history().judge(old, SINCE - timedelta(days=1)) is Standing.COMPROMISED
    assert keys.signer().key_id == said["signing"]


def test_of_a_retired_key_that_is_compromised_the_current_one_stays(proofs: Path) -> None:
    old = key_directory(proofs, "credentials").signer().key_id
    new = told(run(proofs, "rotate", "credentials"))["key"]
    said = told(run(proofs, "compromise", "credentials", old, "--since", SINCE.isoformat(), at=LATER))
    assert said["signing"] == new


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rotate", "paper"], "there are answers, log, credentials, vc-api"),
        (["compromise", "log", "nosuch", "--since", "2026-05-01"], "0 keys"),
        (["compromise", "log", "-zosuch", "--since", "2026-05-01"], "0 keys"),
        (["compromise", "log", "--nosuch", "--since", "2026-05-01"], "0 keys"),
        (["compromise", "log", "", "--since", "2027-05-01"], "key-time-order"),
        (["compromise", "log", "", "--since", "yesterday"], "no ISO 8601"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(proofs: Path, arguments: list[str], words: str) -> None:
    before = files_of(proofs)
    refused = run(proofs, *arguments)
    assert (refused.exit_code, words in refused.stderr.replace("\n", " ")) == (1, True), refused.stderr
    assert files_of(proofs) == before


def test_one_lost_key_is_replaced_and_what_it_signed_stays_good(proofs: Path) -> None:
    keys = key_directory(proofs, "credentials")
    old = keys.signer().key_id
    (proofs / "credentials" / f"{old}.pem").unlink()
    before = key_directory(proofs, "log").signer().key_id
    assert told(run(proofs, "lost"))["replaced"] == ["credentials"]
    assert shown(proofs, "credentials") == [(keys.signer().key_id, "current"), (old, "lost")]
    assert keys.history().judge(old, SINCE) is Standing.COUNTS
    assert key_directory(proofs, "log").signer().key_id == before
    assert told(run(proofs, "lost"))["replaced"] == []
    assert load(ProofSettings())


def test_without_the_passphrase_nothing_is_made_anew_unasked(proofs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (proofs / "passphrase").unlink()
    before = files_of(proofs)
    assert "LUBAN_KEY_PASSPHRASE_FILE" in run(proofs, "lost", "--new-tag-key").stderr
    monkeypatch.delenv("LUBAN_KEY_PASSPHRASE_FILE")
    refused = run(proofs, "lost")
    assert (refused.exit_code, "--new-tag-key" in refused.stderr) == (1, True)
    assert "no passphrase" in run(proofs, "rotate", "log").stderr
    assert files_of(proofs) == before


def test_without_the_passphrase_and_asked_so_the_service_starts_again(
    proofs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    olds = {purpose: key_directory(proofs, purpose).signer().key_id for purpose in PURPOSES}
    (proofs / "passphrase").unlink()
    monkeypatch.delenv("LUBAN_KEY_PASSPHRASE_FILE")  # of a stack's own directory, where it lies beside the keys
    replaced = told(run(proofs, "lost", "--new-tag-key"))["replaced"]
    assert replaced == ["passphrase", *PURPOSES, "tag.pem"]
    prove(monkeypatch, proofs)
    proving = load(ProofSettings())
    for purpose, old in olds.items():
        assert shown(proofs, purpose)[1] == (old, "lost")
    assert proving.first_list == 0


def test_a_whole_directory_comes_back_from_what_was_published(proofs: Path, tmp_path: Path) -> None:
    retired = key_directory(proofs, "credentials").signer().key_id
    told(run(proofs, "rotate", "credentials"))
    olds = {purpose: key_directory(proofs, purpose).history() for purpose in PURPOSES}
    trust = kept_trust(tmp_path)
    secret = (proofs / "passphrase").read_bytes()
    shutil.rmtree(proofs)
    proofs.mkdir(mode=0o700)
    (proofs / "passphrase").write_bytes(secret)
    for missing in ([], ["--trust", str(trust)], ["--trust", str(trust), "--new-tag-key"]):
        assert run(proofs, "lost", *missing, at=LATER).exit_code == 1
        assert set(files_of(proofs)) == {proofs / "passphrase"}
    done = run(proofs, "lost", "--trust", str(trust), "--new-tag-key", "--new-lists-from", "100", at=LATER)
    assert told(done)["replaced"] == [*PURPOSES, "tag.pem", "status.key"]
    assert load(ProofSettings()).first_list == 100
    for purpose, old in olds.items():
        found = key_directory(proofs, purpose).history()
        assert [record.public_key for record in found.records[:-1]] == [record.public_key for record in old.records]
        assert all(
            found.judge(record.public_key.key_id, record.valid_from) is Standing.COUNTS for record in old.records
        )
    assert (retired, "rotated") in shown(proofs, "credentials")


@pytest.mark.parametrize("name", ["passphrase", "tag.pem", "status.key", "credentials"])
def test_a_start_makes_nothing_anew_that_was_used(proofs: Path, name: str) -> None:
    gone = proofs / name
    shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
    before = files_of(proofs)
    with pytest.raises(StackError, match=name):
        ensure_proof_keys(proofs, AT, used=True)
    assert files_of(proofs) == before
