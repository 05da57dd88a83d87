"""A form: items drawn from a bank by a blueprint and a seed (domain.md §6.4). Points are tenths: 0.5 point is 5."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from luban.exam.domain.items import ItemType
from luban.exam.domain.ordering import shuffled
from luban.reference.pass_rule import FULL_MARK
from luban.reference.refusal import Invalid


@dataclass(frozen=True, slots=True)
class Cell:
    """So many items of a type, of one category or of any (None), worth so many tenths of a point each."""

    type: ItemType
    count: int
    points_tenths: int
    category: str | None = None


@dataclass(frozen=True, slots=True)
class BankItem:
    """What drawing needs to know of an item in force."""

    item_id: UUID
    version: int
    type: ItemType
    category: str | None


@dataclass(frozen=True, slots=True)
class DrawnItem:
    """An item's place in the form, from 1, and what it is worth in tenths."""

    position: int
    item_id: UUID
    version: int
    points_tenths: int


def draw(
    blueprint: Sequence[Cell], seed: str, bank: str, bank_version: int, items: Iterable[BankItem]
) -> tuple[DrawnItem, ...]:
    """The form's items, cell after cell; the same for the same blueprint, seed and version of the bank.

    Cells that name a category are filled first, so that open ones never take what those need. Raises `Invalid`
    form-total, form-items-lacking.
    """
    require_full_mark(blueprint)
    pool = shuffled(items, seed, bank, str(bank_version), id_of=lambda item: str(item.item_id))
    filled: dict[int, list[BankItem]] = {}
    for number in sorted(range(len(blueprint)), key=lambda number: blueprint[number].category is None):
        filled[number] = _take(blueprint[number], number, pool)
        taken = {item.item_id for item in filled[number]}
        pool = [item for item in pool if item.item_id not in taken]
    chosen = [(item, cell.points_tenths) for number, cell in enumerate(blueprint) for item in filled[number]]
    return tuple(
        DrawnItem(position, item.item_id, item.version, points) for position, (item, points) in enumerate(chosen, 1)
    )


def require_full_mark(blueprint: Sequence[Cell]) -> None:
    """Raises `Invalid` form-total unless the points add up to 100.0."""
    total = sum(cell.count * cell.points_tenths for cell in blueprint)
    if total != FULL_MARK:
        raise Invalid(
            "form-total",
            zh="试卷总分应为100分，实为{points}分",
            en="a form is worth 100 points, not {points}",
            points=f"{total // 10}.{total % 10}",
            total_tenths=total,
        )


def _take(cell: Cell, number: int, pool: Sequence[BankItem]) -> list[BankItem]:
    fitting = [item for item in pool if item.type is cell.type and cell.category in (None, item.category)]
    if len(fitting) < cell.count:
        raise Invalid(
            "form-items-lacking",
            zh="第{cell}格（{type} / {category}）需要{wanted}题，题库只有{found}题",
            en="cell {cell} ({type} / {category}) asks for {wanted} items, the bank has {found}",
            cell=number + 1,
            type=cell.type.value,
            category=cell.category or "*",
            wanted=cell.count,
            found=len(fitting),
        )
    return fitting[: cell.count]
