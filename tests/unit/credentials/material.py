"""An issuer with its key and DID document, two certificates, a holder: what the tests of credentials share."""

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from luban.credentials.achievement import (
    Certificate,
    LevelAchievement,
    Party,
    SpecialAbilityAchievement,
    achievement_credential,
)
from luban.credentials.cryptosuites import Cryptosuite
from luban.credentials.data_integrity import ProofOptions, add_proof
from luban.credentials.did import AUTHENTICATION, Resolver, did_key, did_key_method
from luban.credentials.did_web import did_document, did_web, method_id
from luban.credentials.problems import ProblemType
from luban.credentials.status_list import StatusPurpose, encode_list, status_entry, status_list_credential
from luban.credentials.vc_api import IssueOptions, Outcome, issue, verify_credential
from luban.proofs.key_history import KeyHistory
from luban.proofs.local_key import LocalSigner
from luban.reference.levels import Level

NOW = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
ISSUER = did_web("certificates.example", "register")
SIGNER = LocalSigner.generate()
METHOD = method_id(ISSUER, SIGNER.public_key)
HISTORY = KeyHistory().rotate(SIGNER.public_key, datetime(2026, 1, 1, tzinfo=UTC))
OPTIONS = IssueOptions(METHOD, NOW - timedelta(days=1))
HOLDER = LocalSigner.generate()
HOLDER_DID, HOLDER_METHOD = did_key(HOLDER.public_key), did_key_method(HOLDER.public_key)
REGISTER = Party(ISSUER, "山东省职业技能等级证书名册")
BODY = Party("https://certificates.example/bodies/S000037000072", "测试评价协会", "S000037000072")
ACHIEVEMENTS = "https://certificates.example/achievements"
REVOCATIONS = "https://certificates.example/status/revocation/1"
SUSPENSIONS = "https://certificates.example/status/suspension/1"

LEVEL = Certificate(
    credential_id="urn:uuid:0190a000-0000-7000-8000-000000000001",
    certificate_no="S000037000072263000001",
    holder_name="测试甲",
    achievement=LevelAchievement("6-31-01-03", "电工", "", Level.THREE, "2018年版"),
    body=BODY,
    issued_on=date(2026, 4, 8),
)
SPECIAL_ABILITY = Certificate(
    credential_id="urn:uuid:0190a000-0000-7000-8000-000000000002",
    certificate_no="2637014072900001",
    holder_name="阿依古丽·测试",
    achievement=SpecialAbilityAchievement("370001", "胶东花饽饽制作", 2),
    body=BODY,
    issued_on=date(2026, 4, 8),
    holder_did=HOLDER_DID,
)
STATUSES = (
    status_entry(REVOCATIONS, StatusPurpose.REVOCATION, 4711),
    status_entry(SUSPENSIONS, StatusPurpose.SUSPENSION, 815),
)

Edit = Callable[[dict[str, Any]], object]


def resolver(history: KeyHistory = HISTORY, **others: Any) -> Resolver:
    """Knows the issuer's document, and what else is given by DID."""
    return {ISSUER: did_document(ISSUER, history), **others}.get


def unsigned(certificate: Certificate = LEVEL) -> dict[str, Any]:
    return achievement_credential(certificate, REGISTER, ACHIEVEMENTS, STATUSES)


def issued(certificate: Certificate = LEVEL, options: IssueOptions = OPTIONS) -> dict[str, Any]:
    return issue(unsigned(certificate), options, SIGNER)


def changed(document: dict[str, Any], edit: Edit) -> dict[str, Any]:
    """A copy of the document, edited."""
    edited = copy.deepcopy(document)
    edit(edited)
    return edited


def signed_list(url: str, purpose: StatusPurpose, set_indices: set[int]) -> dict[str, Any]:
    encoded = encode_list(set_indices)
    listed = status_list_credential(url, ISSUER, purpose, encoded, NOW - timedelta(hours=1), NOW + timedelta(days=1))
    return issue(listed, OPTIONS, SIGNER)


def verify(document: object, **settings: Any) -> Outcome:
    return verify_credential(document, settings.pop("resolver", resolver()), settings.pop("now", NOW), **settings)


def refusal(outcome: Outcome) -> tuple[str, ProblemType]:
    """Code and type of the one error of an outcome that is not verified."""
    assert not outcome.verified
    assert outcome.credential is None
    (error,) = outcome.errors
    return error.code, error.type


def presentation(*credentials: Any, **options: Any) -> dict[str, Any]:
    """Signed by the holder, unless the options say otherwise."""
    signer, suite = options.pop("signer", HOLDER), options.pop("suite", Cryptosuite.RDFC)
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": options.pop("holder", HOLDER_DID),
        "verifiableCredential": list(credentials),
    }
    settings = {"purpose": AUTHENTICATION, "challenge": "n-0S6_WzA2Mj", "domain": "employer.example"} | options
    return add_proof(document, suite, ProofOptions(HOLDER_METHOD, NOW, **settings), signer)
