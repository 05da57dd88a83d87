"""Item bank: imports and their review."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Path, Query, UploadFile
from starlette.responses import Response

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.bank import ImportedItem, ItemImport, items_of_import
from luban.exam.domain.item_file import LARGEST_FILE, ItemFormat
from luban.exam.handlers import item_imports
from luban.webkit.authentication import Role
from luban.webkit.call import Call, allow
from luban.webkit.limits import max_body
from luban.webkit.paging import Page, Paging
from luban.webkit.uploads import read_upload

router = APIRouter(prefix="/v1", tags=["bank"])

Author = Annotated[Call, Depends(allow(Role.ITEM_AUTHOR))]
Reviewer = Annotated[Call, Depends(allow(Role.ITEM_REVIEWER))]
AuthorOrReviewer = Annotated[Call, Depends(allow(Role.ITEM_AUTHOR, Role.ITEM_REVIEWER))]
BankName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


@router.post("/banks/{bank}/imports", status_code=201)
@max_body(LARGEST_FILE + 64 * 1024)
def import_items(
    call: Author,
    bank: BankName,
    file: Annotated[UploadFile, File()],
    format_: Annotated[ItemFormat, Query(alias="format")],
) -> Response:
    """Takes a JSON file of items into a bank, pending review."""
    upload = read_upload(file, max_bytes=LARGEST_FILE, kinds={".json"})
    return call.execute(lambda uow: _shown(call, item_imports.import_items(uow, bank, format_, upload)), 201)


@router.post("/imports/{import_id}/approve")
def approve_import(call: Reviewer, import_id: UUID) -> Response:
    """Puts an import in force; the bank's version rises."""
    return call.execute(lambda uow: _shown(call, item_imports.approve_import(uow, import_id)))


@router.get("/imports/{import_id}")
def show_import(call: AuthorOrReviewer, import_id: UUID) -> dict[str, Any]:
    """An import with the rows it rejected."""
    return _shown(call, call.read(lambda uow: item_imports.show_import(uow, call.principal, import_id)))


@router.get("/imports/{import_id}/items")
def list_items(call: AuthorOrReviewer, import_id: UUID, paging: Paging) -> Page[ImportedItem]:
    """The items of an import, without their keys."""

    def read(uow: UnitOfWork) -> list[ImportedItem]:
        item_imports.show_import(uow, call.principal, import_id)
        last = paging.after(UUID)
        return items_of_import(uow, import_id, last[0] if last else None, paging.fetch)

    return paging.page(call.read(read), lambda item: (item.item_id,), lambda item: item)


def _shown(call: Call, found: ItemImport) -> dict[str, Any]:
    rejected = [{"row": row["row"], "code": row["code"], "reason": row[call.language]} for row in found.rejected]
    return {
        "import_id": found.import_id,
        "bank": found.bank,
        "state": found.state,
        "items": found.items,
        "rejected": rejected,
        "bank_version": found.bank_version,
        "file_sha256": found.file_sha256.hex(),
    }
