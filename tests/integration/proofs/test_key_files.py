"""Keys on disk: rotation, loss and compromise, and what a crash or a damaged file leaves."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from luban.proofs import key_files
from luban.proofs.key_files import KeyDirectory, passphrase_of
from luban.proofs.key_history import Standing
from luban.proofs.local_key import KeyFileError
from luban.proofs.signing import Algorithm

START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
PASSPHRASE = b"a passphrase for tests"


@pytest.fixture
def keys(tmp_path: Path) -> KeyDirectory:
    """An empty directory of keys."""
    return KeyDirectory(tmp_path / "keys", PASSPHRASE)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_an_old_signature_still_counts_after_ten_rotations(keys: KeyDirectory, algorithm: Algorithm) -> None:
    first = keys.rotate(START, algorithm)
    signature = first.sign(b"a certificate")
    for number in range(1, 11):
        keys.rotate(START + number * YEAR, algorithm)
    keys.destroy_retired()
    history = keys.history()
    record = history.find(first.key_id)
    assert record is not None
    assert record.public_key.verify(b"a certificate", signature)
    assert history.judge(first.key_id, START + YEAR / 2) is Standing.COUNTS
    assert keys.signer().public_key == history.records[-1].public_key


def test_private_files_are_the_owners_alone_and_retired_ones_can_go(keys: KeyDirectory, tmp_path: Path) -> None:
    old, new = keys.rotate(START), keys.rotate(START + YEAR)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").glob("*.pem")}
    assert files == {f"{old.key_id}.pem": 0o600, f"{new.key_id}.pem": 0o600}
    keys.destroy_retired()
    assert [path.name for path in (tmp_path / "keys").glob("*.pem")] == [f"{new.key_id}.pem"]
    assert keys.signer().key_id == new.key_id


def test_a_compromised_key_signs_no_more_until_the_next_rotation(keys: KeyDirectory, tmp_path: Path) -> None:
    key = keys.rotate(START)
    keys.compromise(key.key_id, START + YEAR, START + 2 * YEAR)
    assert not list((tmp_path / "keys").glob("*.pem"))
    with pytest.raises(KeyFileError, match="no current key"):
        keys.signer()
    assert keys.history().judge(key.key_id, START, logged_at=START) is Standing.COUNTS
    assert keys.history().judge(key.key_id, START) is Standing.COMPROMISED
    assert keys.rotate(START + 2 * YEAR).key_id == keys.signer().key_id


def test_a_lost_key_is_followed_by_a_new_one(keys: KeyDirectory, tmp_path: Path) -> None:
    key = keys.rotate(START)
    (tmp_path / "keys" / f"{key.key_id}.pem").unlink()
    with pytest.raises(KeyFileError, match="cannot be read"):
        keys.signer()
    keys.lose(key.key_id, START + YEAR)
    keys.rotate(START + YEAR)
    assert keys.history().judge(key.key_id, START) is Standing.COUNTS
    assert keys.signer().key_id != key.key_id


def test_a_crash_between_the_two_files_loses_nothing(
    keys: KeyDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keys.rotate(START)
    write = key_files._write

    def crash(path: Path, content: bytes, mode: int) -> None:
        if path.name == key_files.HISTORY:
            raise KeyboardInterrupt
        write(path, content, mode)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(key_files, "_write", crash)
        keys.rotate(START + YEAR)
    assert len(list((tmp_path / "keys").glob("*.pem"))) == 2
    assert keys.signer().key_id == first.key_id
    assert keys.rotate(START + YEAR).key_id == keys.signer().key_id


def test_a_damaged_directory_is_said(keys: KeyDirectory, tmp_path: Path) -> None:
    key = keys.rotate(START)
    history, pem = tmp_path / "keys" / "keys.json", tmp_path / "keys" / f"{key.key_id}.pem"
    whole = pem.read_bytes()
    other = KeyDirectory(tmp_path / "others", PASSPHRASE)
    pem.write_bytes((tmp_path / "others" / f"{other.rotate(START).key_id}.pem").read_bytes())
    with pytest.raises(KeyFileError, match="another key"):
        keys.signer()
    pem.write_bytes(whole * 10_000)
    with pytest.raises(KeyFileError, match="too large"):
        keys.signer()
    for damaged in ("", "[]", json.dumps({"keys": [{"kid": key.key_id}]})):
        history.write_text(damaged, encoding="utf-8")
        with pytest.raises(KeyFileError, match="damaged"):
            keys.history()


def test_a_wrong_passphrase_opens_nothing(keys: KeyDirectory, tmp_path: Path) -> None:
    keys.rotate(START)
    with pytest.raises(KeyFileError, match="cannot be read"):
        KeyDirectory(tmp_path / "keys", b"another passphrase").signer()


def test_a_passphrase_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("from the file\n", encoding="utf-8")
    assert passphrase_of({"LUBAN_KEY_PASSPHRASE": "given"}) == b"given"
    assert passphrase_of({"LUBAN_KEY_PASSPHRASE_FILE": str(file)}) == b"from the file"
    both = {"LUBAN_KEY_PASSPHRASE": "given", "LUBAN_KEY_PASSPHRASE_FILE": str(file)}
    for environment in ({}, both, {"LUBAN_KEY_PASSPHRASE_FILE": str(tmp_path / "none")}):
        with pytest.raises(KeyFileError):
            passphrase_of(environment)
