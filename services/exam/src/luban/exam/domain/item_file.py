"""Files of items: formats `luban` (our own) and `gaokao` (GAOKAO-Bench), both JSON.

A file that is not of its format is refused as a whole; an item that is unusable is rejected with its row.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from luban.exam.domain import run_on_text
from luban.exam.domain.items import FALSE_KEY, TRUE_KEY, Item, ItemType, Option, make_item, stem_identity
from luban.reference.refusal import Invalid

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes."""
MOST_ITEMS = 5000


class ItemFormat(StrEnum):
    LUBAN = "luban"
    GAOKAO = "gaokao"


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """An item of a file; `changes` names the item of the bank whose next version it is."""

    row: int
    item: Item
    changes: UUID | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """An item that was left out. `row` counts from 1."""

    row: int
    refusal: Invalid


@dataclass(frozen=True, slots=True)
class ItemFile:
    accepted: tuple[AcceptedRow, ...]
    rejected: tuple[RejectedRow, ...]


def read_item_file(data: bytes, format_: ItemFormat) -> ItemFile:
    """The items of a file of up to 8 MiB and 5,000 items.

    Raises `Invalid` item-file-large, item-file-json, item-file-shape, item-file-many or item-file-empty.
    """
    document = _document(data)
    rows, common = _rows(document, format_)
    read = _READERS[format_]
    accepted, rejected = list[AcceptedRow](), list[RejectedRow]()
    seen = set[str]()
    for number, row in enumerate(rows, 1):
        try:
            found = read(number, row, common)
            _require_new(found, seen)
            accepted.append(found)
        except Invalid as refusal:
            rejected.append(RejectedRow(number, refusal))
    return ItemFile(tuple(accepted), tuple(rejected))


def duplicate_stem() -> Invalid:
    """The reason for a stem that stands in the bank, or in the file, already."""
    return Invalid("item-duplicate", zh="题干与已有试题重复", en="the stem repeats that of another item")


def _require_new(found: AcceptedRow, seen: set[str]) -> None:
    identity = stem_identity(found.item.stem)
    if identity in seen:
        raise duplicate_stem()
    seen.add(identity)


def _document(data: bytes) -> Mapping[str, Any]:
    if len(data) > LARGEST_FILE:
        raise Invalid("item-file-large", zh="文件不得超过8 MB", en="the file exceeds 8 MB")
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Invalid("item-file-json", zh="文件不是有效的JSON", en="the file is not valid JSON") from error
    if not isinstance(document, dict):
        raise _misshapen()
    return document


def _rows(document: Mapping[str, Any], format_: ItemFormat) -> tuple[list[Any], str]:
    rows = document.get("items" if format_ is ItemFormat.LUBAN else "example")
    common = document.get("keywords", "") if format_ is ItemFormat.GAOKAO else ""
    if not isinstance(rows, list) or not isinstance(common, str):
        raise _misshapen()
    if len(rows) > MOST_ITEMS:
        raise Invalid("item-file-many", zh="一次最多导入5000题", en="an import takes at most 5,000 items")
    if not rows:
        raise Invalid("item-file-empty", zh="文件中没有试题", en="the file holds no items")
    return rows, common


def _misshapen() -> Invalid:
    return Invalid("item-file-shape", zh="文件不符合所选格式", en="the file is not of the format that was named")


def _read_luban(number: int, row: object, common: str) -> AcceptedRow:  # noqa: ARG001 - one shape for both readers
    if not isinstance(row, dict):
        raise _unreadable("item")
    type_ = _type(row.get("type"))
    options = [_option(option) for option in _list(row.get("options", []), "options")]
    item = make_item(
        type_,
        _text(row.get("stem"), "stem"),
        options,
        _key(type_, row.get("key")),
        _optional_text(row.get("category"), "category"),
        _difficulty(row.get("difficulty")),
        _optional_text(row.get("source"), "source"),
    )
    return AcceptedRow(number, item, _changes(row.get("item_id")))


def _read_gaokao(number: int, row: object, keywords: str) -> AcceptedRow:
    """`keywords` is the file's name such as 2010-2022_Biology_MCQs: its middle is the items' category."""
    if not isinstance(row, dict):
        raise _unreadable("example")
    answer = [_text(letter, "answer") for letter in _list(row.get("answer"), "answer")]
    stem, options = run_on_text.split(_text(row.get("question"), "question"))
    category = "_".join(keywords.split("_")[1:-1]) or None
    source = f"GAOKAO-Bench {_text(row.get('year'), 'year')}{row.get('category', '')}#{row.get('index', '')}"
    type_ = ItemType.SINGLE if len(answer) == 1 else ItemType.MULTIPLE
    return AcceptedRow(number, make_item(type_, stem, options, "".join(answer), category, None, source))


_READERS: Mapping[ItemFormat, Callable[[int, object, str], AcceptedRow]] = {
    ItemFormat.LUBAN: _read_luban,
    ItemFormat.GAOKAO: _read_gaokao,
}


def _unreadable(part: str) -> Invalid:
    return Invalid("item-unreadable", zh="{part}缺失或类型不对", en="{part} is missing or of a wrong type", part=part)


def _type(value: object) -> ItemType:
    if not isinstance(value, str) or value not in ItemType.__members__:
        raise _unreadable("type")
    return ItemType(value)


def _text(value: object, part: str) -> str:
    if not isinstance(value, str):
        raise _unreadable(part)
    return value


def _optional_text(value: object, part: str) -> str | None:
    return None if value is None else _text(value, part)


def _list(value: object, part: str) -> list[object]:
    if not isinstance(value, list):
        raise _unreadable(part)
    return value


def _option(value: object) -> Option:
    if not isinstance(value, dict):
        raise _unreadable("option")
    return Option(_text(value.get("key"), "option key"), _text(value.get("text"), "option text"))


def _key(type_: ItemType, value: object) -> str:
    if type_ is ItemType.TRUE_FALSE:
        if not isinstance(value, bool):
            raise _unreadable("key")
        return TRUE_KEY if value else FALSE_KEY
    letters = [_text(letter, "key") for letter in _list(value, "key")]
    if any(len(letter) != 1 for letter in letters):
        raise _unreadable("key")
    return "".join(letters)


def _difficulty(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise _unreadable("difficulty")
    return value


def _changes(value: object) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(_text(value, "item_id"))
    except ValueError as error:
        raise _unreadable("item_id") from error
