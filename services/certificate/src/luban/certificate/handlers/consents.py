"""Consents of holders: given, shown with their use, revoked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlmodel import select

from luban.certificate.adapters.tables import Consent
from luban.certificate.domain.consent import parse_fields, require_room
from luban.certificate.domain.question import token_hash
from luban.certificate.handlers.read import owned
from luban.eventkit.uow import UnitOfWork
from luban.reference.credit_code import parse_credit_code
from luban.reference.refusal import Conflict, Invalid, NotFound
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Principal
from luban.webkit.paging import Page, PageRequest

TOKEN_BYTES = 32

LIST = """
select consent_id, certificate_id, credit_code, fields, purpose, given_at, expires_at, revoked_at,
       (select count(*) from verification
        where certificate_id = consent.certificate_id and consent_id = consent.consent_id)
from consent where certificate_id = %(certificate)s and (%(before)s::uuid is null or consent_id < %(before)s::uuid)
order by consent_id desc limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class ConsentShown:
    """What its holder sees of a consent."""

    consent_id: UUID
    certificate_id: UUID
    credit_code: str
    fields: list[str]
    purpose: str
    given_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    uses: int
    """Checks that were told more because of it; each stands in the list of checks."""


@dataclass(frozen=True, slots=True)
class ConsentGiven(ConsentShown):
    """A new consent with its token, the only time that it is shown."""

    token: str


@dataclass(frozen=True, slots=True)
class Permission:
    """The command of a holder."""

    credit_code: str
    fields: Sequence[str]
    purpose: str
    days: int


def give_consent(uow: UnitOfWork, principal: Principal, certificate_id: UUID, command: Permission) -> ConsentGiven:
    """Raises NotFound certificate-unknown, `Invalid` for what cannot be, Conflict consent-too-many."""
    owned(uow, principal, certificate_id, lock=True)
    now = uow.now()
    today = shanghai_day(now)
    most_days = rule("consent.most_days", today)
    if not 1 <= command.days <= most_days:
        raise Invalid(
            "consent-days", zh="授权期限应为1至{most}天", en="a consent lasts 1 to {most} days", most=most_days
        )
    live = "select count(*) from consent where certificate_id = %s and revoked_at is null and expires_at > %s"
    (count,) = uow.sql(live, (certificate_id, now)).fetchone() or (0,)
    require_room(count, rule("consent.most_live", today))
    token = token_urlsafe(TOKEN_BYTES)
    row = Consent(
        consent_id=uow.new_id(),
        certificate_id=certificate_id,
        token_hash=bytes.fromhex(token_hash(token)),
        credit_code=parse_credit_code(command.credit_code),
        fields=[each.value for each in parse_fields(command.fields)],
        purpose=command.purpose.strip(),
        given_at=now,
        expires_at=now + timedelta(days=command.days),
    )
    uow.session.add(row)
    return ConsentGiven(**asdict(ConsentShown(*_values(row, 0))), token=token)


def revoke_consent(uow: UnitOfWork, principal: Principal, consent_id: UUID) -> ConsentShown:
    """Raises NotFound consent-unknown, also for another holder's, Conflict consent-already-revoked."""
    row = uow.session.exec(select(Consent).where(Consent.consent_id == consent_id).with_for_update()).first()
    if row is None or not _is_own(uow, principal, row.certificate_id):
        raise NotFound("consent-unknown", zh="没有这项授权", en="there is no such consent")
    if row.revoked_at is not None:
        raise Conflict("consent-already-revoked", zh="该授权已撤销", en="this consent has been revoked already")
    row.revoked_at = uow.now()
    uow.session.add(row)
    used = "select count(*) from verification where certificate_id = %s and consent_id = %s"
    (uses,) = uow.sql(used, (row.certificate_id, row.consent_id)).fetchone() or (0,)
    return ConsentShown(*_values(row, uses))


def list_consents(
    uow: UnitOfWork, principal: Principal, certificate_id: UUID, paging: PageRequest
) -> Page[ConsentShown]:
    """The consents on a certificate, newest first. Raises NotFound certificate-unknown."""
    owned(uow, principal, certificate_id)
    before = paging.after(UUID)
    asked = {"certificate": certificate_id, "before": before and before[0], "limit": paging.fetch}
    rows = uow.sql(LIST, asked).fetchall()
    return paging.page(rows, key=lambda row: (row[0],), item=lambda row: ConsentShown(*row))


def _is_own(uow: UnitOfWork, principal: Principal, certificate_id: UUID) -> bool:
    try:
        owned(uow, principal, certificate_id)
    except NotFound:
        return False
    return True


def _values(row: Consent, uses: int) -> tuple[Any, ...]:
    return (
        row.consent_id, row.certificate_id, row.credit_code, list(row.fields), row.purpose, row.given_at,
        row.expires_at, row.revoked_at, uses,
    )  # fmt: skip
