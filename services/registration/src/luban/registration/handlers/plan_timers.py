"""The two moments of a plan that the clock decides."""

from luban.eventkit.uow import UnitOfWork
from luban.registration.domain.plan import Plan

CLOSE_REGISTRATION = "close-registration"
EXPIRE_UNDECIDED = "expire-undecided"


def set_plan_timers(uow: UnitOfWork, plan: Plan) -> None:
    """Sets, or moves with the plan's days, the end of registration and the end of decisions."""
    uow.set_timer(CLOSE_REGISTRATION, plan.plan_id, plan.closes_at)
    uow.set_timer(EXPIRE_UNDECIDED, plan.plan_id, plan.decided_by)
