"""Batches for the national register, and the blank paper of each body."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from luban.certificate.domain.blanks import Move
from luban.certificate.handlers import blanks, upload
from luban.certificate.handlers.blanks import BlanksShown
from luban.certificate.handlers.upload import BatchShown, BodyUploads, UploadShown
from luban.webkit.answer import Answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.paging import Page, Paging
from luban.webkit.sheets import SheetKind
from luban.webkit.uploads import read_upload

router = APIRouter(prefix="/v1", tags=["national register"])

Reader = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.BODY_STAFF, Role.PROVINCE_STAFF))]
BodyOrProvince = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.PROVINCE_STAFF))]
Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]


class BatchBody(BaseModel):
    """Whose certificates, under which number."""

    model_config = ConfigDict(extra="forbid")

    batch_no: str = Field(pattern=r"^[A-Za-z0-9-]{1,40}$")
    body_id: UUID
    most: int = Field(default=upload.MOST, ge=1, le=upload.MOST)


class MoveBody(BaseModel):
    """Sheets that move."""

    model_config = ConfigDict(extra="forbid")

    body_id: UUID | None = None
    move: Move
    sheets: int = Field(ge=1, le=1_000_000)
    reason: str = Field(min_length=1, max_length=200)


@router.post("/upload-batches", status_code=201, response_model=BatchShown)
def make(call: Province, body: BatchBody) -> Response:
    """Takes what waits of one body, the oldest first."""
    return call.execute(lambda uow: upload.make_batch(uow, body.batch_no, body.body_id, body.most), 201)


@router.get("/upload-batches")
def bodies(call: Province, paging: Paging) -> Page[BodyUploads]:
    """Where the certificates of each body stand."""
    return call.read(lambda uow: upload.list_bodies(uow, paging))


@router.get("/upload-batches/{batch_id}")
def batch(call: Province, batch_id: UUID) -> BatchShown:
    """A batch and what became of its rows."""
    return call.read(lambda uow: upload.show_batch(uow, batch_id))


@router.get("/upload-batches/{batch_id}/file")
def export(
    call: Province, batch_id: UUID, format_: Annotated[SheetKind, Query(alias="format")] = SheetKind.XLSX
) -> Response:
    """The sheet that is sent, with eleven columns."""
    return call.execute(
        lambda uow: Answer(upload.export_batch(uow, call.principal, batch_id, format_), format_.media_type)
    )


@router.post("/upload-batches/{batch_id}/answer", response_model=BatchShown)
@max_body(upload.LIMITS.file_bytes + 64 * 1024)
def answer(call: Province, batch_id: UUID, file: Annotated[UploadFile, File()]) -> Response:
    """Takes the national register's answer."""
    sent = read_upload(file, max_bytes=upload.LIMITS.file_bytes, kinds={".xlsx", ".csv"})
    return call.execute(lambda uow: upload.take_answer(uow, batch_id, sent))


@router.get("/certificates/{certificate_id}/national-register")
def one(call: Reader, certificate_id: UUID) -> UploadShown:
    """Where a certificate stands on its way to the national register, and when its subsidy ends."""
    return call.read(lambda uow: upload.show_upload(uow, call.principal, certificate_id))


@router.get("/blanks")
def show_blanks(call: BodyOrProvince, body_id: UUID | None = None) -> BlanksShown:
    """The blank paper of a body."""
    return call.read(lambda uow: blanks.show_blanks(uow, call.principal, body_id))


@router.post("/blanks", status_code=201, response_model=BlanksShown)
def move_blanks(call: BodyOrProvince, body: MoveBody) -> Response:
    """Records what became of sheets."""
    return call.execute(
        lambda uow: blanks.move_blanks(uow, call.principal, body.body_id, body.move, body.sheets, body.reason), 201
    )
