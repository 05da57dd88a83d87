"""Bodies and special-ability projects."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.responses import Response

from luban.registration.adapters.bodies import list_bodies, list_projects, load_body
from luban.registration.entrypoints.answers import body_answer, project_answer
from luban.registration.entrypoints.requests import BodyChangeIn, BodyIn, ProjectIn, ReasonGiven
from luban.registration.handlers.file_body import change_body, file_body, resume_body, suspend_body, withdraw_body
from luban.registration.handlers.publish_project import publish_project, withdraw_project
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.paging import Page, Paging

router = APIRouter(prefix="/v1")

Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]
Anyone = Annotated[Call, Depends(allow(Role.PUBLIC))]

MAX_FILING = 256 * 1024


@router.post("/bodies", status_code=201)
@max_body(MAX_FILING)
def post_body(call: Province, body: BodyIn) -> Response:
    """Files a body."""
    return call.execute(lambda uow: body_answer(file_body(uow, body.read())), 201)


@router.get("/bodies")
def get_bodies(call: Anyone, paging: Paging) -> Page[dict[str, Any]]:
    """The directory of bodies."""
    after = paging.after(UUID)
    found = call.read(lambda uow: list_bodies(uow, after[0] if after else None, paging.fetch))
    return paging.page(found, lambda body: (body.body_id,), body_answer)


@router.get("/bodies/{body_id}")
def get_body(call: Anyone, body_id: UUID) -> dict[str, Any]:
    """One body."""
    return body_answer(call.read(lambda uow: load_body(uow, body_id)))


@router.patch("/bodies/{body_id}")
@max_body(MAX_FILING)
def patch_body(call: Province, body_id: UUID, change: BodyChangeIn) -> Response:
    """Changes name, scope, projects or validity."""
    return call.execute(lambda uow: body_answer(change_body(uow, body_id, change.read())))


@router.post("/bodies/{body_id}/suspend")
def post_suspension(call: Province, body_id: UUID, given: ReasonGiven) -> Response:
    """Suspends a body: it publishes no plans."""
    return call.execute(lambda uow: body_answer(suspend_body(uow, body_id, given.reason)))


@router.post("/bodies/{body_id}/resume")
def post_resumption(call: Province, body_id: UUID, given: ReasonGiven) -> Response:
    """Ends a suspension."""
    return call.execute(lambda uow: body_answer(resume_body(uow, body_id, given.reason)))


@router.post("/bodies/{body_id}/withdraw")
def post_withdrawal(call: Province, body_id: UUID, given: ReasonGiven) -> Response:
    """Ends a filing for good."""
    return call.execute(lambda uow: body_answer(withdraw_body(uow, body_id, given.reason)))


@router.post("/projects", status_code=201)
def post_project(call: Province, project: ProjectIn) -> Response:
    """Publishes a special-ability project."""
    return call.execute(lambda uow: project_answer(publish_project(uow, project.read())), 201)


@router.get("/projects")
def get_projects(call: Anyone, paging: Paging) -> Page[dict[str, Any]]:
    """The directory of projects."""
    after = paging.after(UUID)
    found = call.read(lambda uow: list_projects(uow, after[0] if after else None, paging.fetch))
    return paging.page(found, lambda project: (project.project_id,), project_answer)


@router.post("/projects/{project_id}/withdraw")
def post_project_withdrawal(call: Province, project_id: UUID) -> Response:
    """No new plan may name the project."""
    return call.execute(lambda uow: project_answer(withdraw_project(uow, project_id)))
