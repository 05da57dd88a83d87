"""Who reads which results: candidates their own, staff those of plans they answer for, each such reading recorded."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from luban.eventkit.sealing import KeyRing
from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.people import id_tail
from luban.exam.adapters.plans import find_plan
from luban.exam.adapters.publicity import public_list
from luban.exam.adapters.reading import Happened, histories, results_of_candidate, results_of_plan
from luban.exam.handlers.access import require_overseer
from luban.reference.names import mask_name
from luban.reference.refusal import Invalid, NotFound
from luban.webkit.access_log import record_access
from luban.webkit.authentication import Principal

ReadResult = tuple[Any, list[Happened]]
"""A row of `adapters.reading` and its history."""


def own_results(
    uow: UnitOfWork, principal: Principal, plan_id: UUID | None, after: UUID | None, fetch: int
) -> list[ReadResult]:
    """A candidate's own results."""
    return _with_history(uow, results_of_candidate(uow, principal.subject, plan_id, after, fetch))


def results_for_staff(
    uow: UnitOfWork, principal: Principal, plan_id: UUID | None, after: int | None, fetch: int
) -> list[ReadResult]:
    """The results of a plan. Raises Invalid plan-id-required, NotFound plan-unknown, Forbidden not-your-plan."""
    if plan_id is None:
        raise Invalid("plan-id-required", zh="请指定计划", en="name the plan")
    require_overseer(principal, find_plan(uow, plan_id))
    rows = results_of_plan(uow, plan_id, after, fetch)
    record_access(uow, principal, [row.candidate_id for row in rows], "names and results", "results of a plan")
    return _with_history(uow, rows)


def shown_person(ring: KeyRing, row: Any) -> tuple[str, str]:
    """Name and last 4 characters of the number, of a row with `sealed` and `entry_id`."""
    person = ring.open_column(bytes(row.sealed), row.entry_id)
    return person.name, id_tail(person.id_no)


def masked_person(ring: KeyRing, row: Any) -> tuple[str, str]:
    """The same with the name masked for the public (domain rule 12)."""
    name, tail = shown_person(ring, row)
    return mask_name(name), tail


def publicity_of(uow: UnitOfWork, plan_id: UUID, after: int | None, fetch: int) -> Sequence[Any]:
    """What is on public show now. Raises NotFound publicity-not-running before, afterwards and for unknown plans."""
    now = uow.now()
    rows = public_list(uow, plan_id, now, after or 0, fetch)
    if not rows and not (after and public_list(uow, plan_id, now, 0, 1)):
        raise NotFound("publicity-not-running", zh="当前没有公示", en="nothing is on public show")
    return rows


def _with_history(uow: UnitOfWork, rows: Sequence[Any]) -> list[ReadResult]:
    known = histories(uow, [row.result_id for row in rows])
    return [(row, known[row.result_id]) for row in rows]
