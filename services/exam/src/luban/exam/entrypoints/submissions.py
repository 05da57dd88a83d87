"""Submissions: reading them, confirming them by a second person, discarding them."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.submissions import Submission
from luban.exam.handlers import submissions
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page

router = APIRouter(prefix="/v1", tags=["submissions"])
BodyStaff = Annotated[Call, Depends(allow(Role.BODY_STAFF))]
Overseer = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.PROVINCE_STAFF, Role.CITY_STAFF))]


class ShownSubmission(BaseModel):
    """A submission; people by the ids of their accounts."""

    submission_id: UUID
    plan_id: UUID
    state: str
    source: str
    rows: int
    passed: int
    failed: int
    absent: int
    submitted_by: str
    submitted_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    discarded_by: str | None
    discarded_at: datetime | None


@router.get("/plans/{plan_id}/submissions")
def list_submissions(call: Overseer, plan_id: UUID) -> Page[ShownSubmission]:
    """A plan's submissions, the latest first; no personal data."""
    found = call.read(lambda uow: submissions.list_submissions(uow, call.principal, plan_id))
    return Page(items=[_shown(each) for each in found])


@router.post("/submissions/{submission_id}/confirm")
def confirm_submission(call: BodyStaff, submission_id: UUID) -> Response:
    """Another person of the body confirms; publicity starts."""

    def confirm(uow: UnitOfWork) -> dict[str, Any]:
        began = uow.now()
        ends_at = submissions.confirm_submission(uow, call.principal, submission_id)
        return {"publicity": {"starts_on": shanghai_day(began), "ends_at": ends_at.astimezone(UTC)}}

    return call.execute(confirm)


@router.post("/submissions/{submission_id}/discard")
def discard_submission(call: BodyStaff, submission_id: UUID) -> Response:
    """Takes back a submission that nobody confirmed."""
    return call.execute(lambda uow: _shown(submissions.discard_submission(uow, call.principal, submission_id)))


def _shown(each: Submission) -> ShownSubmission:
    return ShownSubmission(rows=each.total, failed=each.total - each.passed, **vars(each))
