"""Keys are rotated while the stack is down, and what they sealed before is still read."""

import json
import subprocess
import sys
from pathlib import Path

from luban.cli.keys import KeyFiles, ensure_keys
from luban.cli.stack import exclusive


def luban(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "luban.cli.main", *arguments], capture_output=True, text=True, check=False
    )


def test_keys_are_shown_by_name_and_rotated_only_while_nothing_runs(tmp_path: Path) -> None:
    files = KeyFiles(tmp_path / "keys")
    files.directory.mkdir()
    ensure_keys(files, [2026], used=False)
    where = ("--data-dir", str(tmp_path))
    assert "say which" in luban("keys", "rotate", *where).stderr
    with exclusive(tmp_path):
        assert "is running" in luban("keys", "rotate", "--lookup", *where).stderr
    added = luban("keys", "rotate", "--lookup", "--sealing", "--year", "2026", "--json", *where)
    assert json.loads(added.stdout)["added"] == [
        "certificate-2026.2",
        "candidate-2026.2",
        "access-2026.2",
        "look-up v2",
    ]
    later = luban("keys", "add", "--year", "2027", "--json", "--keyring", str(files.keyring))
    assert json.loads(later.stdout)["added"] == ["certificate-2027", "candidate-2027", "access-2027"]
    shown = luban("keys", "show", "--json", *where)
    assert json.loads(shown.stdout)["current_lookup"] == "v2"
    secrets = [entry["key"] for entry in json.loads(files.keyring.read_text())["keys"].values()]
    assert not any(secret in shown.stdout + added.stdout for secret in secrets)


def test_a_ring_that_is_not_there_is_said(tmp_path: Path) -> None:
    missing = luban("keys", "rotate", "--lookup", "--data-dir", str(tmp_path))
    assert (missing.returncode, "luban up" in missing.stderr) == (1, True)
