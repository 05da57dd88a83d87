"""Posting results, drawing them up, and reading them."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Header, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.reading import Happened
from luban.exam.adapters.results_sheet import MAX_FILE_BYTES
from luban.exam.entrypoints.rejection import answered
from luban.exam.entrypoints.shown import ShownScore
from luban.exam.handlers import drawing_up, posting, reading, templates
from luban.webkit.answer import Answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.paging import Page, PageRequest, Paging
from luban.webkit.sheets import SheetKind
from luban.webkit.uploads import read_upload

router = APIRouter(prefix="/v1", tags=["results"])
BodyStaff = Annotated[Call, Depends(allow(Role.BODY_STAFF))]
Reader = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.BODY_STAFF, Role.PROVINCE_STAFF, Role.CITY_STAFF))]
MAX_JSON_BYTES = 16_000_000
MAX_JSON_ROWS = 50_000
FORM_BYTES = 16_384
"""What a multipart form adds to its file."""


class PostedRowBody(BaseModel):
    """One person's marks: text such as "60.5", or 缺考."""

    model_config = ConfigDict(extra="forbid")

    entry_id: UUID | None = None
    id_no: Annotated[str, Field(max_length=40)] = ""
    name: Annotated[str, Field(max_length=100)]
    scores: Annotated[dict[str, Annotated[str, Field(max_length=20)]], Field(max_length=60)]


class PostedRowsBody(BaseModel):
    """Results of everybody on a plan's list."""

    model_config = ConfigDict(extra="forbid")

    rows: Annotated[list[PostedRowBody], Field(min_length=1, max_length=MAX_JSON_ROWS)]


class ShownResult(BaseModel):
    """A result; candidates see neither marks nor outcome before publicity. Name and number's end are for staff."""

    result_id: UUID
    entry_id: UUID
    plan_id: UUID
    plan_no: str
    state: str
    passed: bool | None
    scores: dict[str, ShownScore] | None
    publicity_no: int
    publicity_ends_at: datetime | None
    confirmation_no: int
    name: str | None = None
    id_last4: str | None = None
    history: list[Happened]


@router.get("/plans/{plan_id}/results/template")
def results_template(
    call: BodyStaff, plan_id: UUID, kind: Annotated[SheetKind, Query(alias="format")] = SheetKind.XLSX
) -> Response:
    """The plan's sheet with its list filled in."""

    def read(uow: UnitOfWork) -> Answer:
        content = templates.results_template(uow, call.principal, plan_id, kind)
        headers = {"Content-Disposition": f'attachment; filename="results.{kind.value}"'}
        return Answer(content, kind.media_type, headers=headers)

    return call.execute(read)


@router.post("/plans/{plan_id}/results", status_code=201)
@max_body(MAX_JSON_BYTES)
def post_rows(call: BodyStaff, plan_id: UUID, body: PostedRowsBody, *, dry_run: bool = False) -> Response:
    """Results of an enterprise's plan, all or nothing; they wait for a second person."""
    rows = [
        posting.SentRow(str(row.entry_id) if row.entry_id else "", row.id_no, row.name, row.scores) for row in body.rows
    ]
    return _post(call, "", partial(_post_rows, call, plan_id, rows, dry_run), dry_run=dry_run)


@router.post("/plans/{plan_id}/results/file", status_code=201)
@max_body(MAX_FILE_BYTES + FORM_BYTES)
def post_file(
    call: BodyStaff,
    plan_id: UUID,
    file: Annotated[UploadFile, File()],
    accept: Annotated[str, Header()] = "",
    *,
    dry_run: bool = False,
) -> Response:
    """The same on the plan's sheet. A rejected sheet comes back with its reasons when `Accept` names its kind."""
    upload = read_upload(file, max_bytes=MAX_FILE_BYTES, kinds={".xlsx", ".csv"})
    sent = posting.SentFile(upload.name, upload.content)
    return _post(call, accept, partial(_post_file, call, plan_id, sent, dry_run), dry_run=dry_run)


@router.post("/plans/{plan_id}/results/draw-up", status_code=201)
def draw_up(call: BodyStaff, plan_id: UUID) -> Response:
    """Results of a social or special-ability plan, from its subjects' outcomes."""
    return _post(call, "", lambda uow: drawing_up.draw_up(uow, call.principal, plan_id), dry_run=False)


@router.get("/results")
def list_results(call: Reader, paging: Paging, plan_id: UUID | None = None) -> Response:
    """A candidate's own results; for staff those of a plan, which is recorded."""
    if call.principal.has(Role.CANDIDATE):
        return call.execute(partial(_own_page, call, plan_id, paging))
    return call.execute(partial(_staff_page, call, plan_id, paging))


def _post(call: Call, accept: str, handler: Any, *, dry_run: bool) -> Response:
    status = 200 if dry_run else 201
    return call.execute(lambda uow: answered(handler(uow), call.exchange, accept, status=422), status)


def _post_rows(
    call: Call, plan_id: UUID, rows: list[posting.SentRow], dry_run: bool, uow: UnitOfWork
) -> posting.Posted | posting.Rejected:
    return posting.post_rows(uow, call.principal, plan_id, rows, dry_run=dry_run)


def _post_file(
    call: Call, plan_id: UUID, sent: posting.SentFile, dry_run: bool, uow: UnitOfWork
) -> posting.Posted | posting.Rejected:
    return posting.post_file(uow, call.principal, plan_id, sent, dry_run=dry_run)


def _own_page(call: Call, plan_id: UUID | None, paging: PageRequest, uow: UnitOfWork) -> Page[ShownResult]:
    last = paging.after(UUID)
    found = reading.own_results(uow, call.principal, plan_id, last[0] if last else None, paging.fetch)
    return paging.page(found, lambda each: (each[0].result_id,), lambda each: _own(*each))


def _staff_page(call: Call, plan_id: UUID | None, paging: PageRequest, uow: UnitOfWork) -> Page[ShownResult]:
    last = paging.after(int)
    found = reading.results_for_staff(uow, call.principal, plan_id, last[0] if last else None, paging.fetch)
    return paging.page(found, lambda each: (each[0].publicity_no,), partial(_for_staff, uow))


def _own(row: Any, history: list[Happened]) -> ShownResult:
    shown = _shown(row, history)
    if row.state == "AWAITING_CONFIRMATION":
        return shown.model_copy(update={"passed": None, "scores": None})
    return shown


def _for_staff(uow: UnitOfWork, each: reading.ReadResult) -> ShownResult:
    name, tail = reading.shown_person(uow.keyring, each[0])
    return _shown(*each).model_copy(update={"name": name, "id_last4": tail})


def _shown(row: Any, history: list[Happened]) -> ShownResult:
    return ShownResult(
        result_id=row.result_id,
        entry_id=row.entry_id,
        plan_id=row.plan_id,
        plan_no=row.plan_no,
        state=row.state,
        passed=row.passed,
        scores=row.scores,
        publicity_no=row.publicity_no,
        publicity_ends_at=row.publicity_ends_at,
        confirmation_no=row.confirmation_no,
        history=history,
    )
