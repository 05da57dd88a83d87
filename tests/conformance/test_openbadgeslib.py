"""PyPI openbadgeslib verifies what we issue, and we what it issues: Data Integrity, VC-JWT, status lists, did:web."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from openbadgeslib.ob3 import (
    Achievement,
    Issuer,
    OB3LdpSigner,
    OB3LdpVerifier,
    OB3Signer,
    OB3VerificationError,
    OB3Verifier,
    OpenBadgeCredential,
)
from openbadgeslib.ob3.did import did_key_from_pem
from openbadgeslib.ob3.status_list import build_status_list_credential, status_entry

from luban.credentials.cryptosuites import Cryptosuite
from luban.credentials.did_web import did_document, did_web_url
from luban.credentials.status_list import StatusPurpose, encode_list, entries_of, status_list_credential, value_in
from luban.credentials.vc_api import IssueOptions, verify_credential
from luban.credentials.vc_jwt import sign_vc_jwt
from tests.unit.credentials.material import (
    HISTORY,
    ISSUER,
    LEVEL,
    METHOD,
    NOW,
    REVOCATIONS,
    SIGNER,
    SPECIAL_ABILITY,
    SUSPENSIONS,
    changed,
    issued,
    unsigned,
)

TODAY = datetime.now(UTC)
"""It reads the machine's clock."""
RDFC_ONLY = IssueOptions(METHOD, NOW, (Cryptosuite.RDFC,))


def web(**lists: set[int]) -> Callable[[str], bytes]:
    """Stands for the web: the issuer's document and its status lists, which it reads as VC-JWT only; `lists` are set
    indices by purpose."""
    pages = {did_web_url(ISSUER): json.dumps(did_document(ISSUER, HISTORY)).encode()}
    for url, purpose in ((REVOCATIONS, StatusPurpose.REVOCATION), (SUSPENSIONS, StatusPurpose.SUSPENSION)):
        encoded = encode_list(lists.get(purpose.value, set()))
        listed = status_list_credential(url, ISSUER, purpose, encoded, TODAY - timedelta(1), TODAY + timedelta(1))
        pages[url] = sign_vc_jwt(listed, METHOD, TODAY, SIGNER).encode()
    return pages.__getitem__


def verify_by_others(document: dict[str, Any], **lists: set[int]) -> OpenBadgeCredential:
    pages = web(**lists)
    return OB3LdpVerifier.for_issuer_did(ISSUER, download=pages).verify(document, check_status=True, download=pages)


@pytest.mark.parametrize("certificate", [LEVEL, SPECIAL_ABILITY], ids=["level", "special ability"])
def test_it_verifies_our_data_integrity_credentials(certificate: Any) -> None:
    found = verify_by_others(issued(certificate, RDFC_ONLY))
    assert found.issuer.id == ISSUER
    assert found.achievement.name == unsigned(certificate)["credentialSubject"]["achievement"]["name"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document["credentialSubject"].update(licenseNumber="S000037000072263000002"),
        lambda document: document["credentialSubject"]["identifier"][0].update(identityHash="测试乙"),
        lambda document: document.update(validFrom="2026-04-09T00:00:00+08:00"),
        lambda document: document["proof"].update(proofPurpose="authentication"),
        lambda document: document.pop("credentialStatus"),
    ],
)
def test_it_refuses_what_was_tampered_with(edit: Any) -> None:
    with pytest.raises(OB3VerificationError):
        verify_by_others(changed(issued(LEVEL, RDFC_ONLY), edit))


@pytest.mark.parametrize("lists", [{"revocation": {4711}}, {"suspension": {815}}], ids=["withdrawn", "suspended"])
def test_it_refuses_by_our_status_lists(lists: dict[str, set[int]]) -> None:
    document = issued(LEVEL, RDFC_ONLY)
    assert verify_by_others(document, revocation={4710, 4712})
    with pytest.raises(OB3VerificationError, match="is set at index"):
        verify_by_others(document, **lists)


@pytest.mark.parametrize("certificate", [LEVEL, SPECIAL_ABILITY], ids=["level", "special ability"])
def test_it_verifies_our_vc_jwt(certificate: Any) -> None:
    token = sign_vc_jwt(unsigned(certificate), METHOD, NOW, SIGNER)
    verifier = OB3Verifier.for_issuer_did(ISSUER, download=web())
    assert verifier.verify(token).issuer.id == ISSUER
    header, payload, signature = token.split(".")
    with pytest.raises(OB3VerificationError):
        verifier.verify(f"{header}.{payload}.{signature[:-4]}AAAA")


def private_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def their_credential(pem: bytes, **members: Any) -> OpenBadgeCredential:
    from cryptography.hazmat.primitives.serialization import PublicFormat, load_pem_private_key

    public = load_pem_private_key(pem, None).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    achievement = Achievement(
        id="https://example.org/achievements/1", name="Electrician", description="Level 3", criteria_narrative="Passed"
    )
    return OpenBadgeCredential(
        issuer=Issuer(id=did_key_from_pem(public), name="Body", url="https://example.org"),
        recipient_id="mailto:somebody@example.org",
        achievement=achievement,
        issuance_date=TODAY - timedelta(1),
        **members,
    )


def test_we_verify_its_data_integrity_credentials() -> None:
    pem = private_pem()
    document = OB3LdpSigner(pem).sign(their_credential(pem))
    outcome = verify_credential(document, lambda _: None, TODAY + timedelta(1))
    assert (outcome.verified, outcome.errors) == (True, [])
    document["name"] = "another"
    assert not verify_credential(document, lambda _: None, TODAY + timedelta(1)).verified


def test_we_read_its_status_lists() -> None:
    url = "https://example.org/status/1"
    listed = build_status_list_credential("did:web:example.org", url, "revocation", {7, 131_071})
    for index in (7, 131_071, 0, 6, 8):
        (entry,) = entries_of({"credentialStatus": status_entry(url, "revocation", index)})
        assert value_in(entry, listed) == (index in (7, 131_071))


def test_its_vc_jwts_name_no_verification_method_and_are_refused() -> None:
    """It puts the key itself into the header, by which a token proves nothing of its issuer."""
    pem = private_pem()
    outcome = verify_credential(OB3Signer(pem, "EdDSA").sign(their_credential(pem)), lambda _: None, TODAY)
    assert [error.code for error in outcome.errors] == ["method-malformed"]
