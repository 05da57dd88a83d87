"""Data Integrity proofs: adding one to a document, and checking all that a document has, in sets and in chains.

Source: W3C Verifiable Credential Data Integrity 1.0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from luban.credentials.cryptosuites import Cryptosuite, bytes_to_sign
from luban.credentials.did import ASSERTION, Resolver, find_method
from luban.credentials.instants import parse_instant, print_instant
from luban.credentials.multikey import from_base58, to_base58
from luban.credentials.problems import ProblemType, Refused
from luban.credentials.reading import Document
from luban.proofs.signing import Signer
from luban.reference.refusal import Invalid

MOST_PROOFS = 16
_TYPE = "DataIntegrityProof"
_SUITES = tuple(Cryptosuite)
_TEXTS = ("verificationMethod", "proofPurpose", "proofValue")
_OPTIONAL_TEXTS = ("id", "nonce", "challenge")
_MEMBERS = frozenset(
    {*_TEXTS, *_OPTIONAL_TEXTS, "@context", "type", "cryptosuite", "created", "expires", "domain", "previousProof"}
)


@dataclass(frozen=True, slots=True)
class ProofOptions:
    """What a new proof says of itself."""

    verification_method: str
    created: datetime
    purpose: str = ASSERTION
    challenge: str | None = None
    domain: str | None = None
    id: str | None = None
    previous_proofs: tuple[str, ...] = ()
    """The ids of proofs of the document that this one covers as well."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a verifier asks of every proof."""

    purpose: str
    now: datetime
    challenge: str | None = None
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A proof that holds."""

    suite: Cryptosuite
    method: str
    controller: str
    created: datetime | None


def add_proof(document: Document, suite: Cryptosuite, options: ProofOptions, signer: Signer) -> Document:
    """The document with one more proof. Raises `Invalid` as `bytes_to_sign`; `Refused` as `_covered`."""
    proof = _new_proof(suite, options)
    if suite is Cryptosuite.JCS and "@context" in document:
        proof["@context"] = document["@context"]
    proofs = proofs_of(document) if "proof" in document else []
    unsecured = _covered(document, proofs, proof)
    message = bytes_to_sign(suite, unsecured, _configuration(proof, unsecured))
    proof["proofValue"] = to_base58(signer.sign(message))
    return {**document, "proof": [*proofs, proof] if proofs else proof}


def verify_proofs(document: Document, resolver: Resolver, expected: Expected) -> tuple[list[Verified], list[str]]:
    """Every proof of a suite we know holds; also the names of suites we do not know, whose proofs were left aside.

    Raises `Refused` for the first that does not hold, and cryptosuite-unknown where none is left.
    """
    proofs = proofs_of(document)
    known = [proof for proof in proofs if proof.get("cryptosuite") in _SUITES and proof.get("type") == _TYPE]
    if not known:
        raise _refusal(
            ProblemType.PROOF_VERIFICATION,
            "cryptosuite-unknown",
            "不支持该签名套件",
            "no proof of a cryptosuite that is known here",
        )
    others = [str(proof.get("cryptosuite", proof.get("type")))[:100] for proof in proofs if proof not in known]
    return [verify_proof(document, proof, known, resolver, expected) for proof in known], others


def verify_proof(
    document: Document, proof: Document, proofs: Sequence[Document], resolver: Resolver, expected: Expected
) -> Verified:
    """One proof; `proofs` are those it may build on, each of which the caller checks as well.

    Raises `Refused` proof-…, method-…, did-…, and as the canonical forms do.
    """
    suite = _check_members(proof)
    created = parse_instant(proof["created"], "created") if "created" in proof else None
    _check_expected(proof, expected)
    method = find_method(proof["verificationMethod"], expected.purpose, resolver, signed_at=created, now=expected.now)
    unsecured = _covered(document, proofs, proof)
    if suite is Cryptosuite.JCS and "@context" in proof:
        unsecured["@context"] = _common_context(document, proof)
    try:
        message = bytes_to_sign(suite, unsecured, _configuration(proof, unsecured))
        signature = from_base58(proof["proofValue"])
    except Refused:
        raise
    except Invalid as error:
        raise Refused(ProblemType.PROOF_TRANSFORMATION, error.code, zh=error.zh, en=error.en) from error
    if not method.key.verify(message, signature):
        raise _refusal(
            ProblemType.PROOF_VERIFICATION,
            "proof-invalid",
            "签名不符：内容被改动，或并非由所称密钥签署",
            "the signature does not match: something was changed, or another key signed",
        )
    return Verified(suite, method.id, method.controller, created)


def proofs_of(document: Document) -> list[Document]:
    """The document's proofs. Raises `Refused` proof-missing or proof-malformed."""
    if not document.get("proof"):
        raise _refusal(ProblemType.PARSING, "proof-missing", "文档没有签名", "the document has no proof")
    proofs = document["proof"] if isinstance(document["proof"], list) else [document["proof"]]
    if len(proofs) > MOST_PROOFS or not all(isinstance(proof, dict) for proof in proofs):
        raise _malformed("proof")
    return proofs


def _new_proof(suite: Cryptosuite, options: ProofOptions) -> Document:
    members = {
        "id": options.id,
        "type": _TYPE,
        "cryptosuite": suite.value,
        "created": print_instant(options.created),
        "verificationMethod": options.verification_method,
        "proofPurpose": options.purpose,
        "challenge": options.challenge,
        "domain": options.domain,
        "previousProof": list(options.previous_proofs) or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _configuration(proof: Document, unsecured: Document) -> Document:
    configuration = {name: value for name, value in proof.items() if name != "proofValue"}
    if "@context" in unsecured:
        configuration["@context"] = unsecured["@context"]
    return configuration


def _covered(document: Document, proofs: Sequence[Document], proof: Document) -> Document:
    """The document as the proof signs it: without proofs, but for those it builds on (§4.5)."""
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    if "previousProof" not in proof:
        return unsecured
    named = proof["previousProof"] if isinstance(proof["previousProof"], list) else [proof["previousProof"]]
    previous = [other for other in proofs if "id" in other and other["id"] in named]
    if not named or len(previous) != len(named) or proof.get("id") in named:
        raise _refusal(
            ProblemType.PROOF_VERIFICATION,
            "proof-previous-missing",
            "所依据的前一签名不存在",
            "a proof that this one builds on is not there",
        )
    return {**unsecured, "proof": previous}


def _check_members(proof: Document) -> Cryptosuite:
    strange = set(proof) - _MEMBERS
    if strange:
        raise _malformed(sorted(strange)[0])
    for name in _TEXTS:
        if not isinstance(proof.get(name), str):
            raise _malformed(name)
    for name in _OPTIONAL_TEXTS:
        if name in proof and not isinstance(proof[name], str):
            raise _malformed(name)
    return Cryptosuite(proof["cryptosuite"])


def _check_expected(proof: Document, expected: Expected) -> None:
    if proof["proofPurpose"] != expected.purpose:
        raise _refusal(
            ProblemType.PROOF_VERIFICATION,
            "proof-purpose",
            "签名用途应为{purpose}",
            "the proof's purpose must be {purpose}",
            purpose=expected.purpose,
        )
    if "expires" in proof and parse_instant(proof["expires"], "expires") <= expected.now:
        raise _refusal(ProblemType.PROOF_VERIFICATION, "proof-expired", "签名已过期", "the proof has expired")
    if expected.challenge is not None and proof.get("challenge") != expected.challenge:
        raise _refusal(ProblemType.INVALID_CHALLENGE, "proof-challenge", "挑战值不符", "the challenge is another")
    domains = proof.get("domain") if isinstance(proof.get("domain"), list) else [proof.get("domain")]
    if expected.domain is not None and expected.domain not in (domains or ()):
        raise _refusal(ProblemType.INVALID_DOMAIN, "proof-domain", "域不符", "the domain is another")


def _common_context(document: Document, proof: Document) -> object:
    """A JCS proof keeps the @context it signed; the document may have gained further ones since (§3.3.2)."""
    signed, present = (
        value if isinstance(value, list) else [value] for value in (proof["@context"], document.get("@context"))
    )
    if present[: len(signed)] != signed:
        raise _refusal(
            ProblemType.PROOF_VERIFICATION,
            "proof-context",
            "文档的@context与签名时不符",
            "the document's @context is not the one that was signed",
        )
    return proof["@context"]


def _malformed(member: str) -> Refused:
    return _refusal(
        ProblemType.PROOF_VERIFICATION,
        "proof-malformed",
        "签名的{member}不正确",
        "malformed in a proof: {member}",
        member=member,
    )


def _refusal(kind: ProblemType, code: str, zh: str, en: str, **params: object) -> Refused:
    return Refused(kind, code, zh=zh, en=en, **params)
