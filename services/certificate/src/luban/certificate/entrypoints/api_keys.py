"""The province gives employers keys and takes them back; employers read, rotate and end their own."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.certificate.domain.keys import Scope
from luban.certificate.handlers.api_keys import (
    KeyMade,
    KeyShown,
    Use,
    list_keys,
    make_key,
    revoke_key,
    rotate_key,
    show_use,
)
from luban.webkit.answer import answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"])

Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]
ProvinceOrEmployer = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF, Role.EMPLOYER))]

MAX_QUOTA = 10_000_000


class KeyBody(BaseModel):
    """Whom a key is for."""

    model_config = ConfigDict(extra="forbid")

    credit_code: str = Field(max_length=40)
    employer_name: str = Field(min_length=1, max_length=200)
    daily_quota: int = Field(ge=1, le=MAX_QUOTA)
    scopes: list[str] = Field(default=[Scope.VERIFICATION.value], max_length=10)


class RotationBody(BaseModel):
    """How long the old key still counts."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: int = Field(ge=0, le=10_000)


@router.post("", status_code=201, response_model=KeyMade)
def make(call: Province, body: KeyBody) -> Response:
    """Makes a key. It is shown in this answer and never again: the answer is not kept under an Idempotency-Key either,
    so a request that is sent again makes another key."""
    with call.units.begin(call.cause()) as uow:
        made = make_key(uow, body.credit_code, body.employer_name, body.daily_quota, body.scopes)
    return answer(made, 201).response()


@router.get("")
def keys(call: ProvinceOrEmployer, paging: Paging) -> Page[KeyShown]:
    """All keys, or an employer's own, without the keys themselves."""
    return call.read(lambda uow: list_keys(uow, call.principal, paging))


@router.get("/use")
def use(call: ProvinceOrEmployer, credit_code: Annotated[str | None, Query(max_length=40)] = None) -> Use:
    """Quota and use of a credit code; an employer's own."""
    return call.read(lambda uow: show_use(uow, call.principal, credit_code))


@router.post("/{key_id}/rotation", status_code=201, response_model=KeyMade)
def rotate(call: ProvinceOrEmployer, key_id: UUID, body: RotationBody) -> Response:
    """Makes the key that follows this one, which counts for some hours more. Shown once, as by making one."""
    with call.units.begin(call.cause()) as uow:
        made = rotate_key(uow, call.principal, key_id, body.overlap_hours)
    return answer(made, 201).response()


@router.post("/{key_id}/revoke", response_model=KeyShown)
def revoke(call: ProvinceOrEmployer, key_id: UUID) -> Response:
    """Ends a key at once."""
    return call.execute(lambda uow: revoke_key(uow, call.principal, key_id))
