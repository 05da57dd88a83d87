"""The end of publicity: what nobody holds is confirmed, and every pass is told to the world once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PlanFacts, SubjectScore
from luban.events.v1.exam_pb2 import ResultConfirmed
from luban.exam.adapters.plans import find_plan
from luban.exam.adapters.publicity import close_publicity, lock_publicity
from luban.exam.adapters.results import confirm_due, find_result
from luban.exam.adapters.scores import WireScores
from luban.exam.handlers.submissions import END_PUBLICITY
from luban.reference.shanghai import shanghai_day
from luban.reference.track import Track

CHUNK = 4_000
"""Results that one transaction confirms at most."""
END_RESULT_PUBLICITY = "end-result-publicity"


def on_publicity_end(uow: UnitOfWork, plan_id: UUID) -> None:
    """Timer of a plan: confirms a chunk, and sets itself again while there may be more."""
    publicity = lock_publicity(uow, plan_id)
    now = uow.now()
    if publicity is None or publicity.state != "RUNNING" or now < publicity.ends_at:
        return
    rows = confirm_due(uow, now, CHUNK, plan_id=plan_id)
    _tell(uow, plan_id, rows, now)
    if len(rows) < CHUNK:
        close_publicity(uow, plan_id, now)
    else:
        uow.set_timer(END_PUBLICITY, plan_id, now)


def on_result_publicity_end(uow: UnitOfWork, result_id: UUID) -> None:
    """Timer of one result that was publicised again."""
    confirm_one(uow, result_id)


def confirm_one(uow: UnitOfWork, result_id: UUID) -> bool:
    """Confirms one result if its publicity is over and nothing holds it; whether it did."""
    now = uow.now()
    rows = confirm_due(uow, now, 1, result_id=result_id)
    if rows:
        _tell(uow, find_result(uow, result_id).plan_id, rows, now)
    return bool(rows)


def _tell(uow: UnitOfWork, plan_id: UUID, rows: Sequence[Any], now: datetime) -> None:
    """ResultConfirmed for every pass among the rows."""
    plan = find_plan(uow, plan_id)
    facts, today = PlanFacts.FromString(plan.facts), shanghai_day(now).isoformat()
    wire = WireScores(plan.subject_codes)
    for row in rows:
        if row.passed:
            _emit(uow, plan.track, _confirmed(row, facts, wire.of(row.scores), today), row)


def _confirmed(row: Any, facts: PlanFacts, scores: list[SubjectScore], today: str) -> ResultConfirmed:
    return ResultConfirmed(
        result_id=str(row.result_id),
        confirmation_no=row.confirmation_no,
        entry_id=str(row.entry_id),
        candidate_id=str(row.candidate_id),
        plan=facts,
        scores=scores,
        confirmed_on=today,
    )


def _emit(uow: UnitOfWork, track: Track, payload: ResultConfirmed, row: Any) -> None:
    person = uow.keyring.open_column(row.sealed, row.entry_id)
    aggregate, key = row.result_id, row.candidate_id
    uow.emit(payload, aggregate_id=aggregate, key=key, track=track, personal=person, traceparent=row.traceparent)
