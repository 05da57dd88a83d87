"""The list of a plan's candidates, as its body and its raters may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.plans import find_plan
from luban.exam.adapters.rows import rows
from luban.exam.handlers.permission import require_member
from luban.webkit.access_log import record_access
from luban.webkit.authentication import Principal, Role

ENTRIES = """
select entry_id, candidate_id, seq, sealed,
       coalesce((select jsonb_object_agg(subject_code, ticket_no) from seat where seat.entry_id = entry.entry_id), '{}')
           as tickets
from entry where plan_id = %s and state = 'ACCEPTED' and seq > %s order by seq limit %s
"""


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """One candidate of a plan; `tickets` are numbers by subject, `name` is there for the body's staff only."""

    entry_id: UUID
    seq: int
    tickets: Mapping[str, str]
    name: str | None


@dataclass(frozen=True)
class _Row:
    entry_id: UUID
    candidate_id: UUID
    seq: int
    sealed: bytes
    tickets: dict[str, str]


def list_entries(uow: UnitOfWork, principal: Principal, plan_id: UUID, after: int, limit: int) -> list[ListedEntry]:
    """Accepted entries of an own plan by their place in its list, beyond `after`. Raises Forbidden not-your-plan."""
    require_member(principal, find_plan(uow, plan_id))
    named = principal.has(Role.BODY_STAFF)
    found = rows(uow, _Row, ENTRIES, (plan_id, after, limit))
    return [ListedEntry(row.entry_id, row.seq, row.tickets, _name(uow, row) if named else None) for row in found]


def record_reading(uow: UnitOfWork, principal: Principal, entries: Sequence[ListedEntry]) -> None:
    """Records whose names were read; nothing where none were."""
    if not entries or not principal.has(Role.BODY_STAFF):
        return
    query = "select candidate_id from entry where entry_id = any(%s)"
    candidates = [candidate_id for (candidate_id,) in uow.sql(query, ([entry.entry_id for entry in entries],))]
    record_access(uow, principal, candidates, "name", "list of a plan's candidates")


def _name(uow: UnitOfWork, row: _Row) -> str:
    return uow.keyring.open_column(row.sealed, row.entry_id).name
