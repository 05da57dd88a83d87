"""Who may do what with a plan's results: the body's own people, the province, a city for its own division."""

from luban.exam.adapters.plans import Plan
from luban.reference.refusal import Forbidden
from luban.webkit.authentication import Principal, Role


def require_own_body(principal: Principal, plan: Plan) -> None:
    """Staff of the body whose plan it is. Raises Forbidden not-your-plan."""
    if not (principal.has(Role.BODY_STAFF) and principal.body_id == plan.body_id):
        raise not_your_plan()


def require_overseer(principal: Principal, plan: Plan) -> None:
    """The body's own staff, province staff, or city staff for a plan in their division. Raises Forbidden."""
    own = principal.has(Role.BODY_STAFF) and principal.body_id == plan.body_id
    city = principal.has(Role.CITY_STAFF) and _covers(principal.division, plan.division)
    if not (own or city or principal.has(Role.PROVINCE_STAFF)):
        raise not_your_plan()


def not_your_plan() -> Forbidden:
    """The refusal for a plan of another body or another city."""
    return Forbidden("not-your-plan", zh="无权处理该计划", en="this plan is not yours to handle")


def _covers(own: str | None, division: str) -> bool:
    """A city's code ends in 00 and covers what begins with its first four digits."""
    if not own or len(own) != 6:
        return False
    return division.startswith(own[:4]) if own.endswith("00") and not own.endswith("0000") else division == own
