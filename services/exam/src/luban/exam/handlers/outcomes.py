"""Subject outcomes: where theory, skill and review meet before a result is drawn up."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import Conflict, Invalid

PLANS = """
select plan.plan_id from plan
where plan_id in (select plan_id from entry where entry_id = any(%s)) order by plan_id for share
"""
ALREADY = "select 1 from submission where plan_id = any(%s) and state <> 'DISCARDED' limit 1"
WRITE = """
insert into subject_outcome (entry_id, subject_code, outcome, score_tenths, source, set_at, set_by)
select row.*, %s, eventkit.now(), %s
from unnest(%s::uuid[], %s::text[], %s::text[], %s::integer[]) as row(entry_id, subject_code, outcome, score_tenths)
order by entry_id, subject_code
on conflict (entry_id, subject_code) do update
set outcome = excluded.outcome, score_tenths = excluded.score_tenths, source = excluded.source,
    set_at = excluded.set_at, set_by = excluded.set_by
"""
UNKNOWN = """
select 1 from unnest(%s::uuid[], %s::text[]) as row(entry_id, subject_code)
left join entry on entry.entry_id = row.entry_id and entry.state = 'ACCEPTED'
left join plan on plan.plan_id = entry.plan_id
where plan.plan_id is null or not plan.subjects @> jsonb_build_array(jsonb_build_object('code', row.subject_code))
limit 1
"""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """How one subject ended for one entry: SCORED, ABSENT, VOID or CARRIED_OVER; tenths are 0 without a score."""

    entry_id: UUID
    subject_code: str
    outcome: str
    score_tenths: int


def record_outcomes(uow: UnitOfWork, rows: Sequence[OutcomeRow], source: str) -> None:
    """Writes outcomes, each over an earlier one of its subject; `source` says what set them, e.g. paper or raters.

    Raises Conflict results-already-drawn-up once results of a plan stand, Invalid outcome-misplaced for an entry that
    is not accepted or a subject that its plan lacks.
    """
    if not rows:
        return
    entries = [row.entry_id for row in rows]
    codes = [row.subject_code for row in rows]
    plans = [plan_id for (plan_id,) in uow.sql(PLANS, (entries,)).fetchall()]
    if uow.sql(UNKNOWN, (entries, codes)).fetchone():
        raise Invalid("outcome-misplaced", zh="报名或科目不属于该计划", en="an entry or a subject is not of the plan")
    if uow.sql(ALREADY, (plans,)).fetchone():
        raise Conflict(
            "results-already-drawn-up", zh="该计划的成绩已汇总", en="results of the plan are already drawn up"
        )
    outcomes, tenths = [row.outcome for row in rows], [row.score_tenths for row in rows]
    uow.sql(WRITE, (source, uow.cause.actor, entries, codes, outcomes, tenths))
