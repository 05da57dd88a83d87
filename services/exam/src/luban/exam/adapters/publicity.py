"""Publicity of a plan's results: the row that its timer locks, and the list that the public sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, namedtuple_row

from luban.eventkit.uow import UnitOfWork

PUBLIC_LIST = """
select publicity_no, result.entry_id, passed, scores, publicity_ends_at, sealed
from result join entry using (entry_id)
where result.plan_id = %s and result.state in ('PUBLICISED', 'HELD') and publicity_ends_at > %s and publicity_no > %s
order by publicity_no limit %s
"""


@dataclass(frozen=True)
class Publicity:
    """A plan's publicity."""

    plan_id: UUID
    state: str
    ends_at: datetime


def lock_publicity(uow: UnitOfWork, plan_id: UUID) -> Publicity | None:
    """The plan's publicity, locked."""
    cursor = uow.connection.cursor(row_factory=class_row(Publicity))
    return cursor.execute(
        "select plan_id, state, ends_at from publicity where plan_id = %s for update", (plan_id,)
    ).fetchone()


def close_publicity(uow: UnitOfWork, plan_id: UUID, now: datetime) -> None:
    """Marks it over."""
    uow.sql("update publicity set state = 'OVER', ended_at = %s where plan_id = %s", (now, plan_id))


def public_list(uow: UnitOfWork, plan_id: UUID, now: datetime, after: int, fetch: int) -> Sequence[Any]:
    """What is on public show at `now`, in the list's order: publicity_no, entry_id, passed, scores,
    publicity_ends_at, sealed."""
    cursor = uow.connection.cursor(row_factory=namedtuple_row)
    return cursor.execute(PUBLIC_LIST, (plan_id, now, after, fetch)).fetchall()
