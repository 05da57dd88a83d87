"""A bank of synthetic items whose keys can be told from what a paper shows: the right options say so."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from luban.cli.load.values import Fate, Person

RIGHT, WRONG = "正", "误"
TRUE = "本句为真"
Response = str | list[str] | bool


@dataclass(frozen=True, slots=True)
class Shape:
    """How many items of a type stand in a form, and what each is worth, in tenths of a point."""

    type: str
    count: int
    points: int


SHAPES = (Shape("SINGLE", 6, 100), Shape("TRUE_FALSE", 2, 100), Shape("MULTIPLE", 2, 100))
"""10 items, 100 points."""
POINTS = {shape.type: shape.points for shape in SHAPES}
BLUEPRINT = [{"type": each.type, "count": each.count, "points_tenths": each.points} for each in SHAPES]
_TIMES = 3
"""So many times the items of a form stand in the bank."""
_KEYS = {"SINGLE": "B", "MULTIPLE": "AC"}


def item_file(block: int) -> bytes:
    """A file to import, in the system's own format; no two blocks share a stem."""
    items = [_item(shape.type, block, place) for shape in SHAPES for place in range(shape.count * _TIMES)]
    return json.dumps({"items": items}, ensure_ascii=False).encode()


def right(item: Mapping[str, Any]) -> Response:
    """The right response to an item of a paper."""
    if item["type"] == "TRUE_FALSE":
        return TRUE in item["stem"]
    letters = sorted(option["key"] for option in item["options"] if option["text"].endswith(RIGHT))
    return letters[0] if item["type"] == "SINGLE" else letters


def wrong(item: Mapping[str, Any], turn: int) -> Response:
    """A response that earns nothing; which of them, `turn` decides."""
    if item["type"] == "TRUE_FALSE":
        return TRUE not in item["stem"]
    letters = sorted(option["key"] for option in item["options"] if option["text"].endswith(WRONG))
    letter = letters[turn % len(letters)]
    return letter if item["type"] == "SINGLE" else [letter]


def is_mistaken(person: Person, position: int) -> bool:
    """Whether somebody gets the item at a place of their paper wrong: three at most of who passes, six of who fails."""
    shifted = (position + person.number) % 10
    if person.fate is Fate.FAILS:
        return shifted < 6
    return shifted < person.number // 10 % 4


def is_revised(person: Person, position: int) -> bool:
    """Whether they first give another response and then think again."""
    return person.number % 5 == 0 and position % 4 == person.number % 4


def _item(type_: str, block: int, place: int) -> dict[str, Any]:
    number = f"负载试题{block:04d}-{type_}-{place:02d}"
    if type_ == "TRUE_FALSE":
        is_true = place % 2 == 0
        return {"type": type_, "stem": f"{number}：{TRUE if is_true else '本句为假'}。", "key": is_true}
    options = [
        {"key": letter, "text": f"{number}选项{letter}{RIGHT if letter in _KEYS[type_] else WRONG}"}
        for letter in "ABCD"
    ]
    return {
        "type": type_,
        "stem": f"{number}：下列各项中标明为正的是（　　）",
        "options": options,
        "key": list(_KEYS[type_]),
    }
