"""Corrections of results by the province: recorded, publicised again where due, told where somebody relied on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.exam_pb2 import ResultCorrected
from luban.exam.adapters.corrections import Why, add_correction
from luban.exam.adapters.objections import open_objections
from luban.exam.adapters.plans import find_plan
from luban.exam.adapters.results import Result, correct, find_result, publicise_again
from luban.exam.adapters.scores import WireScores, stored
from luban.exam.domain.correcting import Corrected, Effect, corrected, effect_of
from luban.exam.handlers.confirming import END_RESULT_PUBLICITY
from luban.exam.handlers.submissions import publicity_end
from luban.reference.pass_rule import is_passed
from luban.webkit.authentication import Principal


@dataclass(frozen=True)
class CorrectedResult:
    """A result after its correction."""

    correction_id: UUID
    result_id: UUID
    state: str
    passed: bool
    publicity_ends_at: datetime | None


@dataclass(frozen=True)
class Reason:
    """Why a result is corrected: a stable code and words."""

    code: str
    words: str


def correct_result(
    uow: UnitOfWork, principal: Principal, result_id: UUID, scores: Mapping[str, Corrected], reason: Reason
) -> CorrectedResult:
    """Corrects the named subjects of a result.

    Raises NotFound result-unknown, Conflict result-not-publicised, Invalid as `domain.correcting.corrected`.
    """
    result = lock_result(uow, result_id)
    return apply_correction(uow, result, scores, Why(str(principal.subject), reason.code, reason.words))


def lock_result(uow: UnitOfWork, result_id: UUID) -> Result:
    """The result, locked after its timer as the timer itself does it, so that neither waits for the other in a ring."""
    uow.sql(
        "select 1 from eventkit.timer where kind = %s and subject_id = %s for update", (END_RESULT_PUBLICITY, result_id)
    )
    return find_result(uow, result_id, lock="for update")


def apply_correction(uow: UnitOfWork, result: Result, scores: Mapping[str, Corrected], why: Why) -> CorrectedResult:
    """Corrects a locked result and does what follows from it."""
    outcomes = corrected(result.outcomes, scores)
    passed, now = is_passed(outcomes), uow.now()
    effect = effect_of(result.state, before=result.passed, after=passed)
    held = bool(open_objections(uow, result.result_id))
    state = ("HELD" if held else "PUBLICISED") if effect is Effect.PUBLICITY else "CONFIRMED"
    correction_id = add_correction(uow, result, outcomes, why, now, state)
    correct(uow, result.result_id, outcomes)
    ends_at = result.publicity_ends_at
    if effect is Effect.PUBLICITY:
        ends_at = publicity_end(now)
        publicise_again(uow, result.result_id, state, ends_at)
        uow.set_timer(END_RESULT_PUBLICITY, result.result_id, ends_at)
    elif effect is Effect.TOLD:
        _tell(uow, find_result(uow, result.result_id), why.reason_code)
    return CorrectedResult(correction_id, result.result_id, state, passed, ends_at)


def _tell(uow: UnitOfWork, result: Result, reason_code: str) -> None:
    plan = find_plan(uow, result.plan_id)
    payload = ResultCorrected(
        result_id=str(result.result_id),
        confirmation_no=result.confirmation_no,
        candidate_id=str(result.candidate_id),
        passed=result.passed,
        scores=WireScores(plan.subject_codes).of(stored(result.outcomes)),
        reason_code=reason_code,
    )
    uow.emit(payload, aggregate_id=result.result_id, key=result.candidate_id, track=plan.track)
