"""One candidate's paper: the form's items and options in an order of its own, and what may be answered to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from luban.exam.domain.items import FALSE_KEY, OPTION_KEYS, TRUE_KEY, ItemType
from luban.exam.domain.ordering import shuffled
from luban.reference.refusal import Invalid

Response = str | list[str] | bool
"""As a candidate sends it: a letter, letters, or true or false."""


@dataclass(frozen=True, slots=True)
class FormItem:
    """What laying out a paper needs of an item of the form; `letters` are its options' letters in the bank."""

    position: int
    type: ItemType
    letters: str


@dataclass(frozen=True, slots=True)
class Placed:
    """An item on a paper. `letters[0]` is the bank's letter of the option that is shown as A, and so on."""

    form_position: int
    type: ItemType
    letters: str


def lay_out(items: Sequence[FormItem], form_seed: str, paper_id: UUID) -> tuple[Placed, ...]:
    """The paper's items in order. Items of one type stay together, as printed papers have them, in the form's order of
    types; inside a type, and among an item's options, the form's seed and the paper's id decide."""
    placed: list[Placed] = []
    for _, group in groupby(_by_type(items), key=lambda item: item.type):
        mixed = shuffled(group, form_seed, str(paper_id), id_of=lambda item: str(item.position))
        placed += [Placed(item.position, item.type, _mixed_letters(item, form_seed, paper_id)) for item in mixed]
    return tuple(placed)


def chosen_letters(placed: Placed, response: object) -> str:
    """The bank's letters of what was chosen, sorted, or T or F. Raises `Invalid` response-type, response-option."""
    if placed.type is ItemType.TRUE_FALSE:
        if not isinstance(response, bool):
            raise _wrong_type("true | false")
        return TRUE_KEY if response else FALSE_KEY
    shown = _shown_letters(placed.type, response)
    there = OPTION_KEYS[: len(placed.letters)]
    if any(letter not in there or len(letter) != 1 for letter in shown) or len(set(shown)) != len(shown):
        zh, en = "答案应从{letters}中选", "the response must be among {letters}"
        raise Invalid("response-option", zh=zh, en=en, letters=there)
    return "".join(sorted(placed.letters[OPTION_KEYS.index(letter)] for letter in shown))


def _by_type(items: Sequence[FormItem]) -> list[FormItem]:
    types = list(dict.fromkeys(item.type for item in sorted(items, key=lambda item: item.position)))
    return sorted(items, key=lambda item: (types.index(item.type), item.position))


def _mixed_letters(item: FormItem, form_seed: str, paper_id: UUID) -> str:
    return "".join(shuffled(item.letters, form_seed, str(paper_id), str(item.position)))


def _shown_letters(type_: ItemType, response: object) -> list[str]:
    if type_ is ItemType.SINGLE:
        if not isinstance(response, str):
            raise _wrong_type('"A"')
        return [response]
    if not isinstance(response, list) or not response or not all(isinstance(letter, str) for letter in response):
        raise _wrong_type('["A", "C"]')
    return response


def _wrong_type(example: str) -> Invalid:
    return Invalid(
        "response-type", zh="答案形式应为{example}", en="the response must be like {example}", example=example
    )
