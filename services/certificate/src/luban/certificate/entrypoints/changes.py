"""What staff decide on a certificate beside withdrawing it, and what its holder holds against a withdrawal."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.certificate.domain.register import AppealOutcome
from luban.certificate.handlers import change, read, suspend
from luban.certificate.handlers.change import AppealShown
from luban.certificate.handlers.read import CertificateShown
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

router = APIRouter(prefix="/v1", tags=["register"])

Holder = Annotated[Call, Depends(allow(Role.CANDIDATE))]
BodyOrProvince = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.PROVINCE_STAFF))]
Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]

Reference = Annotated[str, Field(min_length=1, max_length=100)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class CorrectionBody(BaseModel):
    """What is corrected, and by what proof."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, max_length=200)
    id_type: str | None = Field(default=None, max_length=40)
    id_no: str | None = Field(default=None, max_length=40)
    proof_ref: Reference
    reason: Reason


class ReissueBody(BaseModel):
    """The new paper."""

    model_config = ConfigDict(extra="forbid")

    print_serial: str = Field(pattern=r"^[A-Z0-9-]{4,32}$")
    remark: str = Field(default="补发", min_length=1, max_length=40)
    reason: Reason


class SuspensionBody(BaseModel):
    """A decision to suspend."""

    model_config = ConfigDict(extra="forbid")

    reason_code: str = Field(max_length=40, examples=["report"])
    reason: Reason
    decision_ref: Reference
    decided_on: date | None = None


class ResumptionBody(BaseModel):
    """A decision to end a suspension."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    decision_ref: Reference
    decided_on: date | None = None


class AppealBody(BaseModel):
    """Why the decision is wrong."""

    model_config = ConfigDict(extra="forbid")

    statement: str = Field(min_length=1, max_length=2000)


class AppealDecisionBody(BaseModel):
    """How the appeal ends."""

    model_config = ConfigDict(extra="forbid")

    outcome: AppealOutcome
    reason: Reason
    decision_ref: Reference
    decided_on: date | None = None


@router.post("/certificates/{certificate_id}/correction", response_model=CertificateShown)
def correct(call: Province, certificate_id: UUID, body: CorrectionBody) -> Response:
    """Corrects the holder's name or document by proof."""
    command = change.Correction(certificate_id, body.name, body.id_type, body.id_no, body.proof_ref, body.reason)
    return call.execute(lambda uow: read.shown(uow, change.correct_holder(uow, command), masked=True))


@router.post("/certificates/{certificate_id}/reissue", response_model=CertificateShown)
def reissue(call: BodyOrProvince, certificate_id: UUID, body: ReissueBody) -> Response:
    """Records that the paper was printed again: the number stays, the print serial is new."""
    command = change.Reissue(certificate_id, body.print_serial, body.remark, body.reason)
    return call.execute(lambda uow: read.shown(uow, change.reissue(uow, call.principal, command), masked=True))


@router.post("/certificates/{certificate_id}/suspension", response_model=CertificateShown)
def suspension(call: Province, certificate_id: UUID, body: SuspensionBody) -> Response:
    """Suspends a valid certificate by a decision of the province, while something is looked into."""
    command = suspend.Suspension(certificate_id, body.reason_code, body.reason, body.decision_ref, body.decided_on)
    return call.execute(lambda uow: read.shown(uow, suspend.suspend(uow, command), masked=True))


@router.post("/certificates/{certificate_id}/resumption", response_model=CertificateShown)
def resumption(call: Province, certificate_id: UUID, body: ResumptionBody) -> Response:
    """Ends a suspension: the certificate counts again."""
    command = suspend.Resumption(certificate_id, body.reason, body.decision_ref, body.decided_on)
    return call.execute(lambda uow: read.shown(uow, suspend.resume(uow, command), masked=True))


@router.post("/certificates/{certificate_id}/appeals", status_code=201, response_model=AppealShown)
def appeal(call: Holder, certificate_id: UUID, body: AppealBody) -> Response:
    """A holder's appeal against the decision to withdraw."""
    return call.execute(lambda uow: change.file_appeal(uow, call.principal, certificate_id, body.statement), 201)


@router.post("/appeals/{appeal_id}/decision", response_model=AppealShown)
def decide(call: Province, appeal_id: UUID, body: AppealDecisionBody) -> Response:
    """Ends an appeal, by somebody else than who decided to withdraw."""
    command = change.AppealDecision(appeal_id, body.outcome, body.reason, body.decision_ref, body.decided_on)
    return call.execute(lambda uow: change.decide_appeal(uow, command))
