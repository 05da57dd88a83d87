"""How registration for a plan ends: by the clock, or because the plan is called off."""

from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.registration_pb2 import PlanCancelled, PlanClosed
from luban.registration.adapters.entries import change_places, lock_entries_in, move_entries
from luban.registration.adapters.facts import plan_facts
from luban.registration.adapters.plans import PlanOfBody, lock_plan, record_plan_change, save_plan
from luban.registration.domain.entry import EXPIRED, HOLDING, EntryState, Why
from luban.registration.domain.plan import PlanState
from luban.registration.handlers.ownership import require_own_body
from luban.webkit.authentication import Principal


def close_registration(uow: UnitOfWork, plan_id: UUID) -> None:
    """The timer at 24:00 Shanghai of the last registration day. Entries still undecided stay so until the exam."""
    found = lock_plan(uow, plan_id)
    now = uow.now()
    closed = found.plan.close(now)
    if closed is None:
        return
    save_plan(uow, closed)
    record_plan_change(uow, closed, now, "close")
    payload = PlanClosed(plan=plan_facts(PlanOfBody(closed, found.body)), accepted_entries=closed.accepted)
    uow.emit(payload, aggregate_id=plan_id, key=plan_id, track=closed.track)


def expire_undecided(uow: UnitOfWork, plan_id: UUID) -> None:
    """The timer at 00:00 Shanghai of the first exam day: what nobody decided is rejected, and its places are free."""
    found = lock_plan(uow, plan_id)
    now = uow.now()
    if found.plan.state is PlanState.CANCELLED or now < found.plan.decided_by:
        return
    waiting = lock_entries_in(uow, plan_id, [EntryState.NEEDS_DECISION])
    if waiting:
        move_entries(uow, waiting, EntryState.REJECTED, EXPIRED, now)
        change_places(uow, plan_id, -len(waiting), 0)


def cancel_plan(uow: UnitOfWork, principal: Principal, plan_id: UUID, reason: str) -> PlanOfBody:
    """Calls a plan off; its candidates see why. Entries end with it, without an event of their own.

    Raises `Forbidden` not-your-body, `Conflict` plan-state, plan-exam-begun.
    """
    found = lock_plan(uow, plan_id)
    require_own_body(principal, found.plan.body_id)
    now = uow.now()
    cancelled = found.plan.cancel(now)
    save_plan(uow, cancelled)
    record_plan_change(uow, cancelled, now, "cancel", reason)
    holding = lock_entries_in(uow, plan_id, HOLDING)
    if holding:
        move_entries(uow, holding, EntryState.CANCELLED, Why("plan-cancelled", reason, reason), now)
        change_places(uow, plan_id, -cancelled.taken, -cancelled.accepted)
    payload = PlanCancelled(plan_id=str(plan_id), reason=reason)
    uow.emit(payload, aggregate_id=plan_id, key=plan_id, track=cancelled.track)
    return PlanOfBody(cancelled, found.body)
