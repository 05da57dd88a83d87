"""Issue and verify: what is sound is verified, and every credential that is not is refused with its reason."""

import json
from datetime import timedelta
from typing import Any

import pytest

from luban.credentials.cryptosuites import Cryptosuite
from luban.credentials.data_integrity import ProofOptions, add_proof
from luban.credentials.did import did_key_method
from luban.credentials.did_web import method_id
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.vc_api import IssueOptions, issue
from luban.credentials.vc_jwt import sign_vc_jwt
from luban.proofs.local_key import LocalSigner
from luban.reference.shanghai import start_of_day
from tests.unit.credentials.material import (
    HOLDER,
    HOLDER_METHOD,
    ISSUER,
    LEVEL,
    METHOD,
    NOW,
    OPTIONS,
    SIGNER,
    SPECIAL_ABILITY,
    Edit,
    changed,
    issued,
    refusal,
    unsigned,
    verify,
)

JCS, RDFC = Cryptosuite.JCS, Cryptosuite.RDFC


def only(suite: Cryptosuite) -> dict[str, Any]:
    return issued(options=IssueOptions(METHOD, OPTIONS.created, (suite,)))


ISSUED = {"both suites": issued(), "jcs": only(JCS), "rdfc": only(RDFC)}


@pytest.mark.parametrize("kind", ISSUED)
def test_what_was_issued_is_verified(kind: str) -> None:
    outcome = verify(ISSUED[kind])
    assert (outcome.verified, outcome.errors, outcome.issuer) == (True, [], ISSUER)
    assert outcome.checks == ["structure", "proof", "validity", "status"]
    assert outcome.credential == unsigned()
    assert {warning.code for warning in outcome.warnings} == {"status-unchecked"}


def test_both_proofs_cover_the_credential_alone() -> None:
    proofs = ISSUED["both suites"]["proof"]
    assert [proof["cryptosuite"] for proof in proofs] == [JCS, RDFC]
    for proof in proofs:
        assert verify({**ISSUED["both suites"], "proof": proof}).verified


def test_json_text_is_read_and_verified() -> None:
    assert verify(json.dumps(ISSUED["both suites"], ensure_ascii=False)).verified
    assert refusal(verify("{")) == ("json-malformed", ProblemType.PARSING)


TAMPERED: dict[str, Edit] = {
    "the name": lambda document: document["credentialSubject"]["identifier"][0].update(identityHash="测试乙"),
    "the level": lambda document: document["credentialSubject"]["achievement"]["resultDescription"][0][
        "rubricCriterionLevel"
    ][0].update(name="一级/高级技师"),
    "the number": lambda document: document["credentialSubject"].update(licenseNumber="S000037000072263000002"),
    "the date": lambda document: document.update(validFrom="2025-04-08T00:00:00+08:00"),
    "the status's index": lambda document: document["credentialStatus"][0].update(statusListIndex="4712"),
    "the status taken away": lambda document: document.pop("credentialStatus"),
    "the end put off": lambda document: document.update(validUntil="2099-01-01T00:00:00Z"),
    "the time of the proof": lambda document: document["proof"].update(created="2026-05-30T00:00:00Z"),
    "a letter of the signature": lambda document: document["proof"].update(
        proofValue=document["proof"]["proofValue"][:-1] + ("2" if document["proof"]["proofValue"][-1] != "2" else "3")
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
@pytest.mark.parametrize("suite", [JCS, RDFC])
def test_a_tampered_credential_is_refused(suite: Cryptosuite, what: str) -> None:
    code, kind = refusal(verify(changed(ISSUED[suite.value.split("-")[1]], TAMPERED[what])))
    assert (code, kind) == ("proof-invalid", ProblemType.PROOF_VERIFICATION)


def proof(**members: Any) -> Edit:
    return lambda document: document["proof"].update(members)


def without(*names: str) -> Edit:
    return lambda document: [document.pop(name) for name in names]


def members(**values: Any) -> Edit:
    return lambda document: document.update(values)


MALFORMED: dict[str, tuple[Edit, str]] = {
    "purpose is another": (proof(proofPurpose="authentication"), "proof-purpose"),
    "purpose is missing": (lambda document: document["proof"].pop("proofPurpose"), "proof-malformed"),
    "cryptosuite is unknown": (proof(cryptosuite="ecdsa-rdfc-2019"), "cryptosuite-unknown"),
    "cryptosuite is the other": (proof(cryptosuite="eddsa-jcs-2022"), "proof-invalid"),
    "cryptosuite is an object": (proof(cryptosuite={}), "cryptosuite-unknown"),
    "proof of another type": (proof(type="Ed25519Signature2020"), "cryptosuite-unknown"),
    "proof has a strange member": (proof(**{"https://w3id.org/security#expiration": "x"}), "proof-malformed"),
    "proof has expired": (proof(expires="2026-05-31T23:59:59Z"), "proof-expired"),
    "proof is dated without a zone": (proof(created="2026-05-31T00:00:00"), "instant-malformed"),
    "proof value is no multibase": (proof(proofValue="u!!"), "multibase-malformed"),
    "proof is missing": (without("proof"), "proof-missing"),
    "proofs are none": (members(proof=[]), "proof-missing"),
    "proof is a text": (members(proof="yes"), "proof-malformed"),
    "proofs are too many": (lambda document: document.update(proof=[document["proof"]] * 17), "proof-malformed"),
    "previous proof is missing": (proof(previousProof="urn:uuid:1"), "proof-previous-missing"),
    "method has no document": (proof(verificationMethod="did:web:elsewhere.example#1"), "did-unresolved"),
    "method is not in the document": (proof(verificationMethod=ISSUER + "#other"), "method-missing"),
    "method is no URL": (proof(verificationMethod="key-1"), "method-malformed"),
    "method is a broken did:key": (proof(verificationMethod="did:key:z6Mk0#z6Mk0"), "multibase-malformed"),
    "method is a did:key of P-256": (
        proof(verificationMethod="did:key:zDnaegE6RR3atJtHKwTRTWHsJ3kNHqFwv7n9YjTgmU7TyfU76#1"),
        "key-unsupported",
    ),
    "context is unknown": (lambda document: document["@context"].append("https://evil.example/v1"), "context-unknown"),
    "context is inline": (lambda document: document["@context"].append({"name": "urn:x"}), "context-inline"),
    "context is nested": (
        lambda document: document["credentialSubject"].update({"@context": "https://evil.example/v1"}),
        "context-unknown",
    ),
    "context begins with another": (lambda document: document["@context"].reverse(), "member-malformed"),
    "context is missing": (without("@context"), "member-malformed"),
    "type is missing": (without("type"), "member-malformed"),
    "type is no credential": (members(type=["OpenBadgeCredential"]), "member-malformed"),
    "issuer is missing": (without("issuer"), "member-malformed"),
    "issuer has no id": (lambda document: document["issuer"].pop("id"), "member-malformed"),
    "issuer is a number": (members(issuer=7), "member-malformed"),
    "subject is missing": (without("credentialSubject"), "member-malformed"),
    "subject is empty": (members(credentialSubject={}), "member-malformed"),
    "subjects are none": (members(credentialSubject=[]), "member-malformed"),
    "id is relative": (members(id="credential-1"), "member-malformed"),
    "begins without a zone": (members(validFrom="2026-04-08"), "instant-malformed"),
    "begins on no day": (members(validFrom="2026-02-30T00:00:00Z"), "instant-malformed"),
    "ends before it begins": (members(validUntil="2026-04-01T00:00:00Z"), "member-malformed"),
    "ends as a null": (members(validUntil=None), "instant-malformed"),
    "status has no type": (lambda document: document["credentialStatus"][0].pop("type"), "member-malformed"),
    "name is a number": (members(name=3), "member-malformed"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_credential_is_refused(what: str) -> None:
    edit, code = MALFORMED[what]
    assert refusal(verify(changed(ISSUED["rdfc"], edit)))[0] == code


HIDDEN: dict[str, tuple[Edit, str]] = {
    "the end under its long name": (
        lambda document: document.update(
            {
                "https://www.w3.org/2018/credentials#validUntil": {
                    "@value": document.pop("validUntil"),
                    "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
                }
            }
        ),
        "member-not-plain",
    ),
    "the status under its long name": (
        lambda document: document.update(
            {"https://www.w3.org/2018/credentials#credentialStatus": document.pop("credentialStatus")}
        ),
        "member-not-plain",
    ),
    "the end in a second description of the credential": (
        lambda document: document["credentialSubject"].update(
            evidence={"id": document["id"], "type": "VerifiableCredential", "validUntil": document.pop("validUntil")}
        ),
        "member-malformed",
    ),
    "included beside": (
        lambda document: document.update({"@included": [{"id": document["id"]}]}),
        "member-not-plain",
    ),
    "a reverse member": (lambda document: document.update({"@reverse": {}}), "member-not-plain"),
    "a claim that is not signed": (
        lambda document: document["credentialSubject"].update(grade="优秀"),
        "member-undefined",
    ),
    "a relative type": (
        lambda document: document["credentialSubject"].update(type=["AchievementSubject", "Honorary"]),
        "iri-relative",
    ),
    "a null": (lambda document: document["credentialSubject"].update(image=None), "member-not-plain"),
}


@pytest.mark.parametrize("what", HIDDEN)
def test_a_signed_rdf_in_other_words_is_refused(what: str) -> None:
    """The RDF of some of these is what was signed, to the letter: only its JSON hides something from its reader."""
    ending = {**unsigned(), "validUntil": "2026-05-01T00:00:00Z"}
    signed = issue(ending, IssueOptions(METHOD, OPTIONS.created, (RDFC,)), SIGNER)
    assert refusal(verify(signed))[0] == "expired"
    edit, code = HIDDEN[what]
    assert refusal(verify(changed(signed, edit)))[0] == code


def test_anothers_proof_is_refused() -> None:
    other = LocalSigner.generate()

    for method, signer in ((did_key_method(other.public_key), other), (METHOD, other)):
        forged = add_proof(unsigned(), JCS, ProofOptions(method, NOW), signer)
        assert refusal(verify(forged))[0] == ("proof-invalid" if method == METHOD else "issuer-other")


def test_a_proof_of_another_beside_the_issuers_does_no_harm_unless_it_is_wrong() -> None:

    other = LocalSigner.generate()
    endorsed = add_proof(ISSUED["jcs"], JCS, ProofOptions(did_key_method(other.public_key), NOW), other)
    assert verify(endorsed).verified
    wrong = changed(endorsed, lambda document: document["proof"][1].update(created="2026-01-01T00:00:00Z"))
    assert refusal(verify(wrong))[0] == "proof-invalid"


def test_a_chain_of_proofs_holds_and_breaks_with_any_link() -> None:
    first = ProofOptions(METHOD, OPTIONS.created, id="urn:uuid:first")
    second = ProofOptions(METHOD, OPTIONS.created, id="urn:uuid:second", previous_proofs=("urn:uuid:first",))
    chained = add_proof(add_proof(unsigned(), RDFC, first, SIGNER), JCS, second, SIGNER)
    assert verify(chained).verified
    assert refusal(verify(changed(chained, lambda document: document["proof"].pop(0))))[0] == "proof-previous-missing"
    resigned = add_proof(unsigned(), RDFC, ProofOptions(METHOD, NOW, id="urn:uuid:first"), SIGNER)["proof"]
    swapped = {**chained, "proof": [resigned, chained["proof"][1]]}
    assert refusal(verify(swapped))[0] == "proof-invalid"


def test_a_proof_of_an_unknown_suite_beside_a_known_one_is_a_warning() -> None:
    unknown = {"type": "DataIntegrityProof", "cryptosuite": "bbs-2023"}
    outcome = verify({**ISSUED["jcs"], "proof": [unknown, ISSUED["jcs"]["proof"]]})
    assert outcome.verified
    assert "cryptosuite-unknown" in {warning.code for warning in outcome.warnings}


def test_a_credential_counts_from_its_first_instant_to_its_last() -> None:
    ending = issue({**unsigned(), "validUntil": "2026-05-01T00:00:00Z"}, OPTIONS, SIGNER)
    begin, end = LEVEL.issued_on, NOW.replace(month=5, day=1, hour=0)
    assert refusal(verify(ending, now=start_of_day(begin) - timedelta(seconds=1)))[0] == "not-yet-valid"
    assert verify(ending, now=start_of_day(begin)).verified
    assert verify(ending, now=end - timedelta(seconds=1)).verified
    assert refusal(verify(ending, now=end)) == ("expired", ProblemType.RANGE)


def test_a_cyclic_a_deep_and_a_great_document_are_refused() -> None:
    cyclic = issued()
    cyclic["credentialSubject"]["self"] = cyclic["credentialSubject"]
    assert refusal(verify(cyclic)) == ("document-too-deep", ProblemType.PARSING)
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert refusal(verify({**issued(), "evidence": deep}))[0] == "document-too-deep"
    assert refusal(verify('{"a":' * 200_000))[0] == "json-malformed"
    great = {**issued(), "description": "x" * 10_000_000}
    assert refusal(verify(great))[0] == "document-too-large"
    assert refusal(verify('{"a": "' + "x" * 10_000_000 + '"}'))[0] == "document-too-large"
    assert refusal(verify({**issued(), "evidence": [{}] * 100_000}))[0] == "document-too-large"


@pytest.mark.parametrize("document", [None, 7, [], "", b"\xff", {}, {"a": {1}}, {1: 2}, {"a": float("nan")}, "a.b.c"])
def test_what_is_no_credential_at_all_is_refused(document: object) -> None:
    assert not verify(document).verified


def test_nothing_is_issued_that_could_not_be_verified() -> None:
    for edit, code in (
        (members(proof={"type": "x"}), "proof-present"),
        (members(issuer="did:web:elsewhere.example"), "issuer-other"),
        (lambda document: document["credentialSubject"].update(grade="优秀"), "member-undefined"),
        (without("credentialSubject"), "member-malformed"),
    ):
        with pytest.raises(Refused) as refused:
            issue(changed(unsigned(), edit), OPTIONS, SIGNER)
        assert refused.value.code == code


def test_a_vc_jwt_is_verified_and_bound_to_its_issuer() -> None:
    token = sign_vc_jwt(unsigned(SPECIAL_ABILITY), METHOD, NOW, SIGNER)
    outcome = verify(token)
    assert (outcome.verified, outcome.issuer, outcome.credential) == (True, ISSUER, unsigned(SPECIAL_ABILITY))
    header, payload, signature = token.split(".")
    assert refusal(verify(f"{header}.{payload[:-4]}AAAA.{signature}"))[0] in (
        "json-malformed",
        "base64url",
        "jws-signature",
    )
    other = LocalSigner.generate()
    assert refusal(verify(sign_vc_jwt(unsigned(), METHOD, NOW, other)))[0] == "jws-signature"
    assert (
        refusal(verify(sign_vc_jwt(unsigned(), method_id(ISSUER, other.public_key), NOW, other)))[0] == "method-missing"
    )
    assert refusal(verify(sign_vc_jwt(unsigned(), HOLDER_METHOD, NOW, HOLDER)))[0] == "issuer-other"
