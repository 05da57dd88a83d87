"""Objections during publicity: one holds a result until the province has decided it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.events.v1.common_pb2 import PersonalData
from luban.exam.adapters.corrections import Why
from luban.exam.adapters.objections import (
    Objection,
    add_objection,
    decide,
    find_objection,
    note_state_after,
    objections_of,
    objects_already,
    open_objections,
)
from luban.exam.adapters.plans import find_plan
from luban.exam.adapters.results import Result, publicised_result, set_state
from luban.exam.domain.correcting import Corrected
from luban.exam.handlers.access import require_overseer
from luban.exam.handlers.confirming import confirm_one
from luban.exam.handlers.corrections import apply_correction, lock_result
from luban.reference.names import parse_name, parse_phone
from luban.reference.refusal import Conflict, Invalid, NotFound
from luban.webkit.access_log import record_access
from luban.webkit.authentication import Principal, Role


@dataclass(frozen=True)
class Decision:
    """What the province decides on an objection; an upheld one brings the right scores."""

    upheld: bool
    reason: str
    scores: Mapping[str, Corrected] | None


def file_objection(
    uow: UnitOfWork, plan_id: UUID, publicity_no: int, objector_name: str, objector_phone: str, statement: str
) -> UUID:
    """Holds the result of a number in the public list; the objection's id.

    Raises NotFound, Invalid name-*, phone-format, Conflict publicity-over or objection-twice.
    """
    objector = PersonalData(name=parse_name(objector_name), phone=parse_phone(objector_phone))
    result = publicised_result(uow, plan_id, publicity_no)
    now = uow.now()
    if result.publicity_ends_at is None:
        raise NotFound("result-unknown", zh="没有这个成绩", en="there is no such result")
    if result.state not in ("PUBLICISED", "HELD") or now >= result.publicity_ends_at:
        raise Conflict("publicity-over", zh="公示期已结束", en="the publicity is over")
    if objects_already(uow, result.result_id, objector.phone):
        raise Conflict("objection-twice", zh="您对该成绩的异议正在处理", en="your objection to this result is pending")
    objection_id = add_objection(uow, result, objector, statement, now)
    set_state(uow, result.result_id, "HELD")
    return objection_id


def decide_objection(uow: UnitOfWork, principal: Principal, objection_id: UUID, decision: Decision) -> Result:
    """Ends an objection; the result after it.

    Raises NotFound, Conflict objection-settled, Invalid decision-scores or as a correction does.
    """
    result = lock_result(uow, find_objection(uow, objection_id).result_id)
    if find_objection(uow, objection_id).state != "OPEN":
        raise Conflict("objection-settled", zh="该异议已处理", en="the objection is already decided")
    if decision.upheld != bool(decision.scores):
        raise Invalid(
            "decision-scores",
            zh="异议成立须给出更正后的成绩，不成立则不得给出",
            en="an upheld objection brings corrected scores, one that is not upheld brings none",
        )
    by, state = str(principal.subject), "UPHELD" if decision.upheld else "NOT_UPHELD"
    decide(uow, objection_id, state, by, decision.reason, uow.now())
    if decision.scores:
        apply_correction(uow, result, decision.scores, Why(by, "objection-upheld", decision.reason, objection_id))
    elif not open_objections(uow, result.result_id):
        set_state(uow, result.result_id, "PUBLICISED")
        confirm_one(uow, result.result_id)
    note_state_after(uow, objection_id)
    return lock_result(uow, result.result_id)


def list_objections(
    uow: UnitOfWork, principal: Principal, plan_id: UUID, after: UUID | None, fetch: int
) -> Sequence[tuple[Objection, PersonalData | None]]:
    """A plan's objections; who objects is shown to the province alone, and that is recorded."""
    require_overseer(principal, find_plan(uow, plan_id))
    found = objections_of(uow, plan_id, after, fetch)
    if not principal.has(Role.PROVINCE_STAFF):
        return [(objection, None) for objection in found]
    ids = [objection.objection_id for objection in found]
    record_access(uow, principal, ids, "name and telephone of objectors", "deciding objections")
    return [(one, uow.keyring.open_column(one.sealed, one.objection_id)) for one in found]
