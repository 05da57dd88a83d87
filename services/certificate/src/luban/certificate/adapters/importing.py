"""SQL of imports: what stands in their way, and entering them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from luban.certificate.adapters.issuing import COLUMNS, ENTRY_COLUMNS, copy_rows
from luban.certificate.domain.register import Change
from luban.eventkit.uow import UnitOfWork

IMPORTED_COLUMNS: Mapping[str, str] = {**COLUMNS, "origin": "text", "authority": "text"}


def registered(uow: UnitOfWork, numbers: Sequence[str]) -> set[str]:
    """Those of the numbers that the register has."""
    rows = uow.sql("select certificate_no from certificate where certificate_no = any(%s::text[])", (list(numbers),))
    return {number for (number,) in rows.fetchall()}


def counted(uow: UnitOfWork, prefixes: Collection[str]) -> set[str]:
    """Those of the prefixes that numbers are given under here; none comes to be while the transaction lasts."""
    uow.sql("lock table counter in share row exclusive mode")
    rows = uow.sql("select prefix from counter where prefix = any(%s::text[])", (list(prefixes),))
    return {prefix for (prefix,) in rows.fetchall()}


def enter(uow: UnitOfWork, rows: Sequence[Sequence[Any]]) -> None:
    """Writes certificates; each row has the values of IMPORTED_COLUMNS in order."""
    copy_rows(uow, "certificate", IMPORTED_COLUMNS, rows)


def record_imports(uow: UnitOfWork, certificate_ids: Iterable[UUID], at: datetime) -> None:
    """Writes the first register entry of each."""
    entries = ((each, 1, at, uow.cause.actor, Change.IMPORTED.value) for each in certificate_ids)
    copy_rows(uow, "register_entry", ENTRY_COLUMNS, entries)
