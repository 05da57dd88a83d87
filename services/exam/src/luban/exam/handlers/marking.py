"""Raters mark skill and review: each alone, and the panel's marks together make the subject's outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters import marks as marked
from luban.exam.adapters.forms import subject_has_form
from luban.exam.adapters.plans import Plan, find_plan
from luban.exam.domain.marking import Mark, MarkingState, marking_state, panel_score, require_panel
from luban.exam.handlers.access import require_own_body
from luban.exam.handlers.outcomes import OutcomeRow, record_outcomes
from luban.exam.handlers.permission import (
    require_closed,
    require_member,
    require_not_cancelled,
    require_subject,
)
from luban.reference.refusal import Conflict, Forbidden, Invalid
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Principal

SOURCE = "panel"
"""What the outcomes of a panel are recorded as set by."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The raters of a subject."""

    plan_id: UUID
    subject_code: str
    rater_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class Marking:
    """Marks one rater gives; `reason` is needed to change a mark of an entry whose panel is complete."""

    plan_id: UUID
    subject_code: str
    marks: Sequence[tuple[UUID, Mark]]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the marking of one entry stands; the marks themselves are the raters' own."""

    entry_id: UUID
    marked: int
    raters: int
    state: MarkingState


def name_panel(uow: UnitOfWork, principal: Principal, plan_id: UUID, subject_code: str, raters: list[UUID]) -> Panel:
    """Names the raters of a subject, of the body's own choice, until the first mark.

    Raises Invalid raters-number, raters-repeated, Forbidden not-your-plan, Conflict plan-cancelled, marking-begun,
    subject-by-paper, NotFound plan-unknown, subject-unknown.
    """
    require_panel(raters)
    plan = find_plan(uow, plan_id, lock="for update")
    require_own_body(principal, plan)
    require_not_cancelled(plan)
    require_subject(plan, subject_code)
    if subject_has_form(uow, plan_id, subject_code):
        zh, en = "该科目由机器评分", "the subject is scored by machine from its form"
        raise Conflict("subject-by-paper", zh=zh, en=en)
    if marked.is_marked(uow, plan_id, subject_code):
        raise Conflict("marking-begun", zh="评分已开始，不得更换考评员", en="marking has begun; the panel stays")
    marked.name_panel(uow, plan_id, subject_code, raters)
    return Panel(plan_id, subject_code, raters)


def give_marks(uow: UnitOfWork, principal: Principal, marking: Marking) -> int:
    """Keeps a rater's marks, all or none, and records the outcome of every entry whose panel is complete by them.

    How many were kept. Raises Forbidden not-your-plan, rater-not-named, Conflict plan-open, marking-early,
    panel-complete, results-already-drawn-up, Invalid entry-repeated, entry-foreign.
    """
    plan = find_plan(uow, marking.plan_id, lock="for share")
    raters = _panel_with(uow, principal, plan, marking.subject_code)
    _require_time(uow, plan)
    given = _require_entries(uow, marking)
    before = marked.marks_of(uow, marking.subject_code, list(given))
    changes = _changes(principal.subject, given, before, len(raters), marking.reason)
    marked.write_marks(uow, marking.subject_code, principal.subject, given)
    marked.keep_changes(uow, marking.subject_code, principal.subject, changes, marking.reason)
    after = {entry_id: before.get(entry_id, {}) | {principal.subject: mark} for entry_id, mark in given.items()}
    fresh = {entry_id: list(marks.values()) for entry_id, marks in after.items() if marks != before.get(entry_id)}
    _record(uow, plan, marking.subject_code, fresh, len(raters))
    return len(given)


def require_rater(uow: UnitOfWork, principal: Principal, plan_id: UUID, subject_code: str) -> Plan:
    """The plan, to a rater of its subject's panel. Raises Forbidden not-your-plan, rater-not-named."""
    plan = find_plan(uow, plan_id)
    _panel_with(uow, principal, plan, subject_code)
    return plan


def show_progress(
    uow: UnitOfWork, principal: Principal, plan_id: UUID, subject_code: str, after: UUID | None, limit: int
) -> list[Progress]:
    """How far a subject's marking is, to the plan's own body. Raises Forbidden not-your-plan."""
    plan = find_plan(uow, plan_id)
    require_own_body(principal, plan)
    require_subject(plan, subject_code)
    raters = len(marked.raters_of(uow, plan_id, subject_code))
    found = marked.counts(uow, plan_id, subject_code, after, limit)
    return [Progress(count.entry_id, count.marked, raters, _state(count, raters)) for count in found]


def _panel_with(uow: UnitOfWork, principal: Principal, plan: Plan, subject_code: str) -> frozenset[UUID]:
    require_member(principal, plan)
    require_subject(plan, subject_code)
    raters = marked.raters_of(uow, plan.plan_id, subject_code)
    if principal.subject not in raters:
        raise Forbidden("rater-not-named", zh="您不是该科目的考评员", en="you are not a rater of this subject")
    return raters


def _require_time(uow: UnitOfWork, plan: Plan) -> None:
    require_closed(plan)
    if shanghai_day(uow.now()) < plan.exam_from:
        raise Conflict("marking-early", zh="考试日期未到，不得评分", en="nothing is marked before the exam days")


def _require_entries(uow: UnitOfWork, marking: Marking) -> dict[UUID, Mark]:
    given = dict(marking.marks)
    if len(given) != len(marking.marks):
        raise Invalid("entry-repeated", zh="同一报名出现两次", en="an entry is named twice")
    foreign = given.keys() - marked.lock_entries(uow, marking.plan_id, list(given))
    if foreign:
        zh, en = "{number}条不是该计划的有效报名", "{number} are no accepted entries of the plan"
        listed = sorted(str(entry_id) for entry_id in foreign)[:50]
        raise Invalid("entry-foreign", zh=zh, en=en, number=len(foreign), entry_ids=listed)
    return given


def _changes(
    rater_id: UUID,
    given: Mapping[UUID, Mark],
    before: Mapping[UUID, Mapping[UUID, Mark]],
    raters: int,
    reason: str | None,
) -> dict[UUID, tuple[Mark, Mark]]:
    changes: dict[UUID, tuple[Mark, Mark]] = {}
    for entry_id, new in given.items():
        there = before.get(entry_id, {})
        old = there.get(rater_id)
        if old is None or old == new:
            continue
        if marking_state(list(there.values()), raters) is MarkingState.COMPLETE and not reason:
            zh, en = "全组评分已完成，更正须说明理由", "the panel is complete; a change needs its reason"
            raise Conflict("panel-complete", zh=zh, en=en, entry_id=str(entry_id))
        changes[entry_id] = (old, new)
    return changes


def _record(uow: UnitOfWork, plan: Plan, subject_code: str, marks: Mapping[UUID, Sequence[Mark]], raters: int) -> None:
    drop_from = rule("skill.drop_extremes_from_raters", plan.exam_from)
    outcomes = [
        _outcome(entry_id, subject_code, panel_score(panel, drop_from))
        for entry_id, panel in marks.items()
        if marking_state(panel, raters) is MarkingState.COMPLETE
    ]
    record_outcomes(uow, outcomes, SOURCE)


def _outcome(entry_id: UUID, subject_code: str, tenths: int | None) -> OutcomeRow:
    if tenths is None:
        return OutcomeRow(entry_id, subject_code, "ABSENT", 0)
    return OutcomeRow(entry_id, subject_code, "SCORED", tenths)


def _state(count: marked.Count, raters: int) -> MarkingState:
    marks = [Mark(None)] * count.absent + [Mark(0)] * (count.marked - count.absent)
    return marking_state(marks, raters) if raters else MarkingState.INCOMPLETE
