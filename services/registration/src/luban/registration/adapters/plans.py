"""Plans in their two tables: `plan`, and `plan_intake` with what changes at every entry and is the plan's lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from luban.eventkit.uow import UnitOfWork
from luban.reference.batch_calendar import PlanDates
from luban.reference.levels import Level
from luban.reference.refusal import Conflict, NotFound
from luban.reference.ticket import PlanNumber
from luban.reference.track import Track
from luban.registration.adapters.tables import PlanIntakeRow, PlanRow
from luban.registration.domain.plan import Plan, PlanState
from luban.registration.domain.scheme import LevelScheme, ProjectScheme, Scheme, Subject

PROVINCE = "37"
LAST_SEQUENCE = 9999

SELECT = """
select p.*, i.state, i.plan_version, i.capacity, i.taken, i.accepted, i.frozen,
       b.name as body_name, b.code as body_code, b.body_class,
       s.code as project_code, s.name as project_name, s.specification_version
from plan p join plan_intake i using (plan_id) join body b using (body_id) left join project s using (project_id)
"""
LISTED = """
where (%(after)s::uuid is null or p.plan_id < %(after)s) and (%(track)s::text is null or p.track = %(track)s)
  and (%(state)s::text is null or i.state = %(state)s) and (%(body)s::uuid is null or p.body_id = %(body)s)
order by p.plan_id desc limit %(count)s
"""
NUMBER = """
insert into plan_number as counter (year, site_code, last) values (%s, %s, 1)
on conflict (year, site_code) do update set last = counter.last + 1 returning last
"""


@dataclass(frozen=True, slots=True)
class BodyOfPlan:
    """What of its body a plan's facts carry, as named today."""

    body_id: UUID
    code: str
    name: str
    body_class: str


@dataclass(frozen=True, slots=True)
class PlanOfBody:
    """A plan with who assesses it."""

    plan: Plan
    body: BodyOfPlan


def lock_plan(uow: UnitOfWork, plan_id: UUID) -> PlanOfBody:
    """The plan, locked until the transaction ends. Raises `NotFound` plan-unknown."""
    uow.sql("select 1 from plan_intake where plan_id = %s for no key update", (plan_id,))
    return load_plan(uow, plan_id)


def load_plan(uow: UnitOfWork, plan_id: UUID) -> PlanOfBody:
    """Raises `NotFound` plan-unknown."""
    found = _rows(uow, SELECT + " where p.plan_id = %s", (plan_id,))
    if not found:
        raise NotFound("plan-unknown", zh="没有这个认定计划", en="there is no such plan")
    return found[0]


def load_plans(uow: UnitOfWork, plan_ids: Sequence[UUID]) -> dict[UUID, PlanOfBody]:
    """Several plans by id."""
    found = _rows(uow, SELECT + " where p.plan_id = any(%s)", (list(plan_ids),))
    return {each.plan.plan_id: each for each in found}


def list_plans(
    uow: UnitOfWork, after: UUID | None, count: int, track: Track | None, state: PlanState | None, body: UUID | None
) -> list[PlanOfBody]:
    """Plans, the newest first."""
    return _rows(uow, SELECT + LISTED, {"after": after, "count": count, "track": track, "state": state, "body": body})


def next_plan_number(uow: UnitOfWork, year: int, site_code: str) -> str:
    """The next number of a site in a year. Raises `Conflict` plan-numbers-exhausted."""
    row = uow.sql(NUMBER, (year, site_code)).fetchone()
    assert row is not None
    if row[0] > LAST_SEQUENCE:
        raise Conflict(
            "plan-numbers-exhausted",
            zh="该考点本年度计划编号已用完",
            en="the site has used up its plan numbers of this year",
        )
    return str(PlanNumber(year, PROVINCE, site_code, row[0]))


def add_plan(uow: UnitOfWork, plan: Plan) -> None:
    """Stores a new plan."""
    uow.session.add(_plan_row(plan))
    uow.session.flush()
    uow.session.add(_intake_row(plan))


def save_plan(uow: UnitOfWork, plan: Plan) -> None:
    """Replaces the rows of a plan that this transaction has locked."""
    uow.session.merge(_plan_row(plan))
    uow.session.merge(_intake_row(plan))


def record_plan_change(uow: UnitOfWork, plan: Plan, at: datetime, change: str, reason: str | None = None) -> None:
    """Keeps who changed a plan, when and why."""
    uow.sql(
        "insert into plan_history (plan_id, plan_version, at, actor, change, reason) values (%s, %s, %s, %s, %s, %s)",
        (plan.plan_id, plan.plan_version, at, uow.cause.actor, change, reason),
    )


def _rows(uow: UnitOfWork, query: str, parameters: Any) -> list[PlanOfBody]:
    cursor = uow.connection.cursor(row_factory=dict_row)
    return [_plan_of(row) for row in cursor.execute(query, parameters).fetchall()]


def _plan_of(row: dict[str, Any]) -> PlanOfBody:
    dates = PlanDates(row["registration_from"], row["registration_to"], row["exam_from"], row["exam_to"])
    plan = Plan(
        plan_id=row["plan_id"],
        plan_no=row["plan_no"],
        plan_version=row["plan_version"],
        state=PlanState(row["state"]),
        body_id=row["body_id"],
        track=Track(row["track"]),
        scheme=_scheme_of(row),
        subjects=tuple(Subject(**subject) for subject in row["subjects"]),
        site_code=row["site_code"],
        site_name=row["site_name"],
        division=row["division"],
        dates=dates,
        filed_on=row["filed_on"],
        capacity=row["capacity"],
        taken=row["taken"],
        accepted=row["accepted"],
        frozen=row["frozen"],
        route=row["route"],
    )
    return PlanOfBody(plan, BodyOfPlan(row["body_id"], row["body_code"], row["body_name"], row["body_class"]))


def _scheme_of(row: dict[str, Any]) -> Scheme:
    if row["project_id"]:
        return ProjectScheme(row["project_id"], row["project_code"], row["project_name"], row["specification_version"])
    level = Level(row["level"])
    return LevelScheme(row["occupation_code"], row["occupation_name"], row["trade"], level, row["standard_edition"])


def _plan_row(plan: Plan) -> PlanRow:
    row = PlanRow(
        plan_id=plan.plan_id,
        plan_no=plan.plan_no,
        body_id=plan.body_id,
        track=plan.track.value,
        scheme_key=plan.scheme.key,
        route=plan.route,
        subjects=[{"code": s.code, "name": s.name, "pass_tenths": s.pass_tenths} for s in plan.subjects],
        site_code=plan.site_code,
        site_name=plan.site_name,
        division=plan.division,
        registration_from=plan.dates.registration_opens,
        registration_to=plan.dates.registration_closes,
        exam_from=plan.dates.exam_begins,
        exam_to=plan.dates.exam_ends,
        filed_on=plan.filed_on,
    )
    match plan.scheme:
        case ProjectScheme(project_id=project_id):
            row.project_id = project_id
        case LevelScheme() as scheme:
            row.occupation_code, row.occupation_name = scheme.occupation_code, scheme.occupation_name
            row.trade, row.level, row.standard_edition = scheme.trade, scheme.level.value, scheme.standard_edition
    return row


def _intake_row(plan: Plan) -> PlanIntakeRow:
    return PlanIntakeRow(
        plan_id=plan.plan_id,
        state=plan.state.value,
        plan_version=plan.plan_version,
        capacity=plan.capacity,
        taken=plan.taken,
        accepted=plan.accepted,
        frozen=plan.frozen,
    )
