"""Forms drawn from the bank."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.exam.domain.forms import Cell
from luban.exam.domain.items import ItemType
from luban.exam.handlers.form_drawing import FormOrder, draw_form
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

router = APIRouter(prefix="/v1", tags=["forms"])
Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]


class CellBody(BaseModel):
    """One line of a blueprint; 0.5 point is 5."""

    model_config = ConfigDict(extra="forbid")

    type: ItemType
    count: Annotated[int, Field(ge=1, le=500)]
    points_tenths: Annotated[int, Field(ge=1, le=1000)]
    category: Annotated[str, Field(max_length=200)] | None = None


class FormBody(BaseModel):
    """What to draw. The seed may be a number or a text; 7 and "7" are the same."""

    model_config = ConfigDict(extra="forbid")

    bank: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    plan_id: UUID
    subject_code: Annotated[str, Field(min_length=1, max_length=40)]
    seed: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")] | Annotated[int, Field(ge=0, lt=2**63)]
    minutes: Annotated[int, Field(ge=1, le=600)]
    blueprint: Annotated[list[CellBody], Field(min_length=1, max_length=50)]


@router.post("/forms", status_code=201)
def draw(call: Province, body: FormBody) -> Response:
    """Draws a form; a cell that the bank cannot fill is a refusal that names it."""
    blueprint = [Cell(cell.type, cell.count, cell.points_tenths, cell.category) for cell in body.blueprint]
    order = FormOrder(body.bank, body.plan_id, body.subject_code, str(body.seed), body.minutes, blueprint)
    return call.execute(lambda uow: draw_form(uow, order), 201)
