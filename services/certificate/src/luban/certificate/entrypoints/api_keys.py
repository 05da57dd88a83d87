"""The province gives employers keys and takes them back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.certificate.handlers.api_keys import KeyMade, KeyShown, list_keys, make_key, revoke_key
from luban.webkit.answer import answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"])

Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]

MAX_QUOTA = 10_000_000


class KeyBody(BaseModel):
    """Whom a key is for."""

    model_config = ConfigDict(extra="forbid")

    credit_code: str = Field(max_length=40)
    employer_name: str = Field(min_length=1, max_length=200)
    daily_quota: int = Field(ge=1, le=MAX_QUOTA)


@router.post("", status_code=201, response_model=KeyMade)
def make(call: Province, body: KeyBody) -> Response:
    """Makes a key. It is shown in this answer and never again: the answer is not kept under an Idempotency-Key either,
    so a request that is sent again makes another key."""
    with call.units.begin(call.cause()) as uow:
        made = make_key(uow, body.credit_code, body.employer_name, body.daily_quota)
    return answer(made, 201).response()


@router.get("")
def keys(call: Province, paging: Paging) -> Page[KeyShown]:
    """All keys, without the keys themselves."""
    return call.read(lambda uow: list_keys(uow, paging))


@router.post("/{key_id}/revoke", response_model=KeyShown)
def revoke(call: Province, key_id: UUID) -> Response:
    """Ends a key at once."""
    return call.execute(lambda uow: revoke_key(uow, key_id))
