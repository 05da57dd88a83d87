"""What a plan must be, and who its callers must belong to, before it is assessed."""

from luban.exam.adapters.plans import Plan
from luban.exam.handlers.access import not_your_plan
from luban.reference.refusal import Conflict, NotFound
from luban.webkit.authentication import Principal


def require_member(principal: Principal, plan: Plan) -> None:
    """Somebody of the plan's body: its staff or one of its raters. Raises Forbidden not-your-plan."""
    if principal.body_id != plan.body_id:
        raise not_your_plan()


def require_subject(plan: Plan, subject_code: str) -> None:
    """Raises NotFound subject-unknown unless the plan has the subject."""
    if subject_code not in plan.subject_codes:
        raise NotFound("subject-unknown", zh="该计划没有这个科目", en="the plan has no such subject")


def require_not_cancelled(plan: Plan) -> None:
    """Raises Conflict plan-cancelled."""
    if plan.state == "CANCELLED":
        raise Conflict("plan-cancelled", zh="该计划已取消", en="the plan was called off")


def require_closed(plan: Plan) -> None:
    """Raises Conflict plan-cancelled, plan-open: before registration closes the list of candidates is not final."""
    require_not_cancelled(plan)
    if plan.state != "CLOSED":
        raise Conflict("plan-open", zh="报名尚未截止", en="registration for the plan is still open")
