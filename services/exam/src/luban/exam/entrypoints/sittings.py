"""Sittings, seats and tickets."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.exam.adapters.sittings import Seat, Ticket, tickets_of
from luban.exam.handlers import seating
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1", tags=["sittings"])
BodyStaff = Annotated[Call, Depends(allow(Role.BODY_STAFF))]
Candidate = Annotated[Call, Depends(allow(Role.CANDIDATE))]


class SittingBody(BaseModel):
    """A sitting to schedule; without a form its subject is not taken on this system."""

    model_config = ConfigDict(extra="forbid")

    plan_id: UUID
    subject_code: Annotated[str, Field(min_length=1, max_length=40)]
    form_id: UUID | None = None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    room: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
    seats: Annotated[int, Field(ge=1, le=1000)]


@router.post("/sittings", status_code=201)
def schedule(call: BodyStaff, body: SittingBody) -> Response:
    """Schedules a sitting of an own plan."""
    order = seating.SittingOrder(**{name: getattr(body, name) for name in SittingBody.model_fields})
    return call.execute(lambda uow: seating.schedule_sitting(uow, call.principal, order), 201)


@router.post("/sittings/{sitting_id}/seats")
def assign(call: BodyStaff, sitting_id: UUID) -> Response:
    """Gives the sitting's free seats, with a ticket each, to unseated entries of the closed plan."""
    return call.execute(lambda uow: seating.assign_seats(uow, call.principal, sitting_id))


@router.get("/sittings/{sitting_id}/seats")
def seats(call: BodyStaff, sitting_id: UUID) -> Page[Seat]:
    """The seats of an own sitting; one page holds a room."""
    return Page(items=call.read(lambda uow: seating.show_seats(uow, call.principal, sitting_id)))


@router.get("/tickets")
def tickets(call: Candidate, paging: Paging) -> Page[Ticket]:
    """The caller's own tickets."""
    last = paging.after(str)
    found = call.read(lambda uow: tickets_of(uow, call.principal.subject, last[0] if last else None, paging.fetch))
    return paging.page(found, lambda ticket: (ticket.ticket_no,), lambda ticket: ticket)
