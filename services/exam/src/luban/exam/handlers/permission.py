"""Whose rows a caller may touch."""

from luban.exam.adapters.plans import Plan
from luban.reference.refusal import Conflict, Forbidden, NotFound
from luban.webkit.authentication import Principal


def require_own_body(principal: Principal, plan: Plan) -> None:
    """Raises Forbidden other-body unless the caller belongs to the body of the plan."""
    if principal.body_id != plan.body_id:
        raise Forbidden("other-body", zh="该计划属于其他评价机构", en="the plan is another body's")


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
