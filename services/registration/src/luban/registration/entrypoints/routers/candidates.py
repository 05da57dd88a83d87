"""A candidate's own profile."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from luban.registration.entrypoints.answers import candidate_answer
from luban.registration.entrypoints.requests import CandidateIn
from luban.registration.handlers.register_candidate import read_candidate, register_candidate
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

router = APIRouter(prefix="/v1")

Candidate = Annotated[Call, Depends(allow(Role.CANDIDATE))]


@router.put("/candidates/me")
def put_candidate(call: Candidate, profile: CandidateIn) -> Response:
    """Stores or replaces the caller's profile."""
    me = call.principal.subject
    return call.execute(lambda uow: candidate_answer(register_candidate(uow, me, profile.read())))


@router.get("/candidates/me")
def get_candidate(call: Candidate) -> dict[str, Any]:
    """The caller's profile."""
    return candidate_answer(call.read(lambda uow: read_candidate(uow, call.principal.subject)))
