"""Results as their candidates and those who oversee them read them, with how each came to stand where it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import namedtuple_row

from luban.eventkit.uow import UnitOfWork

SELECT = """
select result_id, result.plan_id, plan_no, result.entry_id, result.candidate_id, publicity_no, result.passed, scores,
       result.state, confirmation_no, publicity_ends_at, sealed
from result join entry using (entry_id) join plan on plan.plan_id = result.plan_id
"""
# Confirmations are the same instant wherever they are written, so `union` keeps each once.
HISTORY = """
with of as (select * from result where result_id = any(%s))
select result_id, at, state, reason from (
    select result_id, submitted_at as at, 0 as step, 'AWAITING_CONFIRMATION' as state, 'submitted' as reason
    from of join submission using (submission_id)
    union all
    select result_id, submission.confirmed_at, 1, 'PUBLICISED', 'confirmed-by-body'
    from of join submission using (submission_id) where submission.confirmed_at is not null
    union all
    select result_id, filed_at, 2, 'HELD', 'objection-filed' from of join objection using (result_id)
    union all
    select result_id, decided_at, 3, state_after, case objection.state when 'UPHELD' then 'objection-upheld'
           else 'objection-not-upheld' end
    from of join objection using (result_id) where decided_at is not null
    union all
    select result_id, corrected_at, 4, state_after, reason_code from of join correction using (result_id)
    union
    select result_id, confirmed_at, 5, 'CONFIRMED', 'publicity-over' from of where confirmed_at is not null
    union
    select result_id, was_confirmed_at, 5, 'CONFIRMED', 'publicity-over'
    from of join correction using (result_id) where was_confirmed_at is not null
) as happened order by result_id, at, step
"""


@dataclass(frozen=True)
class Happened:
    """One step of a result."""

    at: datetime
    state: str
    reason: str
    """Stable code."""


def results_of_candidate(
    uow: UnitOfWork, candidate_id: UUID, plan_id: UUID | None, after: UUID | None, fetch: int
) -> Sequence[Any]:
    """A candidate's own results, by id."""
    condition = "where entry.candidate_id = %(candidate)s and result_id > %(after)s"
    condition += " and result.plan_id = %(plan)s" if plan_id else ""
    values = {"candidate": candidate_id, "plan": plan_id, "after": after or UUID(int=0), "fetch": fetch}
    return _rows(uow, f"{condition} order by result_id limit %(fetch)s", values)


def results_of_plan(uow: UnitOfWork, plan_id: UUID, after: int | None, fetch: int) -> Sequence[Any]:
    """A plan's results in the order of its list."""
    condition = "where result.plan_id = %(plan)s and publicity_no > %(after)s order by publicity_no limit %(fetch)s"
    return _rows(uow, condition, {"plan": plan_id, "after": after or 0, "fetch": fetch})


def histories(uow: UnitOfWork, result_ids: Sequence[UUID]) -> Mapping[UUID, list[Happened]]:
    """What happened to each result, in order."""
    gathered: dict[UUID, list[Happened]] = {result_id: [] for result_id in result_ids}
    for result_id, at, state, reason in uow.sql(HISTORY, (list(result_ids),)).fetchall():
        gathered[result_id].append(Happened(at, state, reason))
    return gathered


def _rows(uow: UnitOfWork, condition: str, values: Mapping[str, Any]) -> Sequence[Any]:
    return uow.connection.cursor(row_factory=namedtuple_row).execute(SELECT + condition, values).fetchall()
