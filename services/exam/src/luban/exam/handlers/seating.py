"""Sittings are scheduled, and the candidates of a closed plan get their seats and tickets."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters import sittings
from luban.exam.adapters.forms import find_form
from luban.exam.adapters.plans import Plan, find_plan
from luban.exam.adapters.sittings import Seat, Sitting
from luban.exam.domain.sittings import (
    require_fitting_time,
    require_length,
    require_room,
    sitting_ended,
    ticket_number,
)
from luban.exam.handlers.access import require_own_body
from luban.exam.handlers.permission import (
    require_closed,
    require_not_cancelled,
    require_subject,
)
from luban.reference.refusal import Conflict, Invalid
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Principal

END_SITTING = "end-sitting"
"""The timer that ends a sitting by the clock."""
PREFIX_DIGITS = 14
"""Of a ticket: day, province, site."""


@dataclass(frozen=True, slots=True)
class SittingOrder:
    """A sitting that a body asks for."""

    plan_id: UUID
    subject_code: str
    form_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    room: str
    seats: int


@dataclass(frozen=True, slots=True)
class Seating:
    """How many entries got a seat now, and how many of the plan have none yet."""

    assigned: int
    unseated: int


def schedule_sitting(uow: UnitOfWork, principal: Principal, order: SittingOrder) -> Sitting:
    """Schedules a sitting and sets the clock that ends it.

    Raises Forbidden not-your-plan, NotFound, Conflict plan-cancelled, room-taken, Invalid form-foreign, and as the
    domain.
    """
    plan = find_plan(uow, order.plan_id, lock="for update")
    require_own_body(principal, plan)
    require_not_cancelled(plan)
    require_subject(plan, order.subject_code)
    sitting = Sitting(
        uow.new_id(),
        plan.plan_id,
        order.subject_code,
        order.form_id,
        order.starts_at,
        order.ends_at,
        order.room,
        order.seats,
        "SCHEDULED",
    )
    _require_sound(uow, plan, sitting)
    sittings.add_sitting(uow, sitting)
    uow.set_timer(END_SITTING, sitting.sitting_id, sitting.ends_at)
    return sitting


def assign_seats(uow: UnitOfWork, principal: Principal, sitting_id: UUID) -> Seating:
    """Fills a sitting's free seats with entries of its plan that have none for its subject.

    Raises Forbidden not-your-plan, Conflict plan-open, plan-cancelled, sitting-ended.
    """
    plan = find_plan(uow, sittings.find_sitting(uow, sitting_id).plan_id, lock="for update")
    sitting = sittings.find_sitting(uow, sitting_id, lock=True)
    require_own_body(principal, plan)
    require_closed(plan)
    if uow.now() >= sitting.ends_at:
        raise sitting_ended()
    waiting = sittings.unseated_entries(uow, plan.plan_id, sitting.subject_code)
    first = sittings.last_seat(uow, sitting_id) + 1
    seated = waiting[: sitting.seats - first + 1]
    sittings.add_seats(uow, sitting, _seats(uow, plan, sitting, first, seated))
    return Seating(len(seated), len(waiting) - len(seated))


def show_seats(uow: UnitOfWork, principal: Principal, sitting_id: UUID) -> list[Seat]:
    """A sitting's seats, to its own body. Raises Forbidden not-your-plan."""
    sitting = sittings.find_sitting(uow, sitting_id)
    require_own_body(principal, find_plan(uow, sitting.plan_id))
    return sittings.seats_of(uow, sitting_id)


def _require_sound(uow: UnitOfWork, plan: Plan, sitting: Sitting) -> None:
    now = uow.now()
    require_fitting_time(sitting.span, plan.exam_from, plan.exam_to, now)
    require_room(sitting.seats, rule("sitting.room_candidates", shanghai_day(now)))
    if sitting.form_id is not None:
        form = find_form(uow, sitting.form_id)
        if (form.plan_id, form.subject_code) != (sitting.plan_id, sitting.subject_code):
            zh, en = "试卷不属于该计划的该科目", "the form is for another plan or subject"
            raise Invalid("form-foreign", zh=zh, en=en)
        require_length(sitting.span, form.minutes)
    if sittings.room_is_taken(uow, plan.body_id, plan.site_code, sitting.room, sitting.span):
        zh, en = "该考场在此时间已有场次", "another sitting is held in the room at that time"
        raise Conflict("room-taken", zh=zh, en=en)


def _seats(uow: UnitOfWork, plan: Plan, sitting: Sitting, first: int, entries: list[UUID]) -> list[Seat]:
    if not entries:
        return []
    prefix = ticket_number(sitting.starts_at, plan.division, plan.site_code, 1)[:PREFIX_DIGITS]
    numbers = sittings.next_tickets(uow, prefix, len(entries))
    return [
        Seat(seat_no, entry_id, ticket_number(sitting.starts_at, plan.division, plan.site_code, number))
        for seat_no, (entry_id, number) in enumerate(zip(entries, numbers, strict=True), first)
    ]
