"""Drawing a form: deterministic, complete or refused."""

from uuid import UUID

import pytest

from luban.exam.domain.forms import BankItem, Cell, draw
from luban.exam.domain.items import ItemType
from luban.exam.domain.ordering import shuffled
from luban.reference.refusal import Invalid

BANK = [BankItem(UUID(int=number), 1, ItemType.SINGLE, "law" if number % 2 else "safety") for number in range(1, 41)]
TEN = [Cell(ItemType.SINGLE, 10, 100)]


def drawn(blueprint: list[Cell], seed: str = "7", version: int = 1, items: list[BankItem] = BANK) -> list[int]:
    return [item.item_id.int for item in draw(blueprint, seed, "theory", version, items)]


def test_the_order_of_the_shuffle_is_fixed_for_ever() -> None:
    assert shuffled("ABCDEFGH", "7") == list("GHAFDBCE")


def test_the_same_blueprint_seed_and_bank_version_draw_the_same_items() -> None:
    assert drawn(TEN) == drawn(TEN, items=list(reversed(BANK)))


def test_another_seed_or_bank_version_draws_others() -> None:
    assert len({tuple(drawn(TEN)), tuple(drawn(TEN, seed="8")), tuple(drawn(TEN, version=2))}) == 3


def test_no_item_is_drawn_twice() -> None:
    both = drawn([Cell(ItemType.SINGLE, 20, 25), Cell(ItemType.SINGLE, 20, 25, "law")])
    assert len(set(both)) == 40


def test_a_cell_with_a_category_takes_only_of_that_category() -> None:
    assert all(number % 2 for number in drawn([Cell(ItemType.SINGLE, 20, 50, "law")]))


@pytest.mark.parametrize("cell", [Cell(ItemType.SINGLE, 25, 40, "law"), Cell(ItemType.MULTIPLE, 25, 40)])
def test_a_cell_that_the_bank_cannot_fill_is_refused_by_name(cell: Cell) -> None:
    with pytest.raises(Invalid) as refusal:
        drawn([cell])
    assert refusal.value.code == "form-items-lacking"
    assert refusal.value.params["cell"] == 1
    assert refusal.value.params["wanted"] == 25


def test_a_form_is_worth_a_hundred_points() -> None:
    with pytest.raises(Invalid) as refusal:
        drawn([Cell(ItemType.SINGLE, 10, 99)])
    assert refusal.value.code == "form-total"
    assert refusal.value.params["total_tenths"] == 990


def test_half_points_are_whole_tenths() -> None:
    items = draw([Cell(ItemType.SINGLE, 20, 5), Cell(ItemType.SINGLE, 10, 90)], "7", "theory", 1, BANK)
    assert [item.points_tenths for item in items] == [5] * 20 + [90] * 10
    assert [item.position for item in items] == list(range(1, 31))
