"""The core of the VC-API: issue a credential, verify a credential, verify a presentation. Pure functions; HTTP, keys,
foreign DID documents and foreign status lists are the caller's.

Whatever is brought here ends in an `Outcome` with its reasons; no library's exception leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from luban.credentials import vc_jwt
from luban.credentials.cryptosuites import Cryptosuite
from luban.credentials.data_integrity import Expected, ProofOptions, Verified, add_proof, verify_proofs
from luban.credentials.data_model import (
    as_list,
    check_credential,
    check_presentation,
    controller_of,
    types_of,
    validity,
)
from luban.credentials.did import ASSERTION, AUTHENTICATION, Resolver
from luban.credentials.linked_data import canonical_quads
from luban.credentials.problems import Problem, ProblemType, Refused, problem_of
from luban.credentials.reading import Document, check_bounds, read_document
from luban.credentials.status_checks import check_statuses
from luban.proofs.signing import Signer
from luban.reference.refusal import Invalid

BOTH_SUITES = (Cryptosuite.JCS, Cryptosuite.RDFC)
_ENVELOPED = "EnvelopedVerifiableCredential"
_VC_JWT_URL = "data:application/vc+jwt,"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verifier answers. `verified` is true only when there are no errors."""

    verified: bool
    checks: list[str] = field(default_factory=list)
    """What was looked at, in order: structure, proof, validity, status."""
    warnings: list[Problem] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    credential: Document | None = None
    """The credential or presentation without its proof; None where it is not verified."""
    issuer: str | None = None
    """Who is proven to have issued it, or to present it."""
    credentials: list["Outcome"] = field(default_factory=list)
    """Of the credentials in a presentation."""


@dataclass(frozen=True, slots=True)
class IssueOptions:
    """How to secure a new credential."""

    verification_method: str
    created: datetime
    suites: Sequence[Cryptosuite] = BOTH_SUITES


def issue(credential: object, options: IssueOptions, signer: Signer) -> Document:
    """The credential with one proof per cryptosuite, each over the credential alone: a set.

    A credential that has a proof already is refused, and one whose issuer does not control the verification method.
    Raises `Refused` as `check_credential` and `canonical_quads`; proof-present; issuer-other.
    """
    checked = check_credential(credential)
    if "proof" in checked:
        raise _refused(
            ProblemType.PROOF_GENERATION, "proof-present", "凭证已有签名", "the credential has a proof already"
        )
    if options.verification_method.partition("#")[0] != controller_of(checked["issuer"]):
        raise _issuer_other()
    canonical_quads(checked)  # whatever suites were asked for: another verifier may use RDF
    secured = checked
    for suite in options.suites:
        secured = add_proof(secured, suite, ProofOptions(options.verification_method, options.created), signer)
    return secured


def verify_credential(
    document: object,
    resolver: Resolver,
    now: datetime,
    status_lists: Mapping[str, object] | None = None,
    *,
    entries: int | None = None,
) -> Outcome:
    """Of a credential as parsed JSON, as JSON text, or as VC-JWT.

    `status_lists` are the status list credentials that the caller has at hand, by URL; a status whose list is not
    among them is a warning. `entries` is the size that they must have, where it is known.
    """
    return _Verification(resolver, now).credential(document, status_lists or {}, entries)


def verify_presentation(
    document: object,
    resolver: Resolver,
    challenge: str,
    domain: str | None,
    now: datetime,
    status_lists: Mapping[str, object] | None = None,
) -> Outcome:
    """Of a presentation and every credential in it. Its holder proves with the challenge that it is made now and, where
    a domain is asked for, for whom."""
    expected = Expected(AUTHENTICATION, now, challenge, domain)
    return _Verification(resolver, now).presentation(document, expected, status_lists or {})


class _Verification:
    """One run: collects what was checked and what was found."""

    def __init__(self, resolver: Resolver, now: datetime) -> None:
        self._resolver, self._now = resolver, now
        self._checks: list[str] = []
        self._warnings: list[Problem] = []

    def credential(self, document: object, lists: Mapping[str, object], entries: int | None) -> Outcome:
        try:
            credential, issuer = self._secured_credential(document)
            self._check_validity(credential)
            self._check_status(credential, lists, entries)
        except Invalid as error:
            return self._failed(error)
        unsecured = {name: value for name, value in credential.items() if name != "proof"}
        return Outcome(True, self._checks, self._warnings, [], unsecured, issuer)

    def presentation(self, document: object, expected: Expected, lists: Mapping[str, object]) -> Outcome:
        try:
            self._checks.append("structure")
            presentation = check_presentation(_parsed(document))
            self._checks.append("proof")
            holder = self._holder(presentation, expected)
        except Invalid as error:
            return self._failed(error)
        inner = [
            _Verification(self._resolver, self._now).credential(_unwrapped(each), lists, None)
            for each in as_list(presentation.get("verifiableCredential"))
        ]
        self._checks.append("credentials")
        errors = [problem for outcome in inner for problem in outcome.errors]
        unsecured = {name: value for name, value in presentation.items() if name != "proof"}
        return Outcome(
            not errors, self._checks, self._warnings, errors, None if errors else unsecured, holder, credentials=inner
        )

    def _secured_credential(self, document: object) -> tuple[Document, str]:
        self._checks.append("structure")
        if isinstance(document, str) and not document.lstrip().startswith("{"):
            self._checks.append("proof")
            credential, method = vc_jwt.read_vc_jwt(document, self._resolver, self._now)
            return credential, method.controller
        credential = check_credential(_parsed(document))
        self._checks.append("proof")
        issuer = controller_of(credential["issuer"])
        proofs = self._proofs(credential, Expected(ASSERTION, self._now))
        if not any(proof.controller == issuer for proof in proofs):
            raise _issuer_other()
        return credential, str(issuer)

    def _holder(self, presentation: Document, expected: Expected) -> str:
        proofs = self._proofs(presentation, expected)
        holder = controller_of(presentation.get("holder", proofs[0].controller))
        if not any(proof.controller == holder for proof in proofs):
            raise _refused(
                ProblemType.PROOF_VERIFICATION,
                "holder-other",
                "签名并非由所称持有人作出",
                "the proof is another's than the holder's",
            )
        return str(holder)

    def _proofs(self, document: Document, expected: Expected) -> list[Verified]:
        proofs, unknown = verify_proofs(document, self._resolver, expected)
        for name in unknown:
            self._warnings.append(
                Problem(
                    ProblemType.PROOF_VERIFICATION,
                    "cryptosuite-unknown",
                    f"未验证的签名套件：{name}",
                    f"a proof of an unknown cryptosuite was left aside: {name}",
                )
            )
        return proofs

    def _check_validity(self, credential: Document) -> None:
        self._checks.append("validity")
        begins, ends = validity(credential)
        if begins and begins > self._now:
            raise _refused(ProblemType.RANGE, "not-yet-valid", "凭证尚未生效", "the credential is not valid yet")
        if ends and ends <= self._now:
            raise _refused(ProblemType.RANGE, "expired", "凭证已过期", "the credential has expired")
        if "credentialSchema" in credential:
            self._warnings.append(
                Problem(ProblemType.MALFORMED_VALUE, "schema-unchecked", "未按模式校验", "its schema was not applied")
            )

    def _check_status(self, credential: Document, lists: Mapping[str, object], entries: int | None) -> None:
        if "credentialStatus" not in credential:
            return
        self._checks.append("status")

        def verified_list(document: object) -> tuple[Document, str]:
            return _Verification(self._resolver, self._now).status_list(document)

        self._warnings += check_statuses(credential, lists, verified_list, entries)

    def status_list(self, document: object) -> tuple[Document, str]:
        """The list and its issuer. Raises `Invalid`."""
        credential, issuer = self._secured_credential(document)
        self._check_validity(credential)
        return credential, issuer

    def _failed(self, error: Invalid) -> Outcome:
        return Outcome(False, self._checks, self._warnings, [problem_of(error, ProblemType.PROOF_VERIFICATION)])


def _parsed(document: object) -> Document:
    return read_document(document) if isinstance(document, str | bytes) else check_bounds(document)


def _unwrapped(credential: Any) -> object:
    """A VC-JWT travels in a presentation as the id of an enveloped credential (VC Data Model 2.0 §4.12.1)."""
    if isinstance(credential, dict) and _ENVELOPED in types_of(credential):
        url = credential.get("id")
        if isinstance(url, str) and url.startswith(_VC_JWT_URL):
            return url.removeprefix(_VC_JWT_URL)
    return credential


def _issuer_other() -> Refused:
    return _refused(
        ProblemType.PROOF_VERIFICATION,
        "issuer-other",
        "签名并非由所称发证机构作出",
        "the proof is another's than the issuer's",
    )


def _refused(kind: ProblemType, code: str, zh: str, en: str) -> Refused:
    return Refused(kind, code, zh=zh, en=en)
