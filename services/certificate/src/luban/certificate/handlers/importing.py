"""Enters certificates that were issued elsewhere: one person brings the file, another one confirms it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb
from sqlmodel import select

from luban.certificate.adapters import importing, issuing
from luban.certificate.adapters.tables import RegisterImport
from luban.certificate.domain.holder import id_factor, name_factor
from luban.certificate.domain.importing import MOST_ROWS, OPTIONAL, REQUIRED, ImportedRow, read_rows
from luban.certificate.domain.numbers import Numbering
from luban.certificate.domain.register import Authority, Origin, State
from luban.certificate.handlers.issue import FIRST_VERSION, RETENTION_CLASS
from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PersonalData
from luban.reference.certificate_number import NumberKind
from luban.reference.refusal import Conflict, Forbidden, NotFound
from luban.reference.row_faults import RowFault, RowsRefused
from luban.reference.shanghai import shanghai_day
from luban.webkit.sheets import SheetLimits, read_sheet
from luban.webkit.uploads import Upload

LIMITS = SheetLimits(file_bytes=4_000_000, rows=MOST_ROWS)
SPECIAL_CODE = "-"
"""Code of a project that only its name is known of."""


@dataclass(frozen=True, slots=True)
class ImportShown:
    """An import as staff see it."""

    import_id: UUID
    authority: str
    state: str
    certificates: int
    file_sha256: str


def import_file(uow: UnitOfWork, numbering: Numbering, authority: Authority, file: Upload) -> ImportShown:
    """Takes a file, all of it or nothing, to wait for a second person.

    Raises `Invalid` sheet-*, and `RowsRefused` import-rows-refused with what is wrong with each row.
    """
    sheet = read_sheet(file.content, file.name, LIMITS)
    records = [(record.number, record.values) for record in sheet.records(REQUIRED, OPTIONAL)]
    now = uow.now()
    today = shanghai_day(now)
    rows, faults = read_rows(records, authority, today)
    faults += _in_the_way(uow, numbering, rows)
    if faults or not rows:
        raise _refused(faults or [RowFault(None, "", "import-empty", "没有数据行", "there are no rows")])
    import_id = uow.new_id()
    content = orjson.dumps([asdict(row) for row in rows])
    row = RegisterImport(
        import_id=import_id,
        authority=authority,
        file_sha256=file.sha256,
        certificates=len(rows),
        content=uow.keyring.seal_content(content, RETENTION_CLASS, today.year, import_id.bytes),
        imported_by=uow.cause.actor,
        imported_at=now,
    )
    uow.session.add(row)
    return _shown(row)


def confirm_import(uow: UnitOfWork, numbering: Numbering, import_id: UUID) -> ImportShown:
    """Enters the certificates. Raises Forbidden import-own to who brought the file, Conflict import-decided,
    `RowsRefused` where something came into the way meanwhile."""
    found = _locked(uow, import_id)
    if found.imported_by == uow.cause.actor:
        raise Forbidden("import-own", zh="不得确认自己导入的文件", en="nobody confirms a file of their own")
    content = uow.keyring.open_content(found.content or b"", import_id.bytes)
    rows = [ImportedRow(**row) for row in orjson.loads(content)]
    faults = _in_the_way(uow, numbering, rows)
    if faults:
        raise _refused(faults)
    _enter(uow, numbering, found, rows)
    return _decided(uow, found, "CONFIRMED")


def discard_import(uow: UnitOfWork, import_id: UUID) -> ImportShown:
    """Forgets a file that waits. Raises NotFound import-unknown, Conflict import-decided."""
    return _decided(uow, _locked(uow, import_id), "DISCARDED")


def show_import(uow: UnitOfWork, import_id: UUID) -> ImportShown:
    """Raises NotFound import-unknown."""
    row = uow.session.get(RegisterImport, import_id)
    if row is None:
        raise _unknown()
    return _shown(row)


def _in_the_way(uow: UnitOfWork, numbering: Numbering, rows: Sequence[ImportedRow]) -> list[RowFault]:
    """Numbers that the register has, and numbers of a body, year and level that are given here."""
    taken = importing.registered(uow, [row.certificate_no for row in rows])
    prefixes = {row.row: _prefix(numbering, row) for row in rows}
    ours = importing.counted(uow, {prefix for prefix in prefixes.values() if prefix})
    faults = []
    for row in rows:
        if row.certificate_no in taken:
            zh, en = "该证书编号已在名册中", "this number is in the register"
            faults.append(RowFault(row.row, "证书编号", "import-number-registered", zh, en))
        elif prefixes[row.row] in ours:
            zh, en = "该机构该年度该等级的编号由本系统编发", "numbers of this body, year and level are given here"
            faults.append(RowFault(row.row, "证书编号", "import-number-ours", zh, en))
    return faults


def _prefix(numbering: Numbering, row: ImportedRow) -> str | None:
    return numbering.counted_prefix(NumberKind(row.number_kind), row.certificate_no)


def _enter(uow: UnitOfWork, numbering: Numbering, found: RegisterImport, rows: Sequence[ImportedRow]) -> None:
    """The counter of a prefix that is ours to count goes past what was imported under it."""
    ids = [uow.new_id() for _ in rows]
    prefixes = [_prefix(numbering, row) for row in rows]
    importing.enter(
        uow,
        [
            _values(uow.keyring, found, certificate_id, prefix or row.certificate_no, row)
            for certificate_id, prefix, row in zip(ids, prefixes, rows, strict=True)
        ],
    )
    importing.record_imports(uow, ids, uow.now())
    reached: dict[str, int] = {}
    for prefix, row in zip(prefixes, rows, strict=True):
        if prefix is not None:
            reached[prefix] = max(reached.get(prefix, 0), int(row.certificate_no.removeprefix(prefix)))
    issuing.raise_counters(uow, reached)


def _values(
    ring: KeyRing, found: RegisterImport, certificate_id: UUID, prefix: str, row: ImportedRow
) -> tuple[Any, ...]:
    issued_on = date.fromisoformat(row.issued_on)
    person = PersonalData(name=row.name, id_type=row.id_type, id_no=row.id_no)
    ability = row.project_name is not None
    special = (SPECIAL_CODE, row.project_name, 0) if ability else (None, None, None)
    return (
        certificate_id, row.certificate_no, prefix,
        certificate_id, certificate_id, 0, certificate_id, found.import_id,
        row.track.value, row.kind, None, row.occupation_name, row.trade, row.level, None, *special,
        found.import_id, row.certificate_no[:13], row.body_name,
        issued_on, State.VALID.value, FIRST_VERSION, Jsonb([]),
        ring.seal_column(person, RETENTION_CLASS, found.imported_at.year, certificate_id),
        ring.lookup_hash(*name_factor(row.name)), ring.lookup_hash(*id_factor(row.id_type, row.id_no)),
        Origin.IMPORTED.value, found.authority,
    )  # fmt: skip


def _decided(uow: UnitOfWork, found: RegisterImport, state: str) -> ImportShown:
    at = uow.now()  # asking flushes, and the row is whole before or after
    found.state, found.content = state, None
    found.decided_by, found.decided_at = uow.cause.actor, at
    uow.session.add(found)
    return _shown(found)


def _locked(uow: UnitOfWork, import_id: UUID) -> RegisterImport:
    query = select(RegisterImport).where(RegisterImport.import_id == import_id).with_for_update()
    row = uow.session.exec(query).first()
    if row is None:
        raise _unknown()
    if row.state != "PENDING":
        raise Conflict("import-decided", zh="该次导入已处理", en="the import was decided before")
    return row


def _shown(row: RegisterImport) -> ImportShown:
    return ImportShown(row.import_id, row.authority, row.state, row.certificates, row.file_sha256.hex())


def _refused(faults: Sequence[RowFault]) -> RowsRefused:
    zh, en = "文件有{count}处错误，未导入", "the file has {count} faults, and nothing was imported"
    return RowsRefused("import-rows-refused", zh=zh, en=en, faults=faults)


def _unknown() -> NotFound:
    return NotFound("import-unknown", zh="没有这次导入", en="there is no such import")
