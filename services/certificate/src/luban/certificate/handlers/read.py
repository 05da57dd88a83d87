"""Reading the register: a holder's own certificates in full, a body's and the province's by plan or number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from luban.certificate.adapters.register import no_such_certificate
from luban.certificate.adapters.tables import Certificate
from luban.certificate.domain.register import Origin
from luban.eventkit.uow import UnitOfWork
from luban.reference.levels import Level
from luban.reference.names import mask_id_no
from luban.reference.refusal import Conflict, Invalid
from luban.reference.spelling import plain
from luban.webkit.access_log import record_access
from luban.webkit.authentication import Principal, Role
from luban.webkit.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class CertificateShown:
    """A certificate as its holder sees it; staff see the document's number masked."""

    certificate_id: UUID
    certificate_no: str
    candidate_id: UUID
    name: str
    id_type: str
    id_no: str
    track: str
    kind: str
    occupation_code: str | None
    occupation_name: str | None
    trade: str | None
    level: int | None
    level_name: str | None
    project_code: str | None
    project_name: str | None
    body_id: UUID
    body_name: str
    plan_id: UUID
    result_id: UUID
    issued_on: date
    state: str
    withdrawn_on: date | None
    withdrawal_reason: str | None
    suspended_on: date | None
    suspension_reason: str | None
    print_serial: str | None
    origin: str
    authority: str
    scores: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CheckShown:
    """A check that hit, as the holder sees it."""

    verification_id: UUID
    at: datetime
    asked_by: str
    """EMPLOYER or PUBLIC."""
    employer_name: str | None
    purpose: str
    outcome: str
    lawful_ground: str | None
    """As the asker said it."""
    consent_id: UUID | None
    """The consent because of which more was told."""


def list_certificates(
    uow: UnitOfWork, principal: Principal, paging: PageRequest, plan_id: UUID | None, certificate_no: str | None
) -> Page[CertificateShown]:
    """A candidate's own; for staff those of one plan or with one number, recorded as access.

    Raises `Invalid` certificate-list-unbounded when staff name neither: nobody browses the register.
    """
    query = _visible(select(Certificate), principal)
    if is_staff(principal) and plan_id is None and certificate_no is None:
        raise Invalid(
            "certificate-list-unbounded",
            zh="请指定认定计划或证书编号",
            en="name a plan or a certificate number",
        )
    if plan_id is not None:
        query = query.where(Certificate.plan_id == plan_id)
    if certificate_no is not None:
        query = query.where(Certificate.certificate_no == plain(certificate_no))
    after = paging.after(UUID)
    if after:
        query = query.where(col(Certificate.certificate_id) > after[0])
    rows = uow.session.exec(query.order_by(col(Certificate.certificate_id)).limit(paging.fetch)).all()
    record_reading(uow, principal, rows[: paging.limit])
    return paging.page(
        rows, key=lambda row: (row.certificate_id,), item=lambda row: shown(uow, row, masked=is_staff(principal))
    )


def get_certificate(uow: UnitOfWork, principal: Principal, certificate_id: UUID) -> CertificateShown:
    """Raises NotFound certificate-unknown, also for a certificate of somebody else."""
    row = owned(uow, principal, certificate_id)
    record_reading(uow, principal, [row])
    return shown(uow, row, masked=is_staff(principal))


def owned(uow: UnitOfWork, principal: Principal, certificate_id: UUID, *, lock: bool = False) -> Certificate:
    """A certificate that the caller may see. Raises NotFound certificate-unknown, also for one of somebody else."""
    query = _visible(select(Certificate), principal).where(Certificate.certificate_id == certificate_id)
    row = uow.session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise no_such_certificate()
    return row


def list_checks(uow: UnitOfWork, principal: Principal, certificate_id: UUID, paging: PageRequest) -> Page[CheckShown]:
    """Who asked about a certificate and hit, newest first. Raises NotFound certificate-unknown."""
    owned(uow, principal, certificate_id)
    before = paging.after(UUID)
    rows = uow.sql(
        "select verification_id, at, caller_kind, employer_name, purpose, outcome, lawful_ground, consent_id"
        " from verification left join api_key using (key_id)"
        " where certificate_id = %s and (%s::uuid is null or verification_id < %s::uuid)"
        " order by verification_id desc limit %s",
        (certificate_id, before and before[0], before and before[0], paging.fetch),
    ).fetchall()
    return paging.page(rows, key=lambda row: (row[0],), item=lambda row: CheckShown(*row))


def shown(uow: UnitOfWork, row: Certificate, *, masked: bool) -> CertificateShown:
    """Opens the holder's data."""
    holder = uow.keyring.open_column(row.personal, row.certificate_id)
    facts = row.model_dump(include=set(CertificateShown.__slots__))
    return CertificateShown(
        **facts,
        name=holder.name,
        id_type=holder.id_type,
        id_no=mask_id_no(holder.id_no) if masked else holder.id_no,
        level_name=Level(row.level).certificate_text if row.level else None,
    )


def is_staff(principal: Principal) -> bool:
    """Whether what is read of others is masked and recorded."""
    return principal.has(Role.BODY_STAFF, Role.PROVINCE_STAFF)


def _visible(query: SelectOfScalar[Certificate], principal: Principal) -> SelectOfScalar[Certificate]:
    """What a caller may see: the province everything, a body its own, everybody else what is theirs."""
    if principal.has(Role.PROVINCE_STAFF):
        return query
    if principal.has(Role.BODY_STAFF):
        return query.where(Certificate.body_id == principal.body_id)
    return query.where(Certificate.candidate_id == principal.subject)


def refuse_imported(row: Certificate) -> None:
    """Raises Conflict certificate-imported: what was issued elsewhere is attested by those who issued it."""
    if row.origin == Origin.IMPORTED:
        raise Conflict(
            "certificate-imported",
            zh="该证书由其他机构颁发，请向其颁发机构办理",
            en="this certificate was issued elsewhere; ask those who issued it",
        )


def record_reading(uow: UnitOfWork, principal: Principal, rows: Sequence[Certificate]) -> None:
    """Records whose data a member of staff reads."""
    if is_staff(principal):
        record_access(uow, principal, [row.candidate_id for row in rows], "certificate", "register")
