"""A certificate as a credential that its holder keeps: VC 2.0 with Open Badges 3.0, or SD-JWT VC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from luban.certificate.adapters.proving import Proving
from luban.certificate.adapters.signatures import keep_signed
from luban.certificate.adapters.tables import Certificate as Row
from luban.certificate.domain.register import State, require_attestable
from luban.certificate.handlers.read import owned, refuse_imported
from luban.credentials.achievement import (
    Certificate,
    LevelAchievement,
    Party,
    SpecialAbilityAchievement,
    achievement_credential,
)
from luban.credentials.cryptosuites import Cryptosuite
from luban.credentials.did_web import did_document, method_id
from luban.credentials.sd_jwt_vc import SdJwtOptions, issue_sd_jwt
from luban.credentials.status_index import IndexPermutation
from luban.credentials.status_list import (
    OUR_ENTRIES,
    StatusPurpose,
    encode_list,
    status_entry,
    status_list_credential,
)
from luban.credentials.token_status_list import Reference, TokenStatus, sign_list
from luban.credentials.token_status_list import encode_list as encode_token_list
from luban.credentials.vc_api import IssueOptions, issue
from luban.eventkit.uow import UnitOfWork
from luban.proofs.signing import PublicKey
from luban.reference.levels import Level
from luban.reference.refusal import Conflict, NotFound
from luban.webkit.authentication import Principal

REGISTER_NAME = "职业技能等级证书名册"
LISTS_LAST = timedelta(days=1)
"""How long a published status list is good for."""

ORDINAL = "select index from log_entry where certificate_id = %s and version = 1"
NOT_VALID = """
select l.index, c.state from certificate c join log_entry l on l.certificate_id = c.certificate_id and l.version = 1
where c.state <> 'VALID' and l.index >= %s and l.index < %s order by l.index
"""
LISTS = "select coalesce(max(index), 0) from log_entry"

TOLD = {State.WITHDRAWN: TokenStatus.INVALID, State.SUSPENDED: TokenStatus.SUSPENDED}
"""What the lists say of a certificate that does not count."""
TELLS = {
    "revocation": {TokenStatus.INVALID},
    "suspension": {TokenStatus.SUSPENDED},
    "token": {TokenStatus.INVALID, TokenStatus.SUSPENDED},
}
"""What each kind of list tells: a bit has one meaning, a token's entry says which."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How the holder wants the credential."""

    sd_jwt: bool
    suites: Sequence[Cryptosuite]
    holder_did: str | None
    holder_key: PublicKey | None
    with_id_number: bool


def issue_credential(
    uow: UnitOfWork, proving: Proving, principal: Principal, certificate_id: UUID, wish: Wish
) -> dict[str, Any] | str:
    """The signed credential: a document, or the text of an SD-JWT with all its disclosures.

    Raises NotFound certificate-unknown, Conflict certificate-imported, certificate-withdrawn, certificate-suspended,
    certificate-not-logged (a moment after issue).
    """
    row = owned(uow, principal, certificate_id)
    refuse_imported(row)
    require_attestable(State(row.state))
    place = Place.of(uow, proving, certificate_id)
    signer = proving.credentials.signer
    person = uow.keyring.open_column(row.personal, row.certificate_id)
    certificate, at = _certificate(proving, row, person.name, wish.holder_did), uow.now()
    keep_signed(uow, signer.key_id, certificate_id, at)
    method = method_id(proving.did, signer.public_key)
    if wish.sd_jwt:
        options = SdJwtOptions(
            issuer=proving.did,
            verification_method=method,
            vct=f"{_base(proving)}/credentials/certificate",
            issued_at=at,
            holder_jwk=wish.holder_key.jwk() if wish.holder_key else None,
            status=Reference(place.url("token"), place.index),
            id_number=person.id_no if wish.with_id_number else None,
        )
        return str(issue_sd_jwt(certificate, options, signer))
    statuses = tuple(status_entry(place.url(purpose), purpose, place.index) for purpose in _PURPOSES)
    issuer = Party(proving.did, REGISTER_NAME)
    unsigned = achievement_credential(certificate, issuer, f"{_base(proving)}/achievements", statuses)
    return issue(unsigned, IssueOptions(method, at, wish.suites), signer)


_PURPOSES = (StatusPurpose.REVOCATION, StatusPurpose.SUSPENSION)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the status of a certificate stands: by the place of its issue in the public log, which is its own."""

    base: str
    number: int
    """Of the list."""
    index: int

    @classmethod
    def of(cls, uow: UnitOfWork, proving: Proving, certificate_id: UUID) -> "Place":
        """Raises Conflict certificate-not-logged."""
        row = uow.sql(ORDINAL, (certificate_id,)).fetchone()
        if row is None:
            raise Conflict(
                "certificate-not-logged",
                zh="该证书正在记入公开日志，请稍后再试",
                en="this certificate is about to be logged; try again in a moment",
            )
        number, ordinal = divmod(row[0] + proving.first_list * OUR_ENTRIES, OUR_ENTRIES)
        return cls(_base(proving), number, _permutation(proving, number).index(ordinal))

    def url(self, kind: str) -> str:
        """Of one of the lists of this number."""
        return f"{self.base}/status/{kind}/{self.number}"


def list_of(uow: UnitOfWork, proving: Proving, kind: str, number: int) -> dict[int, TokenStatus]:
    """What a list of one kind tells, by index. Raises NotFound status-list-unknown."""
    (highest,) = uow.sql(LISTS).fetchone() or (0,)
    if not 0 <= number - proving.first_list <= highest // OUR_ENTRIES:
        raise NotFound("status-list-unknown", zh="没有这个状态列表", en="there is no such status list")
    begin = (number - proving.first_list) * OUR_ENTRIES
    permutation = _permutation(proving, number)
    rows = uow.sql(NOT_VALID, (begin, begin + OUR_ENTRIES)).fetchall()
    told = ((permutation.index(index - begin), TOLD[State(state)]) for index, state in rows)
    return {index: status for index, status in sorted(told) if status in TELLS[kind]}


def signed_bitstring(
    uow: UnitOfWork, proving: Proving, number: int, purpose: StatusPurpose, listed: Mapping[int, TokenStatus]
) -> dict[str, Any]:
    """A Bitstring Status List credential."""
    at, url = uow.now(), f"{_base(proving)}/status/{purpose.value}/{number}"
    credential = status_list_credential(url, proving.did, purpose, encode_list(listed), at, at + LISTS_LAST)
    method = method_id(proving.did, proving.credentials.signer.public_key)
    return issue(credential, IssueOptions(method, at), proving.credentials.signer)


def signed_token(uow: UnitOfWork, proving: Proving, number: int, listed: Mapping[int, TokenStatus]) -> str:
    """A Status List Token."""
    at, url = uow.now(), f"{_base(proving)}/status/token/{number}"
    claim = encode_token_list(listed, OUR_ENTRIES)
    return sign_list(url, claim, proving.credentials.signer, at, at + LISTS_LAST)


def documents(proving: Proving) -> dict[str, Any]:
    """Our DID documents by DID."""
    return {
        proving.did: did_document(proving.did, proving.credentials.history),
        proving.vc_api_did: did_document(proving.vc_api_did, proving.vc_api.history),
    }


def _certificate(proving: Proving, row: Row, name: str, holder_did: str | None) -> Certificate:
    achievement: LevelAchievement | SpecialAbilityAchievement
    if row.level is not None:
        achievement = LevelAchievement(
            row.occupation_code or "",
            row.occupation_name or "",
            row.trade or "",
            Level(row.level),
            row.standard_edition or "",
        )
    else:
        achievement = SpecialAbilityAchievement(
            row.project_code or "", row.project_name or "", row.specification_version or 0
        )
    body = Party(f"{_base(proving)}/bodies/{row.body_code}", row.body_name, row.body_code)
    return Certificate(
        f"urn:uuid:{row.certificate_id}", row.certificate_no, name, achievement, body, row.issued_on, holder_did
    )


def _base(proving: Proving) -> str:
    return f"https://{proving.host}"


def _permutation(proving: Proving, number: int) -> IndexPermutation:
    return IndexPermutation(proving.status_key, f"{_base(proving)}/status/{number}", OUR_ENTRIES)
