"""Whose rows a caller may see or change."""

from uuid import UUID

from luban.reference.refusal import Forbidden, NotFound
from luban.registration.domain.plan import Plan
from luban.webkit.authentication import Principal, Role

CITY_DIGITS = 4
"""Digits of a division code that name its city."""


def own_body(principal: Principal) -> UUID:
    """The caller's own body. Raises `Forbidden` no-body."""
    if principal.body_id is None:
        raise Forbidden("no-body", zh="您的账号未绑定机构", en="your account belongs to no body")
    return principal.body_id


def require_own_body(principal: Principal, body_id: UUID) -> None:
    """Raises `Forbidden` not-your-body."""
    if own_body(principal) != body_id:
        raise Forbidden("not-your-body", zh="只能办理本机构的业务", en="this belongs to another body")


def require_reader_of_entries(principal: Principal, plan: Plan) -> None:
    """Province staff read all, city staff their own city's, body staff their own body's. Raises `Forbidden`."""
    if principal.has(Role.PROVINCE_STAFF):
        return
    division = principal.division or ""
    in_city = len(division) >= CITY_DIGITS and plan.division[:CITY_DIGITS] == division[:CITY_DIGITS]
    if principal.has(Role.CITY_STAFF) and in_city:
        return
    if principal.has(Role.BODY_STAFF):
        require_own_body(principal, plan.body_id)
        return
    raise Forbidden("not-your-division", zh="只能查看本地区的业务", en="this belongs to another division")


def require_decider(principal: Principal, plan: Plan) -> None:
    """Province staff decide on all entries, body staff on those of their own body's plans. Raises `Forbidden`."""
    if not principal.has(Role.PROVINCE_STAFF):
        require_own_body(principal, plan.body_id)


def entry_unknown() -> NotFound:
    """For an entry that does not exist, or is somebody else's: the same answer."""
    return NotFound("entry-unknown", zh="没有这条报名", en="there is no such entry")
