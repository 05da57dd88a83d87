"""Raters, their marks, and the list of a plan's entries they mark by."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.marks import OwnMark, own_marks
from luban.exam.domain.marking import Mark
from luban.exam.handlers import candidate_lists, marking
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1", tags=["marks"])
BodyStaff = Annotated[Call, Depends(allow(Role.BODY_STAFF))]
Rater = Annotated[Call, Depends(allow(Role.RATER))]
StaffOrRater = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.RATER))]
SubjectCode = Annotated[str, Path(min_length=1, max_length=40)]


class PanelBody(BaseModel):
    """The raters of a subject: an odd number, at least 3."""

    model_config = ConfigDict(extra="forbid")

    rater_ids: Annotated[list[UUID], Field(min_length=1, max_length=99)]


class MarkBody(BaseModel):
    """One entry's mark in tenths of a point, or absent."""

    model_config = ConfigDict(extra="forbid")

    entry_id: UUID
    score_tenths: Annotated[int, Field(strict=True)] | None = None
    absent: bool = False


class MarksBody(BaseModel):
    """Marks of one rater; a reason where marks of a complete panel are changed."""

    model_config = ConfigDict(extra="forbid")

    marks: Annotated[list[MarkBody], Field(min_length=1, max_length=500)]
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None


@router.put("/plans/{plan_id}/subjects/{code}/raters")
def name_panel(call: BodyStaff, plan_id: UUID, code: SubjectCode, body: PanelBody) -> Response:
    """Names the panel of a subject of an own plan."""
    return call.execute(lambda uow: marking.name_panel(uow, call.principal, plan_id, code, body.rater_ids))


@router.put("/plans/{plan_id}/subjects/{code}/marks")
@max_body(256 * 1024)
def give_marks(call: Rater, plan_id: UUID, code: SubjectCode, body: MarksBody) -> Response:
    """Keeps the caller's own marks."""
    marks = [(mark.entry_id, Mark.of(mark.score_tenths, mark.absent)) for mark in body.marks]
    given = marking.Marking(plan_id, code, marks, body.reason)
    return call.execute(lambda uow: {"kept": marking.give_marks(uow, call.principal, given)})


@router.get("/plans/{plan_id}/subjects/{code}/marks")
def show_marks(call: Rater, plan_id: UUID, code: SubjectCode, paging: Paging) -> Page[OwnMark]:
    """The caller's own marks; nobody reads another rater's."""

    def read(uow: UnitOfWork) -> list[OwnMark]:
        marking.require_rater(uow, call.principal, plan_id, code)
        return own_marks(uow, plan_id, code, call.principal.subject, _after(paging), paging.fetch)

    return paging.page(call.read(read), lambda mark: (mark.entry_id,), lambda mark: mark)


@router.get("/plans/{plan_id}/subjects/{code}/marking")
def show_progress(call: BodyStaff, plan_id: UUID, code: SubjectCode, paging: Paging) -> Page[marking.Progress]:
    """How far the marking of a subject is, entry by entry; ABSENCE_DISPUTED is the body's to settle."""
    found = call.read(
        lambda uow: marking.show_progress(uow, call.principal, plan_id, code, _after(paging), paging.fetch)
    )
    return paging.page(found, lambda row: (row.entry_id,), lambda row: row)


@router.get("/plans/{plan_id}/entries")
def list_entries(call: StaffOrRater, plan_id: UUID, paging: Paging) -> Response:
    """The accepted entries of an own plan: with names to the body's staff, who are recorded as having read them."""

    def read(uow: UnitOfWork) -> Page[candidate_lists.ListedEntry]:
        last = paging.after(int)
        found = candidate_lists.list_entries(uow, call.principal, plan_id, last[0] if last else 0, paging.fetch)
        shown = found[: paging.limit]
        candidate_lists.record_reading(uow, call.principal, shown)
        return paging.page(found, lambda entry: (entry.seq,), lambda entry: entry)

    return call.execute(read)


def _after(paging: Paging) -> UUID | None:
    last = paging.after(UUID)
    return last[0] if last else None
