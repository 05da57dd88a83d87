"""A form is drawn from a bank for one subject of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters import bank as banks
from luban.exam.adapters.forms import Form, add_form
from luban.exam.adapters.plans import find_plan
from luban.exam.domain.forms import Cell, draw
from luban.exam.handlers.permission import require_not_cancelled, require_subject
from luban.reference.pass_rule import FULL_MARK


@dataclass(frozen=True, slots=True)
class FormDrawn:
    """A form as it was drawn."""

    form_id: UUID
    bank: str
    bank_version: int
    items: int
    total_tenths: int


@dataclass(frozen=True, slots=True)
class FormOrder:
    """What a form is drawn for, and from what. `minutes` is the time a candidate has."""

    bank: str
    plan_id: UUID
    subject_code: str
    seed: str
    minutes: int
    blueprint: Sequence[Cell]


def draw_form(uow: UnitOfWork, order: FormOrder) -> FormDrawn:
    """Draws and keeps a form from the bank's newest version.

    Raises NotFound plan-unknown, subject-unknown, bank-unknown, Conflict plan-cancelled, and as `draw`.
    """
    plan = find_plan(uow, order.plan_id)
    require_not_cancelled(plan)
    require_subject(plan, order.subject_code)
    version = banks.bank_version(uow, order.bank)
    items = draw(order.blueprint, order.seed, order.bank, version, banks.items_to_draw(uow, order.bank, version))
    form = Form(uow.new_id(), plan.plan_id, order.subject_code, order.bank, version, order.seed, order.minutes)
    add_form(uow, form, order.blueprint, items)
    return FormDrawn(form.form_id, form.bank, version, len(items), FULL_MARK)
