"""Changes of a published plan: days, site, places; and, until an entry was accepted, what it assesses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.registration_pb2 import PlanChanged
from luban.reference.batch_calendar import PlanDates
from luban.reference.divisions import division
from luban.reference.eligibility_rules import edition_in_force
from luban.reference.refusal import Conflict
from luban.reference.rules import national_rules
from luban.reference.shanghai import shanghai_day
from luban.reference.working_days import national_calendar
from luban.registration.adapters.bodies import load_body
from luban.registration.adapters.entries import count_doubles, holds_entries
from luban.registration.adapters.facts import plan_facts
from luban.registration.adapters.plans import PlanOfBody, lock_plan, record_plan_change, save_plan
from luban.registration.domain.plan import Plan, check_change, check_scheme
from luban.registration.domain.scheme import LevelScheme, Scheme, Subject, chosen_subjects
from luban.registration.handlers.ownership import require_own_body
from luban.registration.handlers.plan_timers import set_plan_timers
from luban.registration.handlers.publish_plan import LevelAsked, scheme_asked
from luban.webkit.authentication import Principal


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What of a plan changes; None stays."""

    registration_from: date | None = None
    registration_to: date | None = None
    exam_from: date | None = None
    exam_to: date | None = None
    site_code: str | None = None
    site_name: str | None = None
    division: str | None = None
    capacity: int | None = None
    level: LevelAsked | None = None
    project_id: UUID | None = None
    subjects: Sequence[Subject] | None = None


def change_plan(uow: UnitOfWork, principal: Principal, plan_id: UUID, change: PlanChange) -> PlanOfBody:
    """A change that changes nothing keeps the version.

    Raises `Forbidden` not-your-body; `Conflict` and `Invalid` with the codes of `check_change`, plan-scheme-entered,
    plan-change-overlaps.
    """
    found = lock_plan(uow, plan_id)
    old = found.plan
    require_own_body(principal, old.body_id)
    new = _changed(uow, old, change)
    if new == old:
        return found
    body = load_body(uow, old.body_id)
    check_change(old, new, body, shanghai_day(uow.now()), national_calendar(), national_rules())
    if new.site_code != old.site_code:
        body.require_site(new.site_code)
    if new.scheme != old.scheme:
        _check_new_scheme(uow, new)
        body.require_covers(new.track, new.scheme)
    if new.dates != old.dates:
        _refuse_doubles(uow, new)
    raised = replace(new, plan_version=old.plan_version + 1)
    return _save(uow, PlanOfBody(raised, found.body))


def _changed(uow: UnitOfWork, old: Plan, change: PlanChange) -> Plan:
    dates = PlanDates(
        change.registration_from or old.dates.registration_opens,
        change.registration_to or old.dates.registration_closes,
        change.exam_from or old.dates.exam_begins,
        change.exam_to or old.dates.exam_ends,
    )
    scheme = _scheme(uow, old, change, dates)
    subjects = old.subjects
    if change.subjects is not None or scheme != old.scheme:
        subjects = chosen_subjects(old.track, scheme, change.subjects)
    return replace(
        old,
        dates=dates,
        scheme=scheme,
        subjects=subjects,
        site_code=change.site_code or old.site_code,
        site_name=change.site_name or old.site_name,
        division=division(change.division).code if change.division else old.division,
        capacity=old.capacity if change.capacity is None else change.capacity,
    )


def _scheme(uow: UnitOfWork, old: Plan, change: PlanChange, dates: PlanDates) -> Scheme:
    if change.level is None and change.project_id is None:
        if old.frozen or not isinstance(old.scheme, LevelScheme):
            return old.scheme
        return replace(old.scheme, standard_edition=edition_in_force(dates.registration_closes).edition)
    return scheme_asked(uow, change.level, change.project_id, dates)


def _check_new_scheme(uow: UnitOfWork, new: Plan) -> None:
    check_scheme(new.track, new.scheme, new.dates)
    if holds_entries(uow, new.plan_id):
        raise Conflict(
            "plan-scheme-entered",
            zh="已有人报名，认定对象不能再变更",
            en="somebody has entered; what is assessed stays",
        )


def _refuse_doubles(uow: UnitOfWork, new: Plan) -> None:
    doubles = count_doubles(uow, new)
    if doubles:
        raise Conflict(
            "plan-change-overlaps",
            zh="变更后有{count}人在考试时间重叠的计划中重复报名",
            en="{count} people would have entries for the same thing with overlapping exam days",
            count=doubles,
        )


def _save(uow: UnitOfWork, found: PlanOfBody) -> PlanOfBody:
    plan = found.plan
    save_plan(uow, plan)
    record_plan_change(uow, plan, uow.now(), "change")
    set_plan_timers(uow, plan)
    uow.emit(PlanChanged(plan=plan_facts(found)), aggregate_id=plan.plan_id, key=plan.plan_id, track=plan.track)
    return found
