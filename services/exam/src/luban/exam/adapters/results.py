"""Results: one row per assessed entry, locked and changed singly, confirmed in sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import kwargs_row, namedtuple_row
from psycopg.types.json import Jsonb

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.scores import Outcomes, outcomes_of, stored
from luban.reference.pass_rule import SubjectOutcome, is_passed
from luban.reference.refusal import NotFound
from luban.reference.shanghai import shanghai_day

COLUMNS = (
    "result_id, plan_id, submission_id, entry_id, candidate_id, publicity_no, passed, scores, state, confirmation_no,"
    " publicity_ends_at, confirmed_at"
)
# Rows are taken by place in the list: two confirmations at once never wait for one another in a ring.
CONFIRM = """
with due as (
    select result_id from result where {condition}
    and state = 'PUBLICISED' and publicity_ends_at <= %(now)s
    order by publicity_no limit %(most)s for update
), confirmed as (
    update result set state = 'CONFIRMED', confirmed_at = %(now)s, confirmation_no = confirmation_no + passed::integer
    from due where result.result_id = due.result_id
    returning result.result_id, entry_id, candidate_id, publicity_no, passed, scores, confirmation_no
), recorded as (
    insert into confirmation (result_id, confirmation_no, confirmed_at, confirmed_on)
    select result_id, confirmation_no, %(now)s, %(today)s from confirmed where passed
)
select confirmed.result_id, confirmed.entry_id, confirmed.candidate_id, confirmed.confirmation_no, passed, scores,
       case when passed then entry.sealed end as sealed, entry.traceparent
from confirmed join entry using (entry_id) order by publicity_no
"""


@dataclass(frozen=True)
class Result:
    """One result as it stands."""

    result_id: UUID
    plan_id: UUID
    submission_id: UUID
    entry_id: UUID
    candidate_id: UUID
    publicity_no: int
    passed: bool
    outcomes: dict[str, SubjectOutcome]
    state: str
    confirmation_no: int
    publicity_ends_at: datetime | None
    confirmed_at: datetime | None


def find_result(uow: UnitOfWork, result_id: UUID, *, lock: str = "") -> Result:
    """The result; `lock` is "" or "for update". Raises NotFound result-unknown."""
    return _one(uow, f"result_id = %s {lock}", (result_id,))


def publicised_result(uow: UnitOfWork, plan_id: UUID, publicity_no: int) -> Result:
    """The result of a number in a plan's public list, locked. Raises NotFound result-unknown."""
    return _one(uow, "plan_id = %s and publicity_no = %s for update", (plan_id, publicity_no))


def confirm_due(
    uow: UnitOfWork, now: datetime, most: int, *, plan_id: UUID | None = None, result_id: UUID | None = None
) -> Sequence[Any]:
    """Confirms what is publicised, not held and over by `now`: of a plan at most `most`, or one result.

    Rows of what was confirmed: result_id, entry_id, candidate_id, confirmation_no, passed, scores, sealed (of passes),
    traceparent of the entry.
    """
    condition = "plan_id = %(subject)s" if plan_id else "result_id = %(subject)s"
    cursor = uow.connection.cursor(row_factory=namedtuple_row, binary=True)
    values = {"subject": plan_id or result_id, "now": now, "most": most, "today": shanghai_day(now)}
    return cursor.execute(CONFIRM.format(condition=condition), values).fetchall()


def set_state(uow: UnitOfWork, result_id: UUID, state: str) -> None:
    """HELD, or PUBLICISED again; the row is locked by then."""
    uow.sql("update result set state = %s where result_id = %s", (state, result_id))


def correct(uow: UnitOfWork, result_id: UUID, outcomes: Outcomes) -> None:
    """Other scores, and what follows from them by the pass rule."""
    uow.sql(
        "update result set scores = %s, passed = %s where result_id = %s",
        (Jsonb(stored(outcomes)), is_passed(outcomes), result_id),
    )


def publicise_again(uow: UnitOfWork, result_id: UUID, state: str, ends_at: datetime) -> None:
    """A publicity of its own for one result, as PUBLICISED or still HELD."""
    uow.sql(
        "update result set state = %s, publicity_ends_at = %s, confirmed_at = null where result_id = %s",
        (state, ends_at, result_id),
    )


def _one(uow: UnitOfWork, condition: str, values: Sequence[Any]) -> Result:
    cursor = uow.connection.cursor(row_factory=kwargs_row(_result))
    found = cursor.execute(f"select {COLUMNS} from result where {condition}", values).fetchone()  # noqa: S608  # constants only
    if found is None:
        raise NotFound("result-unknown", zh="没有这个成绩", en="there is no such result")
    return found


def _result(**row: Any) -> Result:
    return Result(outcomes=outcomes_of(row.pop("scores")), **row)
