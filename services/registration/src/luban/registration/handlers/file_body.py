"""Filing of bodies by the province (备案), and what becomes of a filing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.reference.body_code import parse_body_code
from luban.reference.credit_code import parse_credit_code
from luban.reference.divisions import division
from luban.reference.refusal import Conflict, Invalid
from luban.registration.adapters.bodies import (
    add_body,
    claim_number_codes,
    load_body,
    record_body_change,
    save_body,
    unknown_projects,
)
from luban.registration.domain.body import Body, BodyClass, BodyStatus, ScopeItem, check_filing


@dataclass(frozen=True, slots=True)
class Filing:
    """A body as it is filed."""

    name: str
    body_class: BodyClass
    code: str
    credit_code: str
    division: str
    scope: tuple[ScopeItem, ...]
    project_ids: frozenset[UUID]
    site_codes: frozenset[str]
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class FilingChange:
    """What of a filing changes; None stays."""

    name: str | None = None
    scope: tuple[ScopeItem, ...] | None = None
    project_ids: frozenset[UUID] | None = None
    site_codes: frozenset[str] | None = None
    valid_from: date | None = None
    valid_to: date | None = None


def file_body(uow: UnitOfWork, filing: Filing) -> Body:
    """Raises `Invalid` with the codes of code, credit code, division, scope; `Conflict` body-code-taken, site-taken."""
    body = Body(
        body_id=uow.new_id(),
        name=filing.name,
        body_class=filing.body_class,
        code=str(parse_body_code(filing.code)),
        credit_code=parse_credit_code(filing.credit_code),
        division=division(filing.division).code,
        status=BodyStatus.ACTIVE,
        valid_from=filing.valid_from,
        valid_to=filing.valid_to,
        scope=filing.scope,
        project_ids=filing.project_ids,
        site_codes=filing.site_codes,
    )
    _check(uow, body)
    add_body(uow, body)
    claim_number_codes(uow, body)
    record_body_change(uow, body.body_id, "file", None)
    return body


def change_body(uow: UnitOfWork, body_id: UUID, change: FilingChange) -> Body:
    """Raises as `file_body`, `NotFound` body-unknown and `Conflict` body-state for one that is withdrawn."""
    body = load_body(uow, body_id, lock=True)
    if body.status is BodyStatus.WITHDRAWN:
        raise Conflict("body-state", zh="机构已退出", en="the body's filing has ended", state=body.status.value)
    fields = ("name", "scope", "project_ids", "site_codes", "valid_from", "valid_to")
    given = {name: getattr(change, name) for name in fields if getattr(change, name) is not None}
    changed = replace(body, **given)
    _check(uow, changed)
    save_body(uow, changed)
    claim_number_codes(uow, changed)
    record_body_change(uow, body_id, "change", None)
    return changed


def suspend_body(uow: UnitOfWork, body_id: UUID, reason: str) -> Body:
    """Raises `NotFound` body-unknown, `Conflict` body-state."""
    return _move(uow, body_id, Body.suspend, reason)


def resume_body(uow: UnitOfWork, body_id: UUID, reason: str) -> Body:
    """Raises `NotFound` body-unknown, `Conflict` body-state."""
    return _move(uow, body_id, Body.resume, reason)


def withdraw_body(uow: UnitOfWork, body_id: UUID, reason: str) -> Body:
    """Raises `NotFound` body-unknown, `Conflict` body-state."""
    return _move(uow, body_id, Body.withdraw, reason)


def _move(uow: UnitOfWork, body_id: UUID, move: Callable[[Body], Body], reason: str) -> Body:
    moved = move(load_body(uow, body_id, lock=True))
    save_body(uow, moved)
    record_body_change(uow, body_id, move.__name__, reason)
    return moved


def _check(uow: UnitOfWork, body: Body) -> None:
    check_filing(body)
    if unknown_projects(uow, body.project_ids):
        raise Invalid("project-unknown", zh="备案范围含有不存在的项目", en="the scope names a project that is unknown")
