"""Forms and their items; written once, never changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.rows import one, rows
from luban.exam.domain.forms import Cell, DrawnItem
from luban.exam.domain.items import ItemType
from luban.exam.domain.papers import FormItem
from luban.exam.domain.scoring import ScoredItem
from luban.reference.refusal import NotFound

ITEMS = """
select form_item.position, item.type, item.stem, item.options
from form_item join item on (item.item_id, item.version) = (form_item.item_id, form_item.item_version)
where form_item.form_id = %s order by form_item.position
"""
KEYS = """
select form_item.position, item.type, item.key, form_item.points_tenths
from form_item join item on (item.item_id, item.version) = (form_item.item_id, form_item.item_version)
where form_item.form_id = %s
"""


@dataclass(frozen=True)
class Form:
    """A form without its items; `minutes` is the time a candidate has."""

    form_id: UUID
    plan_id: UUID
    subject_code: str
    bank: str
    bank_version: int
    seed: str
    minutes: int


@dataclass(frozen=True)
class PrintedItem:
    """An item of a form as a candidate may read it; `options` are [{key, text}] with the bank's letters."""

    position: int
    type: str
    stem: str
    options: list[dict[str, str]]

    @property
    def to_lay_out(self) -> FormItem:
        """What laying out a paper needs of it."""
        letters = "".join(option["key"] for option in self.options)
        return FormItem(self.position, ItemType(self.type), letters)


def add_form(uow: UnitOfWork, form: Form, blueprint: Sequence[Cell], items: Sequence[DrawnItem]) -> None:
    """Keeps a form with its items."""
    uow.sql(
        "insert into form (form_id, plan_id, subject_code, bank, bank_version, seed, minutes, blueprint, drawn_by,"
        " drawn_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, eventkit.now())",
        (
            form.form_id,
            form.plan_id,
            form.subject_code,
            form.bank,
            form.bank_version,
            form.seed,
            form.minutes,
            json.dumps([asdict(cell) for cell in blueprint]),
            uow.cause.actor,
        ),
    )
    uow.sql(
        "insert into form_item (form_id, position, item_id, item_version, points_tenths)"
        " select %s, row.* from unnest(%s::smallint[], %s::uuid[], %s::integer[], %s::integer[]) as row",
        (
            form.form_id,
            [item.position for item in items],
            [item.item_id for item in items],
            [item.version for item in items],
            [item.points_tenths for item in items],
        ),
    )


def find_form(uow: UnitOfWork, form_id: UUID) -> Form:
    """Raises NotFound form-unknown."""
    query = "select form_id, plan_id, subject_code, bank, bank_version, seed, minutes from form where form_id = %s"
    found = one(uow, Form, query, (form_id,))
    if found is None:
        raise NotFound("form-unknown", zh="没有这份试卷", en="there is no such form")
    return found


def subject_has_form(uow: UnitOfWork, plan_id: UUID, subject_code: str) -> bool:
    """Whether a form was drawn for a subject of a plan."""
    query = "select 1 from form where plan_id = %s and subject_code = %s limit 1"
    return uow.sql(query, (plan_id, subject_code)).fetchone() is not None


def printed_items(uow: UnitOfWork, form_id: UUID) -> list[PrintedItem]:
    """The form's items in order, without their keys."""
    return rows(uow, PrintedItem, ITEMS, (form_id,))


def scored_items(uow: UnitOfWork, form_id: UUID) -> Mapping[int, ScoredItem]:
    """Keys and points by position. Only scoring reads keys."""
    found = uow.sql(KEYS, (form_id,))
    return {position: ScoredItem(ItemType(type_), key, points) for position, type_, key, points in found}
