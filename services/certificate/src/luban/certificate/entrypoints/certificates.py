"""Reading and withdrawing certificates."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.certificate.handlers import read
from luban.certificate.handlers.history import EntryShown, list_entries, show_as_of
from luban.certificate.handlers.read import CertificateShown, CheckShown
from luban.certificate.handlers.withdraw import Withdrawal, withdraw_by_decision
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1/certificates", tags=["certificates"])

Reader = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.BODY_STAFF, Role.PROVINCE_STAFF))]
Holder = Annotated[Call, Depends(allow(Role.CANDIDATE))]
Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]


class WithdrawalBody(BaseModel):
    """A decision to withdraw."""

    model_config = ConfigDict(extra="forbid")

    reason_code: str = Field(max_length=40, examples=["false-papers"])
    reason: str = Field(min_length=1, max_length=500)
    decision_ref: str = Field(min_length=1, max_length=100)
    decided_on: date | None = None


@router.get("", response_model=Page[CertificateShown])
def certificates(
    call: Reader,
    paging: Paging,
    plan_id: UUID | None = None,
    certificate_no: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """A candidate's own certificates; for staff those of one plan or with one number."""
    return call.execute(lambda uow: read.list_certificates(uow, call.principal, paging, plan_id, certificate_no))


@router.get("/{certificate_id}", response_model=CertificateShown)
def certificate(call: Reader, certificate_id: UUID, as_of: AwareDatetime | None = None) -> Response:
    """One certificate, now or as the register said at a moment; 404 for one of somebody else."""
    if as_of is not None:
        return call.execute(lambda uow: show_as_of(uow, call.principal, certificate_id, as_of))
    return call.execute(lambda uow: read.get_certificate(uow, call.principal, certificate_id))


@router.get("/{certificate_id}/entries")
def entries(call: Reader, certificate_id: UUID, paging: Paging) -> Page[EntryShown]:
    """Every change of a certificate."""
    return call.read(lambda uow: list_entries(uow, call.principal, certificate_id, paging))


@router.get("/{certificate_id}/verifications")
def verifications(call: Holder, certificate_id: UUID, paging: Paging) -> Page[CheckShown]:
    """Who checked the caller's certificate."""
    return call.read(lambda uow: read.list_checks(uow, call.principal, certificate_id, paging))


@router.post("/{certificate_id}/withdrawal", response_model=CertificateShown)
def withdrawal(call: Province, certificate_id: UUID, body: WithdrawalBody) -> Response:
    """Withdraws a certificate by a decision of the province."""
    command = Withdrawal(certificate_id, body.reason_code, body.reason, body.decision_ref, body.decided_on)
    return call.execute(lambda uow: read.shown(uow, withdraw_by_decision(uow, command), masked=True))
