"""The register over time: every change of a certificate, and what stood at any past moment."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from luban.certificate.adapters.register import Standing, standing
from luban.certificate.adapters.tables import Certificate, RegisterEntry
from luban.certificate.domain.register import Change
from luban.certificate.handlers.read import CertificateShown, is_staff, owned, record_reading, shown
from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import NotFound
from luban.webkit.authentication import Principal
from luban.webkit.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class EntryShown:
    """One change of a certificate."""

    version: int
    at: datetime
    change: str
    reason_code: str | None
    reason: str | None
    decision_ref: str | None
    decided_on: date | None
    proof_ref: str | None
    actor: str | None
    """Who did it; for staff only."""


def list_entries(uow: UnitOfWork, principal: Principal, certificate_id: UUID, paging: PageRequest) -> Page[EntryShown]:
    """Every change, oldest first. Raises NotFound certificate-unknown."""
    owned(uow, principal, certificate_id)
    query = select(RegisterEntry).where(RegisterEntry.certificate_id == certificate_id)
    after = paging.after(int)
    if after:
        query = query.where(col(RegisterEntry.version) > after[0])
    rows = uow.session.exec(query.order_by(col(RegisterEntry.version)).limit(paging.fetch)).all()
    staff = is_staff(principal)
    return paging.page(rows, key=lambda row: (row.version,), item=lambda row: _shown(row, staff=staff))


def show_as_of(uow: UnitOfWork, principal: Principal, certificate_id: UUID, as_of: datetime) -> CertificateShown:
    """What the register said at a moment, `as_of` itself included.

    Raises NotFound certificate-unknown, certificate-not-yet where it was not in the register then.
    """
    row = owned(uow, principal, certificate_id)
    later = select(RegisterEntry).where(RegisterEntry.certificate_id == certificate_id, col(RegisterEntry.at) > as_of)
    stood = standing(row)
    for entry in uow.session.exec(later.order_by(col(RegisterEntry.version).desc())):
        if entry.change in (Change.ISSUED, Change.IMPORTED):
            raise NotFound("certificate-not-yet", zh="当时尚无该证书", en="it was not in the register then")
        stood |= _before(entry)
    record_reading(uow, principal, [row])
    then = Certificate(**{**row.model_dump(), **stood})
    return shown(uow, then, masked=is_staff(principal))


def _before(entry: RegisterEntry) -> Standing:
    before: dict[str, Any] = dict(entry.before or {})
    for day in ("withdrawn_on", "suspended_on"):
        if before.get(day):
            before[day] = date.fromisoformat(before[day])
    if entry.personal_before is not None:
        before["personal"] = entry.personal_before
    return before


def _shown(row: RegisterEntry, *, staff: bool) -> EntryShown:
    return EntryShown(
        row.version, row.at, row.change, row.reason_code, row.reason, row.decision_ref, row.decided_on, row.proof_ref,
        row.actor if staff else None,
    )  # fmt: skip
