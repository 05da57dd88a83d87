"""Banks, imports and items. What is in force in a version of a bank never changes."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.rows import one, rows
from luban.exam.domain.forms import BankItem
from luban.exam.domain.item_file import AcceptedRow, ItemFormat
from luban.exam.domain.items import Item, ItemType, stem_identity
from luban.reference.refusal import NotFound

INSERT_ITEMS = """
insert into item (item_id, version, bank, import_id, type, stem, stem_hash, options, key, category, difficulty, source)
select row.item_id, 1 + coalesce((select max(version) from item as earlier where earlier.item_id = row.item_id), 0),
       %s, %s, row.type, row.stem, row.stem_hash, row.options, row.key, row.category, row.difficulty, row.source
from unnest(%s::uuid[], %s::text[], %s::text[], %b::bytea[], %s::jsonb[], %s::text[], %s::text[], %s::smallint[],
            %s::text[])
     as row(item_id, type, stem, stem_hash, options, key, category, difficulty, source)
"""
STEMS_TWICE = """
select count(*) from item as fresh join current_item as present using (bank, stem_hash)
where fresh.import_id = %s and present.item_id <> fresh.item_id
"""
RETIRE = """
update item set until_version = %s
where (item_id, version) in (select item_id, version from current_item)
  and item_id in (select item_id from item where import_id = %s)
"""


@dataclass(frozen=True)
class ItemImport:
    """One import as it stands; `rejected` is [{row, code, zh, en}]."""

    import_id: UUID
    bank: str
    format: str
    file_sha256: bytes
    items: int
    rejected: list[dict[str, Any]]
    author: str
    imported_at: datetime
    state: str
    bank_version: int | None
    reviewer: str | None
    approved_at: datetime | None


def lock_bank(uow: UnitOfWork, bank: str) -> int:
    """Locks a bank, made if it is new; its version."""
    uow.sql("insert into item_bank (bank) values (%s) on conflict do nothing", (bank,))
    row = uow.sql("select version from item_bank where bank = %s for update", (bank,)).fetchone()
    assert row is not None
    return int(row[0])


def bank_version(uow: UnitOfWork, bank: str) -> int:
    """Raises NotFound bank-unknown."""
    row = uow.sql("select version from item_bank where bank = %s", (bank,)).fetchone()
    if row is None:
        raise NotFound("bank-unknown", zh="没有这个题库", en="there is no such bank")
    return int(row[0])


def items_by_stem(uow: UnitOfWork, bank: str, stems: Iterable[str]) -> dict[bytes, UUID]:
    """The items in force that have one of these stems, by the stem's hash."""
    query = "select stem_hash, item_id from current_item where bank = %s and stem_hash = any(%b::bytea[])"
    return {bytes(found): item_id for found, item_id in uow.sql(query, (bank, [stem_hash(stem) for stem in stems]))}


def items_in_force(uow: UnitOfWork, bank: str, item_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these items are in force in the bank."""
    query = "select item_id from current_item where bank = %s and item_id = any(%s)"
    return {item_id for (item_id,) in uow.sql(query, (bank, list(item_ids)))}


def stem_hash(stem: str) -> bytes:
    """What finds a stem that stands in the bank already."""
    return hashlib.sha256(stem_identity(stem).encode()).digest()


def add_import(
    uow: UnitOfWork, bank: str, format_: ItemFormat, file_sha256: bytes, accepted: Sequence[AcceptedRow],
    rejected: Sequence[dict[str, Any]],
) -> UUID:  # fmt: skip
    """Keeps an import and its items, pending."""
    import_id = uow.new_id()
    uow.sql(
        "insert into item_import (import_id, bank, format, file_sha256, items, rejected, author, imported_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, eventkit.now())",
        (import_id, bank, format_, file_sha256, len(accepted), json.dumps(rejected), uow.cause.actor),
    )
    columns = zip(*(_row(row.changes or uow.new_id(), row.item) for row in accepted), strict=True)
    uow.sql(INSERT_ITEMS, (bank, import_id, *(list(column) for column in columns)))
    return import_id


def find_import(uow: UnitOfWork, import_id: UUID, *, lock: str = "") -> ItemImport:
    """The import; `lock` is "" or "for update". Raises NotFound import-unknown."""
    found = one(uow, ItemImport, f"select * from item_import where import_id = %s {lock}", (import_id,))  # noqa: S608  # constants only
    if found is None:
        raise NotFound("import-unknown", zh="没有这次导入", en="there is no such import")
    return found


def stems_twice(uow: UnitOfWork, import_id: UUID) -> int:
    """How many items of a pending import have a stem that another item in force has by now."""
    row = uow.sql(STEMS_TWICE, (import_id,)).fetchone()
    assert row is not None
    return int(row[0])


def approve(uow: UnitOfWork, import_: ItemImport) -> int:
    """Puts the import's items in force, in place of the versions they change; the bank's new version.

    The bank is locked before.
    """
    raised = "update item_bank set version = version + 1 where bank = %s returning version"
    row = uow.sql(raised, (import_.bank,)).fetchone()
    assert row is not None
    version = int(row[0])
    uow.sql(RETIRE, (version, import_.import_id))
    uow.sql("update item set from_version = %s where import_id = %s", (version, import_.import_id))
    uow.sql(
        "update item_import set state = 'APPROVED', bank_version = %s, reviewer = %s, approved_at = eventkit.now()"
        " where import_id = %s",
        (version, uow.cause.actor, import_.import_id),
    )
    return version


def items_to_draw(uow: UnitOfWork, bank: str, version: int) -> list[BankItem]:
    """Every item in force in a version of the bank."""
    found = uow.sql(
        "select item_id, version, type, category from item where bank = %s and from_version <= %s"
        " and (until_version is null or until_version > %s)",
        (bank, version, version),
    )
    return [BankItem(item_id, number, ItemType(type_), category) for item_id, number, type_, category in found]


@dataclass(frozen=True)
class ReadableItem:
    """An item as a reviewer or a candidate may see it: without its key."""

    type: str
    stem: str
    options: list[dict[str, str]]


@dataclass(frozen=True)
class ImportedItem(ReadableItem):
    """An item of an import."""

    item_id: UUID
    version: int
    category: str | None
    difficulty: int | None
    source: str | None


def items_of_import(uow: UnitOfWork, import_id: UUID, after: UUID | None, limit: int) -> list[ImportedItem]:
    """The import's items in the order of their ids, beyond `after`; never their keys."""
    return rows(
        uow,
        ImportedItem,
        "select item_id, version, type, stem, options, category, difficulty, source from item"
        " where import_id = %s and (%s::uuid is null or item_id > %s) order by item_id limit %s",
        (import_id, after, after, limit),
    )


def _row(item_id: UUID, item: Item) -> tuple[Any, ...]:
    options = json.dumps([{"key": option.key, "text": option.text} for option in item.options], ensure_ascii=False)
    return (
        item_id,
        item.type.value,
        item.stem,
        stem_hash(item.stem),
        options,
        item.key,
        item.category,
        item.difficulty,
        item.source,
    )
