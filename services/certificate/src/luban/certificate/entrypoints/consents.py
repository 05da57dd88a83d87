"""Holders allow one employer to learn more, and take it back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.certificate.domain.consent import ConsentField
from luban.certificate.handlers.consents import (
    ConsentGiven,
    ConsentShown,
    Permission,
    give_consent,
    list_consents,
    revoke_consent,
)
from luban.webkit.answer import answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1", tags=["consents"])

Holder = Annotated[Call, Depends(allow(Role.CANDIDATE))]


class ConsentBody(BaseModel):
    """To whom, what, what for, how long."""

    model_config = ConfigDict(extra="forbid")

    credit_code: str = Field(max_length=40)
    fields: list[str] = Field(max_length=10, examples=[[each.value for each in ConsentField]])
    purpose: str = Field(min_length=1, max_length=100)
    days: int = Field(ge=1, le=3660)


@router.post("/certificates/{certificate_id}/consents", status_code=201, response_model=ConsentGiven)
def give(call: Holder, certificate_id: UUID, body: ConsentBody) -> Response:
    """Makes a token for one employer. It is shown in this answer and never again, nor kept under an Idempotency-Key."""
    command = Permission(body.credit_code, body.fields, body.purpose, body.days)
    with call.units.begin(call.cause()) as uow:
        given = give_consent(uow, call.principal, certificate_id, command)
    return answer(given, 201).response()


@router.get("/certificates/{certificate_id}/consents")
def consents(call: Holder, certificate_id: UUID, paging: Paging) -> Page[ConsentShown]:
    """The caller's consents on a certificate, with how often each was used."""
    return call.read(lambda uow: list_consents(uow, call.principal, certificate_id, paging))


@router.post("/consents/{consent_id}/revoke", response_model=ConsentShown)
def revoke(call: Holder, consent_id: UUID) -> Response:
    """Ends a consent at once."""
    return call.execute(lambda uow: revoke_consent(uow, call.principal, consent_id))
