"""The record of corrections, which only grows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.results import Result
from luban.exam.adapters.scores import Outcomes, stored
from luban.reference.pass_rule import is_passed

ADD = """
insert into correction (correction_id, result_id, objection_id, corrected_by, corrected_at, reason_code, reason,
                        old_scores, new_scores, old_passed, new_passed, was_confirmed_at, state_after)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class Why:
    """Who corrects, and why: a stable code, words, and the objection that led to it."""

    by: str
    reason_code: str
    reason: str
    objection_id: UUID | None = None


def add_correction(
    uow: UnitOfWork, result: Result, outcomes: Outcomes, why: Why, now: datetime, state_after: str
) -> UUID:
    """Records the correction of a result that still holds its old scores; its id."""
    correction_id = uow.new_id()
    values = (
        correction_id,
        result.result_id,
        why.objection_id,
        why.by,
        now,
        why.reason_code,
        why.reason,
        Jsonb(stored(result.outcomes)),
        Jsonb(stored(outcomes)),
        result.passed,
        is_passed(outcomes),
        result.confirmed_at,
        state_after,
    )
    uow.sql(ADD, values)
    return correction_id
