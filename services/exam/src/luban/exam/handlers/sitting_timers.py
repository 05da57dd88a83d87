"""The clock ends a sitting: open papers are handed in, papers are scored, who never came is absent."""

import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from luban.eventkit.timers import TimerHandler
from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters import papers, sittings
from luban.exam.adapters.forms import scored_items
from luban.exam.adapters.papers import Answers
from luban.exam.adapters.plans import find_plan
from luban.exam.adapters.sittings import Sitting
from luban.exam.domain.scoring import paper_score
from luban.exam.handlers.outcomes import OutcomeRow, record_outcomes
from luban.exam.handlers.seating import END_SITTING
from luban.reference.refusal import Refusal
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day

log = logging.getLogger(__name__)


def end_sitting(uow: UnitOfWork, sitting_id: UUID) -> None:
    """Ends a sitting whose time is over; does nothing before, or a second time."""
    plan = find_plan(uow, sittings.find_sitting(uow, sitting_id).plan_id, lock="for share")
    sitting = sittings.find_sitting(uow, sitting_id, lock=True)
    if sitting.state == "ENDED" or uow.now() < sitting.ends_at:
        return
    papers.submit_by_clock(uow, sitting_id)
    sittings.end_sitting(uow, sitting_id)
    if sitting.form_id is None or plan.state == "CANCELLED":
        return
    answers = papers.answers_of_sitting(uow, sitting_id)
    scores = _scores(uow, sitting, sitting.form_id, answers)
    papers.keep_scores(uow, {answer.paper_id: scores[answer.entry_id] for answer in answers})
    _record(uow, sitting, scores)


def _scores(uow: UnitOfWork, sitting: Sitting, form_id: UUID, answers: Sequence[Answers]) -> Mapping[UUID, int]:
    items = scored_items(uow, form_id)
    partial = rule("theory.multiple_partial_percent", shanghai_day(sitting.starts_at))
    return {answer.entry_id: paper_score(items, answer.pairs, partial) for answer in answers}


def _record(uow: UnitOfWork, sitting: Sitting, scores: Mapping[UUID, int]) -> None:
    """Scores for who sat, absent for who did not. Where results were drawn up otherwise by now, those stand: the
    scores stay on the papers for a correction, and the sitting ends all the same."""
    code = sitting.subject_code
    seated = [seat.entry_id for seat in sittings.seats_of(uow, sitting.sitting_id)]
    outcomes = [
        OutcomeRow(entry_id, code, "SCORED", scores[entry_id])
        if entry_id in scores
        else OutcomeRow(entry_id, code, "ABSENT", 0)
        for entry_id in seated
    ]
    try:
        with uow.savepoint():
            record_outcomes(uow, outcomes, "paper")
    except Refusal as refusal:
        log.warning("sitting %s ended without outcomes: %s", sitting.sitting_id, refusal.code)


TIMERS: Mapping[str, TimerHandler] = {END_SITTING: end_sitting}
