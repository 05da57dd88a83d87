"""Publication of a plan by its body."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.registration_pb2 import PlanPublished
from luban.reference.batch_calendar import PlanDates
from luban.reference.divisions import division
from luban.reference.eligibility_rules import edition_in_force
from luban.reference.levels import Level
from luban.reference.occupations import occupation
from luban.reference.refusal import Invalid
from luban.reference.rules import national_rules
from luban.reference.shanghai import shanghai_day
from luban.reference.track import Track
from luban.reference.working_days import national_calendar
from luban.registration.adapters.bodies import load_body, load_project
from luban.registration.adapters.facts import plan_facts
from luban.registration.adapters.plans import (
    BodyOfPlan,
    PlanOfBody,
    add_plan,
    next_plan_number,
    record_plan_change,
)
from luban.registration.domain.body import Body
from luban.registration.domain.plan import Plan, PlanState, check_publication
from luban.registration.domain.scheme import LevelScheme, Scheme, Subject, chosen_subjects
from luban.registration.handlers.ownership import own_body
from luban.registration.handlers.plan_timers import set_plan_timers
from luban.webkit.authentication import Principal


@dataclass(frozen=True, slots=True)
class LevelAsked:
    """A level as a body names it."""

    occupation_code: str
    trade: str
    level: Level


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan as its body files it."""

    track: Track
    level: LevelAsked | None
    project_id: UUID | None
    subjects: Sequence[Subject] | None
    site_code: str
    site_name: str
    division: str
    capacity: int
    dates: PlanDates


def publish_plan(uow: UnitOfWork, principal: Principal, new: NewPlan) -> PlanOfBody:
    """Publishes a plan of the caller's own body.

    Raises `Forbidden` no-body; `Conflict` body-not-active, project-state; `Invalid` with the codes of
    `check_publication`.
    """
    body_id = own_body(principal)
    today = shanghai_day(uow.now())
    body = load_body(uow, body_id, lock=True)
    scheme = scheme_asked(uow, new.level, new.project_id, new.dates)
    plan = Plan(
        plan_id=uow.new_id(),
        plan_no="",
        plan_version=1,
        state=PlanState.OPEN,
        body_id=body_id,
        track=new.track,
        scheme=scheme,
        subjects=chosen_subjects(new.track, scheme, new.subjects),
        site_code=new.site_code,
        site_name=new.site_name,
        division=division(new.division).code,
        dates=new.dates,
        filed_on=today,
        capacity=new.capacity,
    )
    check_publication(plan, body, national_calendar(), national_rules())
    return _publish(uow, plan, body, today.year)


def scheme_asked(uow: UnitOfWork, level: LevelAsked | None, project_id: UUID | None, dates: PlanDates) -> Scheme:
    """The scheme with its names, and the edition in force on the closing day.

    Raises `Invalid` plan-scheme and those of the occupation table; `NotFound` project-unknown;
    `Conflict` project-state.
    """
    if (level is None) == (project_id is None):
        raise Invalid(
            "plan-scheme",
            zh="职业等级与专项项目须且只须填写一项",
            en="name either an occupation and level or a project",
        )
    if level is None:
        assert project_id is not None
        return load_project(uow, project_id).scheme()
    name = occupation(level.occupation_code).name
    edition = edition_in_force(dates.registration_closes).edition
    return LevelScheme(level.occupation_code, name, level.trade, level.level, edition)


def _publish(uow: UnitOfWork, plan: Plan, body: Body, year: int) -> PlanOfBody:
    numbered = replace(plan, plan_no=next_plan_number(uow, year, plan.site_code))
    add_plan(uow, numbered)
    found = PlanOfBody(numbered, BodyOfPlan(body.body_id, body.code, body.name, body.body_class.value))
    record_plan_change(uow, numbered, uow.now(), "publish")
    set_plan_timers(uow, numbered)
    uow.emit(PlanPublished(plan=plan_facts(found)), aggregate_id=plan.plan_id, key=plan.plan_id, track=plan.track)
    return found
