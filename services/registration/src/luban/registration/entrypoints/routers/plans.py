"""Plans."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from luban.reference.track import Track
from luban.registration.adapters.plans import list_plans, load_plan
from luban.registration.domain.plan import PlanState
from luban.registration.entrypoints.answers import plan_answer
from luban.registration.entrypoints.requests import PlanChangeIn, PlanIn, ReasonGiven
from luban.registration.handlers.change_plan import change_plan
from luban.registration.handlers.end_plan import cancel_plan
from luban.registration.handlers.publish_plan import publish_plan
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1")

BodyStaff = Annotated[Call, Depends(allow(Role.BODY_STAFF))]
Anyone = Annotated[Call, Depends(allow(Role.PUBLIC))]


@router.post("/plans", status_code=201)
def post_plan(call: BodyStaff, plan: PlanIn) -> Response:
    """Publishes a plan of the caller's body."""
    return call.execute(lambda uow: plan_answer(publish_plan(uow, call.principal, plan.read())), 201)


@router.get("/plans")
def get_plans(
    call: Anyone,
    paging: Paging,
    track: Track | None = None,
    state: PlanState | None = None,
    body_id: UUID | None = None,
) -> Page[dict[str, Any]]:
    """Plans, the newest first."""
    after = paging.after(UUID)
    found = call.read(lambda uow: list_plans(uow, after[0] if after else None, paging.fetch, track, state, body_id))
    return paging.page(found, lambda each: (each.plan.plan_id,), plan_answer)


@router.get("/plans/{plan_id}")
def get_plan(call: Anyone, plan_id: UUID) -> dict[str, Any]:
    """One plan."""
    return plan_answer(call.read(lambda uow: load_plan(uow, plan_id)))


@router.patch("/plans/{plan_id}")
def patch_plan(call: BodyStaff, plan_id: UUID, change: PlanChangeIn) -> Response:
    """Changes days, site or places; what is assessed only until an entry was accepted."""
    return call.execute(lambda uow: plan_answer(change_plan(uow, call.principal, plan_id, change.read())))


@router.post("/plans/{plan_id}/cancel")
def post_cancellation(call: BodyStaff, plan_id: UUID, given: ReasonGiven) -> Response:
    """Calls a plan off."""
    return call.execute(lambda uow: plan_answer(cancel_plan(uow, call.principal, plan_id, given.reason)))
