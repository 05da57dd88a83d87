"""Set-based SQL of issuing: what is issued already, counters, and rows by binary COPY."""

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from luban.certificate.domain.register import Change
from luban.eventkit.uow import UnitOfWork

Confirmation = tuple[UUID, int]
"""A result and the number of its confirmation: what a certificate rests on."""

ISSUED = """
select certificate.result_id, certificate.confirmation_no
from unnest(%s::uuid[], %s::integer[]) as asked (result_id, confirmation_no)
join certificate using (result_id, confirmation_no)
"""

DRAW = """
insert into counter as old (prefix, last)
select prefix, n from unnest(%s::text[], %s::integer[]) as wanted (prefix, n) order by prefix collate "C"
on conflict (prefix) do update set last = old.last + excluded.last
returning prefix, last
"""

COLUMNS: Mapping[str, str] = {
    "certificate_id": "uuid",
    "certificate_no": "text",
    "number_prefix": "text",
    "candidate_id": "uuid",
    "result_id": "uuid",
    "confirmation_no": "int4",
    "entry_id": "uuid",
    "plan_id": "uuid",
    "track": "text",
    "kind": "text",
    "occupation_code": "text",
    "occupation_name": "text",
    "trade": "text",
    "level": "int2",
    "standard_edition": "text",
    "project_code": "text",
    "project_name": "text",
    "specification_version": "int4",
    "body_id": "uuid",
    "body_code": "text",
    "body_name": "text",
    "issued_on": "date",
    "state": "text",
    "register_version": "int4",
    "scores": "jsonb",
    "personal": "bytea",
    "name_hash": "bytea",
    "id_hash": "bytea",
}

ENTRY_COLUMNS: Mapping[str, str] = {
    "certificate_id": "uuid",
    "version": "int4",
    "at": "timestamptz",
    "actor": "text",
    "change": "text",
}


def already_issued(uow: UnitOfWork, confirmations: Sequence[Confirmation]) -> set[Confirmation]:
    """Those of the confirmations that have their certificate."""
    results = [result for result, _ in confirmations]
    return set(uow.sql(ISSUED, (results, [number for _, number in confirmations])).fetchall())


def draw(uow: UnitOfWork, prefixes: Sequence[str]) -> dict[str, int]:
    """Moves each prefix's counter by as often as it stands here, and locks it; where each stood before."""
    wanted = Tally(prefixes)
    rows = uow.sql(DRAW, (list(wanted), list(wanted.values()))).fetchall()
    return {prefix: last - wanted[prefix] for prefix, last in rows}


RAISE = """
insert into counter as old (prefix, last)
select prefix, last from unnest(%s::text[], %s::integer[]) as reached (prefix, last) order by prefix collate "C"
on conflict (prefix) do update set last = greatest(old.last, excluded.last)
"""


def raise_counters(uow: UnitOfWork, reached: Mapping[str, int]) -> None:
    """Lets each counter stand at least at the sequence that was given under its prefix."""
    uow.sql(RAISE, (list(reached), list(reached.values())))


def enter(uow: UnitOfWork, rows: Iterable[Sequence[Any]]) -> None:
    """Writes certificates; each row has the values of COLUMNS in order."""
    copy_rows(uow, "certificate", COLUMNS, rows)


def record_issue(uow: UnitOfWork, certificate_ids: Iterable[UUID], at: datetime) -> None:
    """Writes the first register entry of each certificate."""
    actor = uow.cause.actor
    record_issues(uow, ((each, at, actor) for each in certificate_ids))


def record_issues(uow: UnitOfWork, issues: Iterable[tuple[UUID, datetime, str]]) -> None:
    """Writes first register entries: certificate, when it was issued, by whom."""
    rows = ((certificate_id, 1, at, actor, Change.ISSUED.value) for certificate_id, at, actor in issues)
    copy_rows(uow, "register_entry", ENTRY_COLUMNS, rows)


def copy_rows(uow: UnitOfWork, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes rows of these columns and their types by binary COPY."""
    statement = f"copy {table} ({', '.join(columns)}) from stdin (format binary)"
    with uow.connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)
