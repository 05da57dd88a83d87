"""Keeps account of the blank paper of each body."""

from dataclasses import dataclass
from uuid import UUID

from luban.certificate.domain.blanks import Blanks, Move, require_move
from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import Forbidden, Invalid
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Principal, Role

BY_PROVINCE = frozenset({Move.DRAWN, Move.RETURNED, Move.DESTROYED})
"""The province hands sheets out, takes them back and destroys them; a body prints and spoils them."""


@dataclass(frozen=True, slots=True)
class BlanksShown:
    """The account of one body."""

    body_id: UUID
    passed: int
    drawn: int
    returned: int
    printed: int
    void: int
    to_destroy: int
    due_printed: int
    """drawn − returned − void."""
    on_hand: int
    may_draw: int
    low_stock: bool


def show_blanks(uow: UnitOfWork, principal: Principal, body_id: UUID | None) -> BlanksShown:
    """A body's account; for a body its own, whatever it names. Raises `Invalid` body-needed."""
    return _shown(uow, _body(principal, body_id))


def move_blanks(
    uow: UnitOfWork, principal: Principal, body_id: UUID | None, move: Move, sheets: int, reason: str
) -> BlanksShown:
    """Records a move. Raises Forbidden blanks-move, Conflict blanks-too-many-drawn, blanks-not-there."""
    if (move in BY_PROVINCE) != principal.has(Role.PROVINCE_STAFF):
        raise Forbidden(
            "blanks-move", zh="领用、退回、销毁由省级登记，打印、作废由机构登记", en="this is not yours to record"
        )
    body = _body(principal, body_id)
    uow.sql("select pg_advisory_xact_lock(hashtextextended(%s, 19524))", (str(body),))
    now = uow.now()
    require_move(_stands(uow, body), move, sheets, rule("blanks.drawn_percent", shanghai_day(now)))
    uow.sql(
        "insert into blank_move (move_id, body_id, kind, sheets, reason, at, actor)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (uow.new_id(), body, move.value, sheets, reason, now, uow.cause.actor),
    )
    return _shown(uow, body)


def _body(principal: Principal, body_id: UUID | None) -> UUID:
    body = body_id if principal.has(Role.PROVINCE_STAFF) else principal.body_id
    if body is None:
        raise Invalid("body-needed", zh="请指定评价机构", en="name a body")
    return body


def _stands(uow: UnitOfWork, body_id: UUID) -> Blanks:
    counted = "select count(*) from certificate where body_id = %s and origin = 'ISSUED'"
    (passed,) = uow.sql(counted, (body_id,)).fetchone() or (0,)
    sums = "select kind, sum(sheets)::integer from blank_move where body_id = %s group by kind"
    return Blanks.of(passed, dict(uow.sql(sums, (body_id,)).fetchall()))


def _shown(uow: UnitOfWork, body_id: UUID) -> BlanksShown:
    stands, today = _stands(uow, body_id), shanghai_day(uow.now())
    return BlanksShown(
        body_id,
        stands.passed,
        stands.drawn,
        stands.returned,
        stands.printed,
        stands.void,
        stands.to_destroy,
        stands.due_printed,
        stands.on_hand,
        stands.may_draw(rule("blanks.drawn_percent", today)),
        low_stock=stands.on_hand < rule("blanks.low_stock", today),
    )
