"""Photographs of holders."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, UploadFile
from starlette.responses import Response

from luban.certificate.handlers.photograph import get_photograph, put_photograph
from luban.webkit.answer import Answer
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.uploads import read_upload

MAX_FILE_BYTES = 2 * 1024 * 1024
FORM_BYTES = 64 * 1024
KINDS = {".jpg", ".jpeg", ".png"}

router = APIRouter(prefix="/v1/certificates/{certificate_id}/photograph", tags=["certificates"])

BodyOrProvince = Annotated[Call, Depends(allow(Role.BODY_STAFF, Role.PROVINCE_STAFF))]
Reader = Annotated[Call, Depends(allow(Role.CANDIDATE, Role.BODY_STAFF, Role.PROVINCE_STAFF))]


@router.put("", status_code=204)
@max_body(MAX_FILE_BYTES + FORM_BYTES)
def put(call: BodyOrProvince, certificate_id: UUID, file: Annotated[UploadFile, File()]) -> Response:
    """Gives a holder's photograph, which papers are printed with from now on."""
    upload = read_upload(file, max_bytes=MAX_FILE_BYTES, kinds=KINDS)
    return call.execute(lambda uow: put_photograph(uow, call.principal, certificate_id, upload.content), 204)


@router.get("", response_class=Response)
def get(call: Reader, certificate_id: UUID) -> Response:
    """The photograph that is printed, for its holder, its body, the province; a reading by staff is recorded."""
    return call.execute(lambda uow: Answer(get_photograph(uow, call.principal, certificate_id), "image/jpeg"))
