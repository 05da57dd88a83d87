"""Keys are made once and kept; tokens say who bears them and verify with the published key."""

import base64
import json
import stat
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import jwt
import pytest

from luban.cli.keys import KeyFiles, add_sealing_keys, ensure_keys, rotate_lookup_key, rotate_sealing_keys
from luban.cli.stack import Stack, StackError
from luban.cli.tokens import issue_token
from luban.eventkit.sealing import KeyRing
from luban.events.v1.common_pb2 import PersonalData
from tests.unit.cli.stacks import a_stack

SUBJECT = UUID("0193f0c8-0000-7000-8000-000000000001")
BODY = UUID("0193f0c8-0000-7000-8000-000000000002")


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    made = KeyFiles(tmp_path)
    ensure_keys(made, range(2026, 2028), used=False)
    return made


@pytest.fixture
def stack(files: KeyFiles) -> Stack:
    return a_stack(issuer_key=str(files.issuer), jwks=str(files.jwks))


def decode(token: str, files: KeyFiles, audience: str = "luban") -> dict[str, object]:
    keys = jwt.PyJWKSet.from_dict(json.loads(files.jwks.read_text()))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims: dict[str, object] = jwt.decode(
        token, key, algorithms=["EdDSA"], audience=audience, issuer="urn:luban:local-issuer"
    )
    return claims


def test_the_ring_has_a_key_for_every_class_and_year(files: KeyFiles) -> None:
    ring = json.loads(files.keyring.read_text())
    expected = {f"{name}-{year}" for name in ("certificate", "candidate", "access") for year in (2026, 2027)}
    assert set(ring["keys"]) == expected
    assert ring["keys"]["candidate-2026"] | {"key": ""} == {
        "kind": "seal",
        "class": "candidate",
        "year": 2026,
        "key": "",
    }
    assert all(len(base64.b64decode(entry["key"])) == 32 for entry in ring["keys"].values())
    assert len(base64.b64decode(ring["lookup"][ring["current_lookup"]])) == 32


def test_the_kernel_reads_the_ring(files: KeyFiles) -> None:
    assert KeyRing.load(files.keyring).key_id("access", 2027) == "access-2027"


def test_what_an_older_key_sealed_is_opened_after_many_rotations(files: KeyFiles) -> None:
    person, owner = PersonalData(name="测试甲", id_no="370102199003079010"), UUID(int=1)
    before = KeyRing.load(files.keyring)
    sealed, found_by = (
        before.seal_column(person, "certificate", 2026, owner),
        before.lookup_hash("certificate", "测试甲"),
    )
    for number in range(2, 12):
        assert rotate_sealing_keys(files.keyring, [2026])[0] == f"certificate-2026.{number}"
        assert rotate_lookup_key(files.keyring) == f"v{number}"
    ring = KeyRing.load(files.keyring)
    assert ring.open_column(sealed, owner) == person
    assert ring.key_id("certificate", 2026) == "certificate-2026.11"
    assert ring.key_id("certificate", 2027) == "certificate-2027"
    assert found_by in ring.lookup_hashes("certificate", "测试甲")
    assert ring.lookup_hash("certificate", "测试甲") == ring.lookup_hashes("certificate", "测试甲")[0] != found_by
    assert ring.open_column(ring.seal_column(person, "certificate", 2026, owner), owner) == person


def test_only_the_owner_may_read_keys(files: KeyFiles) -> None:
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in files.directory.rglob("*")}
    public = {path for path in found if path.name in ("keys.json", "lock")}  # in directories that only the owner enters
    assert {mode for path, mode in found.items() if path.is_file() and path not in public} == {0o600}
    assert {mode for path, mode in found.items() if path.is_dir()} == {0o700}


def test_existing_keys_are_left_alone(files: KeyFiles) -> None:
    before = {path: path.read_bytes() for path in files.directory.rglob("*") if path.is_file()}
    ensure_keys(files, range(2026, 2028), used=True)
    assert {path: path.read_bytes() for path in files.directory.rglob("*") if path.is_file()} == before


def test_a_new_year_adds_keys_and_changes_none(files: KeyFiles) -> None:
    before = json.loads(files.keyring.read_text())
    assert add_sealing_keys(files.keyring, [2027, 2028]) == ["certificate-2028", "candidate-2028", "access-2028"]
    after = json.loads(files.keyring.read_text())
    assert {key_id: after["keys"][key_id] for key_id in before["keys"]} == before["keys"]
    assert after["lookup"] == before["lookup"]


def test_a_token_carries_who_and_what(files: KeyFiles, stack: Stack) -> None:
    token = issue_token(
        stack, subject=SUBJECT, roles=["rater"], body_id=BODY, division="370100", ttl=timedelta(minutes=5)
    )
    claims = decode(token, files)
    assert claims["sub"] == str(SUBJECT)
    assert claims["roles"] == ["rater"]
    assert claims["body_id"] == str(BODY)
    assert claims["division"] == "370100"
    assert claims["exp"] == int(str(claims["iat"])) + 300


def test_what_is_not_given_is_not_claimed(files: KeyFiles, stack: Stack) -> None:
    claims = decode(issue_token(stack, subject=SUBJECT, roles=["candidate"]), files)
    assert not {"body_id", "division"} & set(claims)


def test_another_audience_refuses_the_token(files: KeyFiles, stack: Stack) -> None:
    token = issue_token(stack, subject=SUBJECT, roles=["candidate"])
    with pytest.raises(jwt.InvalidAudienceError):
        decode(token, files, audience="another")


def test_a_token_of_another_key_is_refused(files: KeyFiles, stack: Stack, tmp_path: Path) -> None:
    foreign = KeyFiles(tmp_path / "foreign")
    foreign.directory.mkdir()
    ensure_keys(foreign, [2026], used=False)
    token = issue_token(a_stack(issuer_key=str(foreign.issuer)), subject=SUBJECT, roles=["candidate"])
    with pytest.raises(KeyError):
        decode(token, files)


@pytest.mark.parametrize("roles", [["employer"], ["candidate", "administrator"], []])
def test_an_unknown_role_is_refused(stack: Stack, roles: list[str]) -> None:
    with pytest.raises(StackError, match="unknown role"):
        issue_token(stack, subject=SUBJECT, roles=roles)


def test_a_lifetime_of_nothing_is_refused(stack: Stack) -> None:
    with pytest.raises(StackError, match="must live longer"):
        issue_token(stack, subject=SUBJECT, roles=["candidate"], ttl=timedelta())


def test_an_external_issuer_signs_its_own_tokens() -> None:
    with pytest.raises(StackError, match="external issuer"):
        issue_token(a_stack(issuer_key=None), subject=SUBJECT, roles=["candidate"])
