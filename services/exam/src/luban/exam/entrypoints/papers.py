"""Taking a paper."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr
from starlette.responses import Response

from luban.eventkit.uow import UnitOfWork
from luban.exam.handlers import taking_papers
from luban.exam.handlers.taking_papers import ShownPaper
from luban.webkit.answer import Answer, answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow

router = APIRouter(prefix="/v1", tags=["papers"])
Candidate = Annotated[Call, Depends(allow(Role.CANDIDATE))]
Letter = Annotated[StrictStr, Field(max_length=8)]


class StartBody(BaseModel):
    """The number printed on the caller's ticket."""

    model_config = ConfigDict(extra="forbid")

    ticket_no: Annotated[str, Field(max_length=40)]


class ResponseBody(BaseModel):
    """One response: "A" to a single choice, ["A", "C"] to a multiple one, true or false."""

    model_config = ConfigDict(extra="forbid")

    response: StrictBool | Letter | Annotated[list[Letter], Field(max_length=8)]


@router.post("/papers", status_code=201)
def start(call: Candidate, body: StartBody) -> Response:
    """Starts the caller's paper (201), or resumes it with what was saved (200)."""

    def handle(uow: UnitOfWork) -> Answer:
        new, paper = taking_papers.start_paper(uow, call.principal.subject, body.ticket_no)
        return answer(paper, 201 if new else 200)

    return call.execute(handle)


@router.get("/papers/{paper_id}")
def show(call: Candidate, paper_id: UUID) -> ShownPaper:
    """The caller's own paper."""
    return call.read(lambda uow: taking_papers.show_paper(uow, call.principal.subject, paper_id))


@router.put("/papers/{paper_id}/responses/{position}")
def save(
    call: Candidate, paper_id: UUID, position: Annotated[int, Path(ge=1, le=10_000)], body: ResponseBody
) -> Response:
    """Saves one response; the answer is its signed receipt."""
    subject = call.principal.subject
    return call.execute(lambda uow: taking_papers.save_response(uow, subject, paper_id, position, body.response))


@router.post("/papers/{paper_id}/submit")
def submit(call: Candidate, paper_id: UUID) -> Response:
    """Hands the paper in, for good."""
    return call.execute(lambda uow: taking_papers.submit_paper(uow, call.principal.subject, paper_id))
