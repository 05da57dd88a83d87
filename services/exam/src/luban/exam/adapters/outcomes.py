"""Subject outcomes gathered per entry, for results that are drawn up."""

from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.scores import outcome_of
from luban.reference.pass_rule import SubjectOutcome

OF_PLAN = """
select entry_id, subject_code, outcome, score_tenths from subject_outcome join entry using (entry_id)
where plan_id = %s and state = 'ACCEPTED'
"""


def outcomes_of_plan(uow: UnitOfWork, plan_id: UUID) -> dict[UUID, dict[str, SubjectOutcome]]:
    """By entry and subject code, what is known so far."""
    gathered: dict[UUID, dict[str, SubjectOutcome]] = {}
    for entry_id, code, outcome, tenths in uow.sql(OF_PLAN, (plan_id,)).fetchall():
        gathered.setdefault(entry_id, {})[code] = outcome_of(outcome, tenths)
    return gathered
