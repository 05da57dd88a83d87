"""SQL of the public log: what waits for it, its entries, tiles and checkpoints."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from luban.certificate.domain.log_facts import FACTS
from luban.eventkit.uow import UnitOfWork
from luban.proofs.checkpoint import Checkpoint
from luban.proofs.log_entry import ENTRY_BYTES
from luban.proofs.merkle import HASH_BYTES, leaf_hash
from luban.proofs.pocket import Logged
from luban.proofs.tiles import ENTRIES, WIDTH, Tile, parse_path, tile_of

LOCK_CLASS, LOCK = 0x4C42, 70_001
"""An advisory lock of ours: one process at a time makes the log longer."""

COLUMNS = ("certificate_no", "register_version", "personal", *FACTS)

_OF_CERTIFICATE = ", ".join(f"c.{name}" for name in COLUMNS)

WAITING = f"""
select q.seq, q.certificate_id, q.version, e.change, e.at, before.index, before.tag, {_OF_CERTIFICATE}
from log_queue q
join register_entry e using (certificate_id, version)
join certificate c using (certificate_id)
left join log_entry before on before.certificate_id = q.certificate_id and before.version = q.version - 1
order by q.seq limit %s
"""  # noqa: S608  # names of our own columns

SAVE_TILE = """
insert into log_tile (level, index, content) values (%s, %s, %s)
on conflict (level, index) do update set content = excluded.content
"""

NEWEST = "select size, root, note, at from log_checkpoint order by size desc limit 1"

NOTE = """
select c.note || coalesce((select string_agg(s.line, '' order by s.witness) from log_cosignature s
                           where s.size = c.size), '')
from log_checkpoint c where c.size = %s
"""

NEWEST_NOTE = NOTE.replace("%s", "(select max(size) from log_checkpoint)")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A register entry that the log lacks."""

    seq: int
    certificate_id: UUID
    version: int
    change: str
    at: datetime
    before: int | None
    """Index of the entry of the version before, where that is logged already."""
    tag: bytes | None
    certificate: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one entry of the log."""

    index: int
    facts: bytes
    salt: bytes


def is_mine(uow: UnitOfWork) -> bool:
    """Takes the log for this transaction; False while another process has it."""
    row = uow.sql("select pg_try_advisory_xact_lock(%s, %s)", (LOCK_CLASS, LOCK)).fetchone()
    return bool(row and row[0])


def waiting(uow: UnitOfWork, most: int) -> list[Waiting]:
    """The next register entries to be logged, in order."""
    return [_waiting(row) for row in uow.sql(WAITING, (most,)).fetchall()]


def _waiting(row: Sequence[Any]) -> Waiting:
    seq, certificate_id, version, change, at, before, tag, *certificate = row
    columns = dict(zip(COLUMNS, certificate, strict=True))
    return Waiting(seq, certificate_id, version, change, at, before, tag, columns)


def newest(uow: UnitOfWork, origin: str) -> tuple[Checkpoint, datetime] | None:
    """The log's state and when it was signed; None before the first."""
    row = uow.sql(NEWEST).fetchone()
    return (Checkpoint(origin, row[0], row[1]), row[3]) if row else None


def root_at(uow: UnitOfWork, size: int) -> bytes | None:
    """The root that was signed at a size; None where none was."""
    row = uow.sql("select root from log_checkpoint where size = %s", (size,)).fetchone()
    return row[0] if row else None


def note(uow: UnitOfWork, size: int | None = None) -> str | None:
    """The signed note of a size, else the newest, with every cosignature taken so far."""
    row = (uow.sql(NEWEST_NOTE) if size is None else uow.sql(NOTE, (size,))).fetchone()
    return row[0] if row else None


def read_tile(uow: UnitOfWork, path: str) -> bytes:
    """A tile or bundle, cut to the width that the path asks for. Raises FileNotFoundError, `Invalid` tile-path."""
    tile = parse_path(path)
    row = uow.sql("select content from log_tile where level = %s and index = %s", (tile.level, tile.index)).fetchone()
    length = tile.width * (ENTRY_BYTES + 2 if tile.level == ENTRIES else HASH_BYTES)
    if row is None or len(row[0]) < length:
        raise FileNotFoundError(path)
    content: bytes = row[0][:length]
    return content


def write_tiles(uow: UnitOfWork, tiles: Iterable[tuple[Tile, bytes]]) -> None:
    """Tiles that grew, or are new."""
    with uow.connection.cursor() as cursor:
        cursor.executemany(SAVE_TILE, [(tile.level, tile.index, content) for tile, content in tiles])


def enter(uow: UnitOfWork, rows: Iterable[Sequence[Any]]) -> None:
    """index, certificate_id, version, logged_at, tag, salt, facts."""
    statement = (
        "copy log_entry (index, certificate_id, version, logged_at, tag, salt, facts) from stdin (format binary)"
    )
    with uow.connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", "uuid", "int4", "timestamptz", "bytea", "bytea", "bytea"])
        for row in rows:
            copy.write_row(row)


def strike_out(uow: UnitOfWork, seqs: Sequence[int]) -> None:
    """These wait no more."""
    uow.sql("delete from log_queue where seq = any(%s::bigint[])", (list(seqs),))


def save_checkpoint(uow: UnitOfWork, checkpoint: Checkpoint, signed: bytes, at: datetime) -> None:
    """The log's new state."""
    uow.sql(
        "insert into log_checkpoint (size, root, note, at) values (%s, %s, %s, %s)",
        (checkpoint.size, checkpoint.root, signed.decode(), at),
    )


def save_cosignature(uow: UnitOfWork, size: int, witness: str, line: str) -> None:
    """The first that a witness gave of a size stays. A later key of the log's own counts as one."""
    uow.sql(
        "insert into log_cosignature (size, witness, line, at) values (%s, %s, %s, eventkit.now())"
        " on conflict do nothing",
        (size, witness, line),
    )


def opening(uow: UnitOfWork, certificate_no: str) -> Opening | None:
    """What opens the newest entry of a certificate."""
    row = uow.sql(
        "select l.index, l.facts, l.salt from certificate c join log_entry l using (certificate_id)"
        " where c.certificate_no = %s order by l.version desc limit 1",
        (certificate_no,),
    ).fetchone()
    return Opening(*row) if row else None


NEWEST_ENTRY = "select index from log_entry where certificate_id = %s order by version desc limit 1"


def logged_entry(uow: UnitOfWork, certificate_id: UUID) -> Logged | None:
    """The newest entry of a certificate and its leaf hash; None for one that is about to be logged."""
    row = uow.sql(NEWEST_ENTRY, (certificate_id,)).fetchone()
    size = uow.sql("select max(size) from log_checkpoint").fetchone()
    if row is None or size is None or size[0] is None or row[0] >= size[0]:
        return None
    return Logged(row[0], leaf_hash(read_entry(uow, row[0], size[0])))


def read_entry(uow: UnitOfWork, index: int, size: int) -> bytes:
    """The bytes of one entry of a log of this size."""
    bundle = read_tile(uow, tile_of(ENTRIES, index // WIDTH, size).path)
    at = index % WIDTH * (ENTRY_BYTES + 2)
    return bundle[at + 2 : at + 2 + ENTRY_BYTES]
