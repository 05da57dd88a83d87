"""Items of a bank: what one is, and what makes one unusable (domain.md §6.2)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from luban.reference.refusal import Invalid

LONGEST_STEM = 4000
LONGEST_OPTION = 1000
LONGEST_NOTE = 200
"""Characters of a category or a source."""
FEWEST_OPTIONS = 2
MOST_OPTIONS = 8
OPTION_KEYS = "ABCDEFGH"
TRUE_KEY = "T"
FALSE_KEY = "F"
DIFFICULTIES = range(1, 6)
"""1 is the easiest."""

_UNSTORABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class ItemType(StrEnum):
    SINGLE = "SINGLE"
    """单选: one option is right."""
    MULTIPLE = "MULTIPLE"
    """多选: two or more options are right."""
    TRUE_FALSE = "TRUE_FALSE"
    """判断: the stem is right or wrong; there are no options."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to choose; `key` is its letter in the bank."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """A sound item. `key` is its right answer: the letters of the right options in order, or T or F."""

    type: ItemType
    stem: str
    options: tuple[Option, ...]
    key: str
    category: str | None = None
    difficulty: int | None = None
    source: str | None = None


def make_item(
    type_: ItemType,
    stem: str,
    options: Sequence[Option],
    key: str,
    category: str | None = None,
    difficulty: int | None = None,
    source: str | None = None,
) -> Item:
    """An item that can be asked and scored. Raises `Invalid` with the first thing that is wrong."""
    stem = _require_text(stem, LONGEST_STEM, "stem")
    kept = tuple(Option(option.key, _require_text(option.text, LONGEST_OPTION, "option")) for option in options)
    _require_options(type_, kept)
    _require_key(type_, kept, key)
    if difficulty is not None and difficulty not in DIFFICULTIES:
        raise Invalid("item-difficulty", zh="难度应为1至5", en="difficulty is 1 to 5")
    notes = [None if note is None else _require_text(note, LONGEST_NOTE, "note") for note in (category, source)]
    return Item(type_, stem, kept, "".join(sorted(key)), notes[0], difficulty, notes[1])


def stem_identity(stem: str) -> str:
    """What two stems share when they are the same question: their characters without any space."""
    return "".join(stem.split())


def _require_text(text: str, longest: int, part: str) -> str:
    shown = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not shown:
        raise Invalid("item-text-blank", zh="{part}为空", en="the {part} is blank", part=part)
    if len(shown) > longest:
        zh, en = "{part}超过{longest}字", "the {part} is longer than {longest} characters"
        raise Invalid("item-text-long", zh=zh, en=en, part=part, longest=longest)
    if _UNSTORABLE.search(shown):
        zh, en = "{part}含有控制字符", "the {part} holds control characters"
        raise Invalid("item-text-characters", zh=zh, en=en, part=part)
    return shown


def _require_options(type_: ItemType, options: tuple[Option, ...]) -> None:
    if type_ is ItemType.TRUE_FALSE:
        if options:
            raise Invalid("item-options-unwanted", zh="判断题没有选项", en="a true/false item has no options")
        return
    if not FEWEST_OPTIONS <= len(options) <= MOST_OPTIONS:
        raise Invalid("item-options-number", zh="选项应为2至8个", en="an item has 2 to 8 options")
    if "".join(option.key for option in options) != OPTION_KEYS[: len(options)]:
        raise Invalid("item-options-keys", zh="选项应依次为A、B、C……", en="options are lettered A, B, C … in order")
    if len({option.text for option in options}) != len(options):
        raise Invalid("item-options-same", zh="有两个选项相同", en="two options are the same")


def _require_key(type_: ItemType, options: tuple[Option, ...], key: str) -> None:
    if type_ is ItemType.TRUE_FALSE:
        if key not in (TRUE_KEY, FALSE_KEY):
            raise Invalid(
                "item-key-format", zh="判断题答案应为对或错", en="the key of a true/false item is true or false"
            )
        return
    letters = {option.key for option in options}
    if not key or len(set(key)) != len(key) or not letters.issuperset(key):
        raise Invalid(
            "item-key-missing-option", zh="答案指向不存在的选项", en="the key names an option that is not there"
        )
    if type_ is ItemType.SINGLE and len(key) != 1:
        raise Invalid("item-key-number", zh="单选题只有一个答案", en="a single-choice item has one right option")
    if type_ is ItemType.MULTIPLE and len(key) < 2:
        raise Invalid("item-key-number", zh="多选题至少有两个答案", en="a multiple-response item has two or more")
