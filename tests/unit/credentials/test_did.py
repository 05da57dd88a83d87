"""Issuers' keys: rotated ones are trusted for their time, compromised ones for nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from luban.credentials.did import ASSERTION, find_method
from luban.credentials.did_web import did_document, did_web, did_web_url, method_id
from luban.credentials.multikey import from_base58, from_multikey, to_base58, to_multikey
from luban.credentials.problems import Refused
from luban.credentials.vc_api import IssueOptions, issue, verify_credential
from luban.proofs.key_history import KeyHistory
from luban.proofs.local_key import LocalSigner
from luban.proofs.signing import Algorithm
from tests.unit.credentials.material import ISSUER, NOW, changed, unsigned

FIRST = datetime(2026, 5, 1, tzinfo=UTC)


def rotations(count: int) -> tuple[KeyHistory, list[LocalSigner]]:
    """A key a year, the last of them in use."""
    signers = [LocalSigner.generate() for _ in range(count + 1)]
    history = KeyHistory()
    for year, signer in enumerate(signers):
        history = history.rotate(signer.public_key, FIRST + timedelta(days=365 * year))
    return history, signers


def issued_by(signer: LocalSigner, created: datetime) -> dict[str, Any]:
    return issue(unsigned(), IssueOptions(method_id(ISSUER, signer.public_key), created), signer)


def verdict(history: KeyHistory, credential: dict[str, Any], now: datetime) -> str:
    outcome = verify_credential(credential, {ISSUER: did_document(ISSUER, history)}.get, now)
    return "verified" if outcome.verified else outcome.errors[0].code


def test_a_certificate_of_every_key_verifies_after_ten_rotations() -> None:
    history, signers = rotations(10)
    now = FIRST + timedelta(days=365 * 11)
    for year, signer in enumerate(signers):
        assert verdict(history, issued_by(signer, FIRST + timedelta(days=365 * year + 7)), now) == "verified"


def test_a_rotated_key_is_trusted_for_its_time_only() -> None:
    history, (old, new) = rotations(1)
    end = FIRST + timedelta(days=365)
    assert verdict(history, issued_by(old, end - timedelta(seconds=1)), end + timedelta(days=9)) == "verified"
    assert verdict(history, issued_by(old, end), end + timedelta(days=9)) == "method-out-of-time"
    assert verdict(history, issued_by(new, end - timedelta(seconds=1)), end + timedelta(days=9)) == "method-out-of-time"
    undated = changed(issued_by(old, FIRST), lambda document: [proof.pop("created") for proof in document["proof"]])
    assert verdict(history, undated, NOW) == "method-out-of-time"


def test_nothing_that_a_compromised_key_signed_verifies_whatever_its_date() -> None:
    history, (old, new) = rotations(1)
    found = FIRST + timedelta(days=400)
    compromised = history.compromise(old.key_id, since=FIRST + timedelta(days=300), at=found)
    for days in (1, 299, 301):
        assert verdict(compromised, issued_by(old, FIRST + timedelta(days=days)), found) == "method-relationship"
    assert verdict(compromised, issued_by(new, FIRST + timedelta(days=366)), found) == "verified"


def test_the_document_shows_every_key_and_no_secret() -> None:
    history, signers = rotations(2)
    document = did_document(ISSUER, history)
    methods = document["verificationMethod"]
    assert [method["publicKeyMultibase"] for method in methods] == [to_multikey(s.public_key) for s in signers[::-1]]
    assert document["assertionMethod"] == [method["id"] for method in methods]
    assert ["validUntil" in method for method in methods] == [False, True, True]
    assert "secretKeyMultibase" not in str(document)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ({"id": "did:web:other.example"}, "did-document-malformed"),
        ({"verificationMethod": []}, "method-missing"),
        ({"verificationMethod": "x"}, "method-missing"),
        ({"assertionMethod": []}, "method-relationship"),
        ({"assertionMethod": None}, "method-relationship"),
    ],
)
def test_a_document_that_does_not_allow_the_key_is_refused(edit: dict[str, Any], code: str) -> None:
    history, (signer,) = rotations(0)
    document = {**did_document(ISSUER, history), **edit}
    outcome = verify_credential(issued_by(signer, NOW), {ISSUER: document}.get, NOW)
    assert [error.code for error in outcome.errors] == [code]


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ({"controller": "did:web:other.example"}, "method-controller"),
        ({"type": "RsaVerificationKey2018"}, "key-unsupported"),
        ({"publicKeyMultibase": "z6Mk"}, "key-unsupported"),
        ({"publicKeyMultibase": None}, "multibase-malformed"),
        ({"expires": "2026-05-31T00:00:00Z"}, "method-revoked"),
        ({"revoked": "2026-05-31T00:00:00Z"}, "method-revoked"),
        ({"revoked": "soon"}, "instant-malformed"),
    ],
)
def test_a_method_that_is_not_fit_is_refused(edit: dict[str, Any], code: str) -> None:
    history, (signer,) = rotations(0)
    document = did_document(ISSUER, history)
    document["verificationMethod"][0].update(edit)
    outcome = verify_credential(issued_by(signer, NOW), {ISSUER: document}.get, NOW)
    assert [error.code for error in outcome.errors] == [code]


def test_a_key_is_found_as_a_jwk_too_and_by_a_relative_id() -> None:
    history, (signer,) = rotations(0)
    document = did_document(ISSUER, history)
    url = document["verificationMethod"][0]["id"]
    fragment = "#" + url.partition("#")[2]
    jwk = {"id": fragment, "type": "JsonWebKey", "controller": ISSUER, "publicKeyJwk": signer.public_jwk()}
    found = find_method(
        url,
        ASSERTION,
        {ISSUER: {"id": ISSUER, "verificationMethod": [jwk], ASSERTION: [fragment]}}.get,
        signed_at=None,
        now=NOW,
    )
    assert found.key == signer.public_key


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:certificates.example", "https://certificates.example/.well-known/did.json"),
        ("did:web:certificates.example:register", "https://certificates.example/register/did.json"),
        ("did:web:localhost%3A8443:a:b", "https://localhost:8443/a/b/did.json"),
    ],
)
def test_a_did_web_says_where_its_document_is(did: str, url: str) -> None:
    assert did_web_url(did) == url


@pytest.mark.parametrize(
    "did",
    ["did:web:", "did:web:a b", "did:web:user@host", "did:web:host:..", "did:web:host:a%2Fb", "did:key:z6Mk", "x"],
)
def test_what_is_no_did_web_leads_nowhere(did: str) -> None:
    with pytest.raises(Refused, match="did-malformed"):
        did_web_url(did)


def test_a_did_web_is_made_of_a_host_and_a_path() -> None:
    assert did_web("Certificates.Example:8443", "register") == "did:web:certificates.example%3A8443:register"
    for host, path in (("https://a", ()), ("a/b", ()), ("a", ("b/c",)), ("a", ("",))):
        with pytest.raises(ValueError, match="no host and path"):
            did_web(host, *path)


def test_base58_is_read_as_it_is_written() -> None:
    for raw in (b"", b"\0", b"\0\0\1", bytes(range(64)), b"\xff" * 64):
        assert from_base58(to_base58(raw)) == raw
    for text in ("", "Q", "z0", "zO", "z" + "1" * 200, None):
        with pytest.raises(Refused, match="multibase-malformed"):
            from_base58(text)


def test_a_key_of_another_kind_has_no_multikey_here() -> None:
    with pytest.raises(Refused, match="key-unsupported"):
        to_multikey(LocalSigner.generate(Algorithm.SM2).public_key)
    with pytest.raises(Refused, match="key-unsupported"):
        from_multikey(to_base58(b"\xed\x01" + bytes(31)))
