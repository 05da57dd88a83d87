"""What is wrong with a credential: one error shape, told as problem details (RFC 9457) in the words of the W3C."""

from dataclasses import dataclass
from enum import StrEnum

from luban.reference.refusal import Invalid

_MODEL = "https://www.w3.org/TR/vc-data-model#"
_SECURITY = "https://w3id.org/security#"
_STATUS = "https://www.w3.org/ns/credentials/status-list#"


class ProblemType(StrEnum):
    """The `type` of a problem: VC Data Model 2.0 §7.3, VC Data Integrity 1.0 §4.7, Controlled Identifiers 1.0 §3.5,
    Bitstring Status List 1.0 §3.5."""

    PARSING = _MODEL + "PARSING_ERROR"
    CRYPTOGRAPHIC_SECURITY = _MODEL + "CRYPTOGRAPHIC_SECURITY_ERROR"
    MALFORMED_VALUE = _MODEL + "MALFORMED_VALUE_ERROR"
    RANGE = _MODEL + "RANGE_ERROR"
    PROOF_GENERATION = _SECURITY + "PROOF_GENERATION_ERROR"
    PROOF_VERIFICATION = _SECURITY + "PROOF_VERIFICATION_ERROR"
    PROOF_TRANSFORMATION = _SECURITY + "PROOF_TRANSFORMATION_ERROR"
    INVALID_DOMAIN = _SECURITY + "INVALID_DOMAIN_ERROR"
    INVALID_CHALLENGE = _SECURITY + "INVALID_CHALLENGE_ERROR"
    INVALID_METHOD_URL = _SECURITY + "INVALID_VERIFICATION_METHOD_URL"
    INVALID_METHOD = _SECURITY + "INVALID_VERIFICATION_METHOD"
    INVALID_IDENTIFIER_DOCUMENT = _SECURITY + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT"
    INVALID_RELATIONSHIP = _SECURITY + "INVALID_RELATIONSHIP_FOR_VERIFICATION_METHOD"
    STATUS_RETRIEVAL = _STATUS + "STATUS_RETRIEVAL_ERROR"
    STATUS_VERIFICATION = _STATUS + "STATUS_VERIFICATION_ERROR"
    STATUS_LIST_LENGTH = _STATUS + "STATUS_LIST_LENGTH_ERROR"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, as the VC-API reports it."""

    type: ProblemType
    code: str
    """Stable and kebab-case."""
    title: str
    """In Chinese."""
    detail: str
    """In English."""


class Refused(Invalid):
    """A document that is not accepted, with the reason; an `Invalid`, so that HTTP answers 4xx."""

    def __init__(self, kind: ProblemType, code: str, /, *, zh: str, en: str, **params: object) -> None:
        super().__init__(code, zh=zh, en=en, **params)
        self.kind = kind

    @property
    def problem(self) -> Problem:
        return Problem(self.kind, self.code, self.zh, self.en)


def problem_of(error: Invalid, kind: ProblemType) -> Problem:
    """The problem of any `Invalid`; `kind` where it has none of its own."""
    return error.problem if isinstance(error, Refused) else Problem(kind, error.code, error.zh, error.en)
