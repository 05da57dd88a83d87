"""A plan (认定计划): one batch of a body, what it assesses, where and when, for how many."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from luban.reference.batch_calendar import PlanDates, check_plan_change, check_plan_dates
from luban.reference.occupations import occupation, require_free_access, require_level
from luban.reference.refusal import Conflict, Invalid
from luban.reference.rules import Rules
from luban.reference.shanghai import end_of_day, shanghai_day, start_of_day
from luban.reference.track import Track
from luban.reference.working_days import Calendar
from luban.registration.domain.body import Body
from luban.registration.domain.scheme import LevelScheme, ProjectScheme, Scheme, Subject

MOST_PLACES = 50_000


class PlanState(StrEnum):
    """Where a plan stands."""

    OPEN = "OPEN"
    """Published; takes entries between its registration days."""
    CLOSED = "CLOSED"
    """Registration is over."""
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Plan:
    """A published plan at one version."""

    plan_id: UUID
    plan_no: str
    plan_version: int
    state: PlanState
    body_id: UUID
    track: Track
    scheme: Scheme
    subjects: tuple[Subject, ...]
    site_code: str
    site_name: str
    division: str
    dates: PlanDates
    filed_on: date
    capacity: int
    taken: int = 0
    """Places that entries hold, decided or not."""
    accepted: int = 0
    frozen: bool = False
    """An entry was accepted once: track, scheme and subjects stay."""
    route: str = "ASSESSMENT"

    @property
    def closes_at(self) -> datetime:
        """24:00 Shanghai of the last registration day, UTC."""
        return end_of_day(self.dates.registration_closes)

    @property
    def decided_by(self) -> datetime:
        """Until when entries may be decided: 00:00 Shanghai of the first exam day, UTC."""
        return start_of_day(self.dates.exam_begins)

    def require_taking_entries(self, now: datetime) -> None:
        """Raises `Conflict` plan-state, registration-not-open or registration-closed."""
        match self.state:
            case PlanState.OPEN if now >= self.closes_at:
                raise _registration_closed()
            case PlanState.OPEN if shanghai_day(now) < self.dates.registration_opens:
                raise Conflict(
                    "registration-not-open",
                    zh="报名自{opens}开始",
                    en="registration opens on {opens}",
                    opens=self.dates.registration_opens.isoformat(),
                )
            case PlanState.OPEN:
                return
            case PlanState.CLOSED:
                raise _registration_closed()
            case PlanState.CANCELLED:
                raise self._conflict("submit-entry")

    def require_withdrawals(self, now: datetime) -> None:
        """Raises `Conflict` registration-closed or plan-state."""
        match self.state:
            case PlanState.OPEN if now < self.closes_at:
                return
            case PlanState.CANCELLED:
                raise self._conflict("withdraw-entry")
            case _:
                raise _registration_closed()

    def require_decisions(self, now: datetime) -> None:
        """Raises `Conflict` decision-too-late or plan-state."""
        match self.state:
            case PlanState.OPEN | PlanState.CLOSED if now < self.decided_by:
                return
            case PlanState.OPEN | PlanState.CLOSED:
                raise Conflict(
                    "decision-too-late",
                    zh="考试已开始，不能再作报名审核",
                    en="the exam has begun; entries are no longer decided",
                )
            case PlanState.CANCELLED:
                raise self._conflict("decide-entry")

    def close(self, now: datetime) -> "Plan | None":
        """The closed plan, or None when it is not the time or not the state (any more) to close it."""
        match self.state:
            case PlanState.OPEN if now >= self.closes_at:
                return replace(self, state=PlanState.CLOSED)
            case _:
                return None

    def cancel(self, now: datetime) -> "Plan":
        """Raises `Conflict` plan-state or plan-exam-begun."""
        match self.state:
            case PlanState.OPEN | PlanState.CLOSED if now < start_of_day(self.dates.exam_begins):
                return replace(self, state=PlanState.CANCELLED)
            case PlanState.OPEN | PlanState.CLOSED:
                raise Conflict(
                    "plan-exam-begun",
                    zh="考试已开始，计划不能取消",
                    en="the exam has begun; the plan cannot be called off",
                )
            case PlanState.CANCELLED:
                raise self._conflict("cancel")

    def _conflict(self, attempt: str) -> Conflict:
        return Conflict(
            "plan-state",
            zh="计划状态为{state}，不能执行{attempt}",
            en="the plan is {state}; {attempt} is not possible",
            state=self.state.value,
            attempt=attempt,
        )


def check_publication(plan: Plan, body: Body, calendar: Calendar, rules: Rules) -> None:
    """Refuse a plan that its body, its occupation or the calendar does not allow.

    Raises `Conflict` body-not-active; `Invalid` with the codes of the body, the occupation table, the batch calendar,
    plan-scheme, plan-capacity.
    """
    check_scheme(plan.track, plan.scheme, plan.dates)
    body.require_able(plan.filed_on, plan.dates.exam_ends)
    body.require_covers(plan.track, plan.scheme)
    body.require_site(plan.site_code)
    check_capacity(plan.capacity, 0)
    check_plan_dates(plan.dates, plan.filed_on, calendar, rules)


def check_scheme(track: Track, scheme: Scheme, dates: PlanDates) -> None:
    """Raises `Invalid` plan-scheme, or what the occupation table has against it."""
    match scheme:
        case LevelScheme() if track is not Track.SPECIAL_ABILITY:
            occupation(scheme.occupation_code, dates.exam_begins)
            require_free_access(scheme.occupation_code, track)
            require_level(scheme.occupation_code, scheme.level)
        case ProjectScheme() if track is Track.SPECIAL_ABILITY:
            return
        case _:
            raise Invalid(
                "plan-scheme",
                zh="专项职业能力考核对应项目，其余评价对应职业等级",
                en="a special-ability plan names a project, any other an occupation and level",
            )


def check_change(old: Plan, new: Plan, body: Body, today: date, calendar: Calendar, rules: Rules) -> None:
    """Refuse a change that comes too late, or touches what is settled.

    Raises `Conflict` plan-state, plan-frozen, plan-closed-for-change, plan-capacity-taken;
    `Invalid` with the codes of the batch calendar, body-not-valid, plan-capacity.
    """
    if old.state is PlanState.CANCELLED:
        raise old._conflict("change")
    if old.frozen and (old.scheme, old.subjects) != (new.scheme, new.subjects):
        raise Conflict(
            "plan-frozen",
            zh="已有报名被接受，认定对象和科目不能再变更",
            en="an entry was accepted; what is assessed and its subjects stay",
        )
    check_capacity(new.capacity, old.taken)
    if old.state is PlanState.CLOSED:
        _require_registration_kept(old, new)
    if (old.dates, old.site_code, old.site_name, old.division) != (
        new.dates,
        new.site_code,
        new.site_name,
        new.division,
    ):
        check_plan_change(old.dates.exam_begins, today, calendar, rules)
    if old.dates != new.dates:
        _check_new_dates(old, new, body, today, calendar, rules)


def _check_new_dates(old: Plan, new: Plan, body: Body, today: date, calendar: Calendar, rules: Rules) -> None:
    check_plan_change(new.dates.exam_begins, today, calendar, rules)
    check_plan_dates(new.dates, new.filed_on, calendar, rules)
    if new.dates.registration_closes != old.dates.registration_closes and new.dates.registration_closes < today:
        raise Invalid("plan-registration-past", zh="报名截止日期已过", en="the last registration day has passed")
    if new.dates.exam_ends > body.valid_to:
        body.require_able(body.valid_from, new.dates.exam_ends)


def _require_registration_kept(old: Plan, new: Plan) -> None:
    was, will = old.dates, new.dates
    kept = (was.registration_opens, was.registration_closes) == (will.registration_opens, will.registration_closes)
    if not kept or old.capacity != new.capacity:
        raise Conflict(
            "plan-closed-for-change",
            zh="报名已截止，报名日期和人数不能再变更",
            en="registration is over; its days and the places stay",
        )


def check_capacity(capacity: int, taken: int) -> None:
    """Raises `Invalid` plan-capacity or `Conflict` plan-capacity-taken."""
    if not 1 <= capacity <= MOST_PLACES:
        raise Invalid("plan-capacity", zh="计划人数应为1至{most}", en="a plan has 1 to {most} places", most=MOST_PLACES)
    if capacity < taken:
        raise Conflict(
            "plan-capacity-taken",
            zh="已有{taken}人占用名额，计划人数不能更少",
            en="{taken} places are taken; there cannot be fewer",
            taken=taken,
        )


def plan_full() -> Conflict:
    """The refusal of an entry for which there is no place left."""
    return Conflict("plan-full", zh="该计划名额已满", en="the plan has no place left")


def _registration_closed() -> Conflict:
    return Conflict("registration-closed", zh="报名已截止", en="registration is closed")
