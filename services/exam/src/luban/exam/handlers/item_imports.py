"""Items come into a bank by an author's file and another person's review."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters import bank as banks
from luban.exam.domain.item_file import (
    AcceptedRow,
    ItemFormat,
    RejectedRow,
    duplicate_stem,
    read_item_file,
)
from luban.reference.refusal import Conflict, Forbidden, Invalid
from luban.webkit.authentication import Principal, Role
from luban.webkit.uploads import Upload


def import_items(uow: UnitOfWork, bank: str, format_: ItemFormat, file: Upload) -> banks.ItemImport:
    """Takes a file of items into the bank, pending until it is reviewed; unusable items are left out with a reason.

    Raises Invalid as `read_item_file`, and item-file-unusable when no item is left.
    """
    read = read_item_file(file.content, format_)
    banks.lock_bank(uow, bank)
    accepted, refused = _fitting(uow, bank, read.accepted)
    rejected = sorted([*read.rejected, *refused], key=lambda row: row.row)
    if not accepted:
        raise Invalid(
            "item-file-unusable",
            zh="没有一道试题可用",
            en="not one item is usable",
            rejected=[_reason(row) for row in rejected[:50]],
        )
    import_id = banks.add_import(uow, bank, format_, file.sha256, accepted, [_reason(row) for row in rejected])
    return banks.find_import(uow, import_id)


def approve_import(uow: UnitOfWork, import_id: UUID) -> banks.ItemImport:
    """Puts a pending import in force as a new version of its bank.

    Raises Forbidden import-own to its author, Conflict import-approved, Conflict import-stale when a stem came into
    the bank by another import meanwhile.
    """
    bank = banks.find_import(uow, import_id).bank
    banks.lock_bank(uow, bank)
    found = banks.find_import(uow, import_id, lock="for update")
    if found.author == uow.cause.actor:
        raise Forbidden("import-own", zh="不得审核自己命制的试题", en="nobody reviews items of their own")
    if found.state != "PENDING":
        raise Conflict("import-approved", zh="该次导入已通过审核", en="the import was approved before")
    if twice := banks.stems_twice(uow, import_id):
        zh, en = "有{number}题与题库现有试题重复", "{number} of its items stand in the bank by now"
        raise Conflict("import-stale", zh=zh, en=en, number=twice)
    banks.approve(uow, found)
    return banks.find_import(uow, import_id)


def show_import(uow: UnitOfWork, principal: Principal, import_id: UUID) -> banks.ItemImport:
    """An import, to reviewers and its author. Raises NotFound import-unknown, Forbidden import-foreign."""
    found = banks.find_import(uow, import_id)
    if not principal.has(Role.ITEM_REVIEWER) and found.author != principal.actor:
        raise Forbidden("import-foreign", zh="这是他人的导入", en="the import is another author's")
    return found


def _fitting(
    uow: UnitOfWork, bank: str, accepted: Sequence[AcceptedRow]
) -> tuple[list[AcceptedRow], list[RejectedRow]]:
    there = banks.items_by_stem(uow, bank, [row.item.stem for row in accepted])
    changeable = banks.items_in_force(uow, bank, [row.changes for row in accepted if row.changes])
    kept, refused = list[AcceptedRow](), list[RejectedRow]()
    changed = set[UUID]()
    for row in accepted:
        refusal = _refusal(row, there, changeable, changed)
        if refusal:
            refused.append(RejectedRow(row.row, refusal))
            continue
        kept.append(row)
        changed |= {row.changes} if row.changes else set()
    return kept, refused


def _refusal(
    row: AcceptedRow, there: Mapping[bytes, UUID], changeable: set[UUID], changed: set[UUID]
) -> Invalid | None:
    if row.changes and (row.changes not in changeable or row.changes in changed):
        zh, en = "要修改的试题不在题库中或重复", "the item to change is not in the bank, or named twice"
        return Invalid("item-to-change", zh=zh, en=en)
    if there.get(banks.stem_hash(row.item.stem), row.changes) != row.changes:
        return duplicate_stem()
    return None


def _reason(row: RejectedRow) -> dict[str, Any]:
    return {"row": row.row, "code": row.refusal.code, "zh": row.refusal.zh, "en": row.refusal.en}
