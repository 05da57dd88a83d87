"""Publicity for everybody, objections to what it shows, and corrections."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PersonalData
from luban.exam.adapters.objections import Objection
from luban.exam.entrypoints.shown import ShownScore
from luban.exam.handlers import corrections, objections, reading
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page, PageRequest, Paging

router = APIRouter(prefix="/v1", tags=["publicity"])
Anybody = Annotated[Call, Depends(allow(Role.PUBLIC))]
Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]
Overseer = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.PROVINCE_STAFF, Role.CITY_STAFF))]
Words = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*\S[^\x00]*$")]
CorrectedScores = Annotated[
    dict[str, Annotated[int, Field(strict=True)] | Annotated[str, Field(pattern="^(ABSENT|VOID)$")]],
    Field(min_length=1, max_length=60),
]
NOINDEX = {"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}


class PublicResult(BaseModel):
    """A result as the public sees it: masked name, last 4 characters of the number."""

    publicity_no: int
    name_masked: str
    id_last4: str
    scores: dict[str, ShownScore]
    passed: bool
    publicity_ends_at: datetime


class ObjectionBody(BaseModel):
    """An objection under one's real name."""

    model_config = ConfigDict(extra="forbid")

    publicity_no: Annotated[int, Field(ge=1, le=10_000_000)]
    objector_name: Annotated[str, Field(max_length=100)]
    objector_phone: Annotated[str, Field(max_length=30)]
    statement: Words


class ShownObjection(BaseModel):
    """An objection; who objects is shown to the province alone."""

    objection_id: UUID
    result_id: UUID
    publicity_no: int
    state: str
    statement: str
    filed_at: datetime
    decided_at: datetime | None
    reason: str | None
    objector_name: str | None = None
    objector_phone: str | None = None


class DecisionBody(BaseModel):
    """A decision; an upheld objection brings the right scores, in tenths or "ABSENT", "VOID"."""

    model_config = ConfigDict(extra="forbid")

    upheld: bool
    reason: Words
    scores: CorrectedScores | None = None


class CorrectionBody(BaseModel):
    """The right scores of the subjects that were wrong."""

    model_config = ConfigDict(extra="forbid")

    scores: CorrectedScores
    reason_code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=50)]
    reason: Words


@router.get("/plans/{plan_id}/publicity")
def show_publicity(call: Anybody, plan_id: UUID, paging: Paging, response: Response) -> Page[PublicResult]:
    """The masked list while publicity runs; gone afterwards."""
    response.headers.update(NOINDEX)
    return call.read(partial(_public_page, plan_id, paging))


@router.post("/plans/{plan_id}/objections", status_code=201)
def file_objection(call: Anybody, plan_id: UUID, body: ObjectionBody) -> Response:
    """Holds one result until the province has decided."""

    def file(uow: UnitOfWork) -> dict[str, UUID]:
        call.spend(uow, "objection", rule("objection.daily_per_network", shanghai_day(uow.now())))
        who = body.objector_name, body.objector_phone
        return {"objection_id": objections.file_objection(uow, plan_id, body.publicity_no, *who, body.statement)}

    return call.execute(file, 201)


@router.get("/plans/{plan_id}/objections")
def list_objections(call: Overseer, plan_id: UUID, paging: Paging) -> Response:
    """A plan's objections."""

    def read(uow: UnitOfWork) -> Page[ShownObjection]:
        last = paging.after(UUID)
        found = objections.list_objections(uow, call.principal, plan_id, last[0] if last else None, paging.fetch)
        return paging.page(found, lambda each: (each[0].objection_id,), lambda each: _shown(*each))

    return call.execute(read)


@router.post("/objections/{objection_id}/decision")
def decide_objection(call: Province, objection_id: UUID, body: DecisionBody) -> Response:
    """Upholds an objection with corrected scores, or releases the result."""
    decision = objections.Decision(body.upheld, body.reason, body.scores)

    def decide(uow: UnitOfWork) -> dict[str, Any]:
        result = objections.decide_objection(uow, call.principal, objection_id, decision)
        return {
            "objection_id": objection_id,
            "result_id": result.result_id,
            "state": result.state,
            "passed": result.passed,
            "publicity_ends_at": result.publicity_ends_at,
        }

    return call.execute(decide)


@router.post("/results/{result_id}/correction", status_code=201)
def correct_result(call: Province, result_id: Annotated[UUID, Path()], body: CorrectionBody) -> Response:
    """Corrects scores; recorded with who and why."""
    reason = corrections.Reason(body.reason_code, body.reason)
    return call.execute(
        lambda uow: corrections.correct_result(uow, call.principal, result_id, body.scores, reason), 201
    )


def _public_page(plan_id: UUID, paging: PageRequest, uow: UnitOfWork) -> Page[PublicResult]:
    last = paging.after(int)
    rows = reading.publicity_of(uow, plan_id, last[0] if last else None, paging.fetch)
    return paging.page(rows, lambda row: (row.publicity_no,), partial(_public, uow))


def _public(uow: UnitOfWork, row: Any) -> PublicResult:
    name, tail = reading.masked_person(uow.keyring, row)
    return PublicResult(
        publicity_no=row.publicity_no,
        name_masked=name,
        id_last4=tail,
        scores=row.scores,
        passed=row.passed,
        publicity_ends_at=row.publicity_ends_at,
    )


def _shown(objection: Objection, objector: PersonalData | None) -> ShownObjection:
    return ShownObjection(
        objection_id=objection.objection_id,
        result_id=objection.result_id,
        publicity_no=objection.publicity_no,
        state=objection.state,
        statement=objection.statement,
        filed_at=objection.filed_at,
        decided_at=objection.decided_at,
        reason=objection.reason,
        objector_name=objector.name if objector else None,
        objector_phone=objector.phone if objector else None,
    )
