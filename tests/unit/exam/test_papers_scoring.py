"""Papers shuffled per candidate, responses checked, scores in tenths."""

from uuid import UUID

import pytest

from luban.exam.domain.items import ItemType
from luban.exam.domain.papers import FormItem, Placed, chosen_letters, lay_out
from luban.exam.domain.scoring import ScoredItem, item_points, paper_score
from luban.reference.refusal import Invalid

FORM = [FormItem(number, ItemType.SINGLE, "ABCD") for number in range(1, 11)] + [
    FormItem(11, ItemType.TRUE_FALSE, ""),
    FormItem(12, ItemType.SINGLE, "ABCD"),
]
MULTIPLE = ScoredItem(ItemType.MULTIPLE, "ABD", 15)


def paper(number: int, seed: str = "7") -> tuple[Placed, ...]:
    return lay_out(FORM, seed, UUID(int=number))


def test_a_paper_is_the_same_each_time_it_is_laid_out() -> None:
    assert paper(1) == paper(1)


def test_candidates_have_papers_of_their_own_order() -> None:
    assert len({paper(number) for number in range(20)}) == 20
    assert paper(1) != paper(1, seed="8")


def test_a_paper_has_every_item_of_the_form_once_and_all_its_options() -> None:
    placed = paper(1)
    assert sorted(item.form_position for item in placed) == list(range(1, 13))
    assert all(sorted(item.letters) == list("ABCD") for item in placed if item.type is ItemType.SINGLE)


def test_items_of_one_type_stay_together() -> None:
    assert [item.type for item in paper(1)] == [ItemType.SINGLE] * 11 + [ItemType.TRUE_FALSE]


@pytest.mark.parametrize(
    ("type_", "letters", "response", "chosen"),
    [
        (ItemType.SINGLE, "CABD", "A", "C"),
        (ItemType.SINGLE, "CABD", "D", "D"),
        (ItemType.MULTIPLE, "CABD", ["B", "A"], "AC"),
        (ItemType.MULTIPLE, "CABD", ["A"], "C"),
        (ItemType.TRUE_FALSE, "", True, "T"),
        (ItemType.TRUE_FALSE, "", False, "F"),
    ],
)
def test_the_key_follows_the_shuffle(type_: ItemType, letters: str, response: object, chosen: str) -> None:
    assert chosen_letters(Placed(1, type_, letters), response) == chosen


@pytest.mark.parametrize(
    ("type_", "letters", "response", "code"),
    [
        (ItemType.SINGLE, "ABC", "D", "response-option"),
        (ItemType.SINGLE, "ABC", "", "response-option"),
        (ItemType.SINGLE, "ABC", "AB", "response-option"),
        (ItemType.SINGLE, "ABC", "a", "response-option"),
        (ItemType.SINGLE, "ABC", ["A"], "response-type"),
        (ItemType.SINGLE, "ABC", True, "response-type"),
        (ItemType.MULTIPLE, "ABC", ["A", "D"], "response-option"),
        (ItemType.MULTIPLE, "ABC", ["A", "A"], "response-option"),
        (ItemType.MULTIPLE, "ABC", [], "response-type"),
        (ItemType.MULTIPLE, "ABC", "A", "response-type"),
        (ItemType.TRUE_FALSE, "", "A", "response-type"),
        (ItemType.TRUE_FALSE, "", 1, "response-type"),
    ],
)
def test_a_response_that_does_not_fit_its_item_is_refused(
    type_: ItemType, letters: str, response: object, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        chosen_letters(Placed(1, type_, letters), response)
    assert refusal.value.code == code


@pytest.mark.parametrize(("chosen", "tenths"), [("ABD", 15), ("AB", 0), ("ABC", 0), ("ABCD", 0), ("C", 0)])
def test_multiple_response_is_all_or_nothing_by_default(chosen: str, tenths: int) -> None:
    assert item_points(MULTIPLE, chosen, 0) == tenths


@pytest.mark.parametrize(("chosen", "tenths"), [("ABD", 15), ("AB", 7.5), ("A", 7.5), ("ABC", 0), ("C", 0)])
def test_a_rule_may_give_part_of_the_points_where_nothing_chosen_is_wrong(chosen: str, tenths: float) -> None:
    assert item_points(MULTIPLE, chosen, 50) == tenths


def test_single_choice_never_gives_part_of_its_points() -> None:
    assert item_points(ScoredItem(ItemType.SINGLE, "A", 10), "B", 50) == 0


def test_a_paper_is_rounded_half_up_once_at_its_total() -> None:
    items = {1: MULTIPLE, 2: MULTIPLE, 3: ScoredItem(ItemType.TRUE_FALSE, "T", 5)}
    assert paper_score(items, [(1, "A"), (3, "T")], 50) == 13
    assert paper_score(items, [(1, "A"), (2, "B"), (3, "T")], 50) == 20


def test_what_is_not_answered_gives_nothing() -> None:
    assert paper_score({1: MULTIPLE}, []) == 0
