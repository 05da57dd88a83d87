"""The directory of a compose stack: made once, kept afterwards, understood by the other commands."""

import os
import stat
from pathlib import Path

import pytest

from luban.cli.compose import IMAGE_ACCOUNT, main, prepare, read_environment
from luban.cli.stack import Options, Stack, StackError


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    first = prepare(tmp_path, demo=False)
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert prepare(tmp_path, demo=False) == first
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_its_files_are_their_owners_alone_and_containers_can_read_theirs(tmp_path: Path) -> None:
    prepare(tmp_path, demo=True)
    environment = read_environment(tmp_path / ".env")
    containers = (int(environment["LUBAN_UID"]), int(environment["LUBAN_GID"]))
    assert containers == (IMAGE_ACCOUNT if os.getuid() == 0 else (os.getuid(), os.getgid()))
    for path in tmp_path.rglob("*"):
        found = path.stat()
        published = path.parent.parent == tmp_path / "keys" / "proofs" and path.name == "keys.json"
        assert stat.S_IMODE(found.st_mode) == (0o700 if path.is_dir() else 0o644 if published else 0o600), path
        proofs = tmp_path / "keys" / "proofs"
        mounted = path.name in ("keyring.json", "jwks.json") or path.is_relative_to(proofs)
        assert (found.st_uid, found.st_gid) == (containers if mounted else (os.getuid(), os.getgid())), path


def test_the_stack_is_described_as_the_host_reaches_it(tmp_path: Path) -> None:
    made = prepare(tmp_path, demo=True)
    environment = read_environment(tmp_path / ".env")
    stack = Stack.read(tmp_path)
    assert stack == made
    assert (stack.demo, stack.profile) == (True, "production")
    assert stack.urls["exam"] == f"http://127.0.0.1:{environment['LUBAN_PORT_EXAM']}"
    assert stack.broker == f"127.0.0.1:{environment['LUBAN_PORT_BROKER']}"
    assert stack.databases["exam"] == (
        f"postgresql://luban_exam:{environment['LUBAN_PASSWORD_EXAM']}"
        f"@127.0.0.1:{environment['LUBAN_PORT_POSTGRES']}/luban_exam"
    )
    assert Options.read(tmp_path).replication == 1
    assert len({value for name, value in environment.items() if "PASSWORD" in name}) == 4
    assert len({value for name, value in environment.items() if name.startswith("LUBAN_PORT_")}) == 5


def test_a_key_ring_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    prepare(tmp_path, demo=False)
    (tmp_path / "keys/keyring.json").unlink()
    with pytest.raises(StackError, match="put it back from its backup"):
        prepare(tmp_path, demo=False)
    assert not (tmp_path / "keys/keyring.json").exists()


def test_what_an_operator_wrote_stays(tmp_path: Path) -> None:
    prepare(tmp_path, demo=False)
    file = tmp_path / ".env"
    text = file.read_text().replace("LUBAN_OIDC_ISSUER=urn:luban:local-issuer", "LUBAN_OIDC_ISSUER=https://id.example")
    text = text.replace("LUBAN_OIDC_JWKS=/run/secrets/jwks", "LUBAN_OIDC_JWKS=https://id.example/keys")
    file.write_text("# ours\n" + "".join(line for line in text.splitlines(True) if "PORT_EXAM" not in line))
    stack = prepare(tmp_path, demo=False)
    assert (stack.issuer, stack.jwks, stack.issuer_key) == ("https://id.example", "https://id.example/keys", None)
    assert "LUBAN_PORT_EXAM" in read_environment(file)


def test_a_demo_stays_a_demo_and_nothing_is_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(tmp_path, demo=True)
    before = (tmp_path / ".env").read_bytes()
    with pytest.raises(StackError, match="other kind"):
        prepare(tmp_path, demo=False)
    assert main([str(tmp_path)]) == 1
    assert "other kind" in capsys.readouterr().err
    assert (tmp_path / ".env").read_bytes() == before
