"""Files of certificates that were issued elsewhere."""

from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Query, UploadFile
from starlette.responses import Response

from luban.certificate.domain.numbers import Numbering
from luban.certificate.domain.register import Authority
from luban.certificate.handlers import importing
from luban.certificate.handlers.importing import ImportShown
from luban.certificate.settings import NumberSettings
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.uploads import read_upload

router = APIRouter(prefix="/v1/imports", tags=["register"])

Province = Annotated[Call, Depends(allow(Role.PROVINCE_STAFF))]


@cache
def _numbering() -> Numbering:
    return Numbering(NumberSettings().special_ability_template)


@router.post("", status_code=201, response_model=ImportShown)
@max_body(importing.LIMITS.file_bytes + 64 * 1024)
def import_file(
    call: Province, file: Annotated[UploadFile, File()], authority: Annotated[Authority, Query()]
) -> Response:
    """Takes a file whole, to wait for a second person, or says what is wrong with each row."""
    upload = read_upload(file, max_bytes=importing.LIMITS.file_bytes, kinds={".xlsx", ".csv"})
    return call.execute(lambda uow: importing.import_file(uow, _numbering(), authority, upload), 201)


@router.get("/{import_id}")
def show(call: Province, import_id: UUID) -> ImportShown:
    """Where an import stands."""
    return call.read(lambda uow: importing.show_import(uow, import_id))


@router.post("/{import_id}/confirm", response_model=ImportShown)
def confirm(call: Province, import_id: UUID) -> Response:
    """Enters the certificates; by somebody else than who brought the file."""
    return call.execute(lambda uow: importing.confirm_import(uow, _numbering(), import_id))


@router.post("/{import_id}/discard", response_model=ImportShown)
def discard(call: Province, import_id: UUID) -> Response:
    """Forgets a file that waits."""
    return call.execute(lambda uow: importing.discard_import(uow, import_id))
