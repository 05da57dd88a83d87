"""Rosters of enterprises: the template to fill in, and the file that comes back."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, UploadFile
from starlette.responses import Response

from luban.eventkit.uow import UnitOfWork
from luban.registration.adapters.plans import load_plan
from luban.registration.domain.roster import HEADING
from luban.registration.entrypoints.answers import roster_answer
from luban.registration.handlers.import_roster import import_roster
from luban.registration.handlers.ownership import require_own_body
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.sheets import SheetKind, SheetLimits, write_sheet
from luban.webkit.uploads import read_upload

router = APIRouter(prefix="/v1")

BodyStaff = Annotated[Call, Depends(allow(Role.BODY_STAFF))]

LIMITS = SheetLimits()
MAX_REQUEST = LIMITS.file_bytes + 64 * 1024


@router.get("/plans/{plan_id}/roster-template")
def get_template(call: BodyStaff, plan_id: UUID, format: SheetKind = SheetKind.XLSX) -> Response:  # noqa: A002  # its name in the address
    """An empty roster with its heading."""

    def check(uow: UnitOfWork) -> str:
        plan = load_plan(uow, plan_id).plan
        require_own_body(call.principal, plan.body_id)
        return plan.plan_no

    name = f"roster-{call.read(check)}.{format.value}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(write_sheet(format, [HEADING]), 200, headers, format.media_type)


@router.post("/plans/{plan_id}/roster", status_code=201)
@max_body(MAX_REQUEST)
def post_roster(call: BodyStaff, plan_id: UUID, file: UploadFile, dry_run: bool = False) -> Response:
    """Enters everybody on the sheet, or says what would become of them."""
    upload = read_upload(file, max_bytes=LIMITS.file_bytes, kinds={".xlsx", ".csv"})

    def enter(uow: UnitOfWork) -> dict[str, Any]:
        imported = import_roster(uow, call.principal, plan_id, upload.content, upload.name, dry_run=dry_run)
        return roster_answer(imported, call.language)

    return call.execute(enter, 200 if dry_run else 201)
