"""A credential that a holder keeps: VC 2.0 as JSON, or SD-JWT VC."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from luban.cli.verify.finding import Finding, Said
from luban.cli.verify.trust import Trust
from luban.credentials.did import ASSERTION, find_method
from luban.credentials.jws import check_signature
from luban.credentials.sd_jwt_vc import VerifiedSdJwt, verify_sd_jwt
from luban.credentials.token_status_list import Reference, TokenStatus, read_list
from luban.credentials.vc_api import Outcome, verify_credential
from luban.reference.refusal import Invalid

KIND, SD_JWT_KIND = ("可验证凭证", "verifiable credential"), ("可选择披露的凭证（SD-JWT）", "SD-JWT credential")
_NOT_HOLDER = ("出示者是否持证人", "that whoever brings it is the holder")
_NO_LIST = (
    "是否已被撤销或暂停：手头没有状态列表",
    "whether it was withdrawn or suspended: its status list is not at hand (--status-list)",
)
_IN_FORCE = ("按手头的状态列表未被撤销或暂停", "neither withdrawn nor suspended by the status list at hand")


def verify_held(text: str, trust: Trust, now: datetime, lists: Mapping[str, object]) -> Finding:
    """Of a credential in JSON."""
    finding = Finding(KIND, as_of=now)
    outcome = verify_credential(text, trust.documents.get, now, lists)
    if outcome.credential is None:
        finding.reasons += [(each.title, each.detail) for each in outcome.errors]
        return finding
    finding.by = outcome.issuer or ""
    finding.proven.append((f"由 {outcome.issuer} 签发，内容未被改动", f"issued by {outcome.issuer}, and unchanged"))
    finding.proven += _achievement(outcome.credential)
    _status(finding, outcome)
    finding.unproven.append(_NOT_HOLDER)
    return finding


def _achievement(credential: Mapping[str, Any]) -> list[Said]:
    subject = credential.get("credentialSubject")
    achievement = subject.get("achievement") if isinstance(subject, dict) else None
    if not isinstance(subject, dict) or not isinstance(achievement, dict):
        return []
    number, title = subject.get("licenseNumber"), achievement.get("name")
    names = [each.get("identityHash") for each in subject.get("identifier", []) if isinstance(each, dict)]
    holder = "、".join(str(name) for name in names)
    return [
        (f"证书 {number}，持证人 {holder}", f"certificate {number} of {holder}"),
        (f"{title}，自 {credential.get('validFrom')} 起", f"it certifies: {title}, from {credential.get('validFrom')}"),
    ]


def _status(finding: Finding, outcome: Outcome) -> None:
    codes = [warning.code for warning in outcome.warnings]
    if "status" in outcome.checks and "status-unchecked" not in codes:
        finding.proven.append(_IN_FORCE)
    else:
        finding.unproven.append(_NO_LIST)
    finding.unproven += [(each.title, each.detail) for each in outcome.warnings if each.code != "status-unchecked"]


def verify_held_sd_jwt(text: str, trust: Trust, now: datetime, lists: Mapping[str, object]) -> Finding:
    """Of an SD-JWT VC, with what its holder chose to show."""
    finding = Finding(SD_JWT_KIND, as_of=now)
    try:
        found = verify_sd_jwt(text, trust.documents.get, now)
        ended = _token_status(found, trust, now, lists)
    except Invalid as refusal:
        return finding.refuse(refusal)
    finding.by = found.issuer
    finding.proven.append(
        (f"由 {found.issuer} 签发，所示内容未被改动", f"issued by {found.issuer}, what is shown unchanged")
    )
    finding.proven += [
        (f"{name}：{value}", f"{name}: {value}")
        for name, value in found.claims.items()
        if not isinstance(value, dict | list) and name not in ("iss", "iat", "nbf", "exp", "vct", "_sd_alg")
    ]
    (finding.proven if ended is False else finding.unproven).append(_IN_FORCE if ended is False else _NO_LIST)
    finding.unproven.append(_NOT_HOLDER)
    return finding


def _token_status(found: VerifiedSdJwt, trust: Trust, now: datetime, lists: Mapping[str, object]) -> bool | None:
    """False where it is in force, None where its list is not at hand. Raises `Invalid` status-suspended, status-revoked
    for one that is not."""
    reference: Reference | None = found.status
    if reference is None or reference.uri not in lists:
        return None
    jws, value = read_list(lists[reference.uri], reference, now)
    keys = [trust.documents[found.issuer]] if found.issuer in trust.documents else []
    methods = [method["id"] for document in keys for method in document["verificationMethod"]]
    kid = jws.header.get("kid")
    url = next((each for each in methods if each.endswith(f"#{kid}") or each == kid), kid)
    check_signature(jws, find_method(url, ASSERTION, trust.documents.get, signed_at=now, now=now).key)
    if value == TokenStatus.SUSPENDED:
        raise Invalid("status-suspended", zh="凭证已暂停", en="the credential is suspended")
    if value != TokenStatus.VALID:
        raise Invalid("status-revoked", zh="凭证已注销", en="the credential is withdrawn")
    return False
