"""The item files of the demo, and what their keys say of an item as a paper shows it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from luban.cli.demo.faults import DemoError

GAOKAO, LABOUR_LAW = "gaokao", "luban"
"""Formats, as the import names them."""
_OPTION_MARK = "[．.、：:]"
_NARROW = str.maketrans("ＡＢＣＤ", "ABCD")
Response = str | list[str] | bool


@dataclass(frozen=True)
class ItemFile:
    """One file to import."""

    path: Path
    format: str

    @cached_property
    def content(self) -> bytes:
        """The file's bytes."""
        return self.path.read_bytes()


def find_item_files(root: Path) -> list[ItemFile]:
    """The item files below a checkout's root. Raises DemoError when they are not there."""
    banks = root.resolve() / "data" / "item-banks"
    found = [ItemFile(path, GAOKAO) for path in sorted((banks / "gaokao").glob("*.json"))]
    found += [ItemFile(path, LABOUR_LAW) for path in sorted((banks / "labour-law").glob("*.json"))]
    if {file.format for file in found} != {GAOKAO, LABOUR_LAW}:
        raise DemoError(f"no item files under {banks}: run the demo in a checkout, or name one with --root")
    return found


@dataclass(frozen=True)
class _Known:
    """An item of the files: its text without spaces, and its key."""

    text: str
    key: tuple[str, ...] | bool
    options: Mapping[str, str] | None
    """By letter; None where they stand in the text."""


class Keys:
    """Knows the right response to every item of the files, whatever order a paper shows its options in."""

    def __init__(self, files: Iterable[ItemFile]) -> None:
        self._known = [known for file in files for known in _READERS[file.format](json.loads(file.content))]
        self._found: dict[str, _Known] = {}

    def right(self, item: Mapping[str, Any]) -> Response:
        """The right response to an item of a paper. Raises DemoError for an item that no file holds."""
        known = self._find(item)
        if isinstance(known.key, bool):
            return known.key
        shown = {option["key"]: bare(option["text"]) for option in item["options"]}
        letters = sorted(_shown_as(known, letter, shown) for letter in known.key)
        return letters[0] if item["type"] == "SINGLE" else letters

    def wrong(self, item: Mapping[str, Any]) -> Response:
        """A response that earns nothing."""
        right = self.right(item)
        if isinstance(right, bool):
            return not right
        others = [option["key"] for option in item["options"] if option["key"] not in right]
        if isinstance(right, str):
            return str(others[0])
        return [*right, others[0]] if others else right[:1]

    def _find(self, item: Mapping[str, Any]) -> _Known:
        stem = bare(item["stem"])
        if stem not in self._found:
            options = [bare(option["text"]) for option in item.get("options") or []]
            self._found[stem] = self._search(stem, options)
        return self._found[stem]

    def _search(self, stem: str, options: Sequence[str]) -> _Known:
        for known in self._known:
            exact = known.text == stem if known.options is not None else stem in known.text
            if exact and all(_stands_in(known, option) for option in options):
                return known
        raise DemoError(f"the paper shows an item that stands in no item file: {stem[:80]}")


def bare(text: str) -> str:
    """A text without spaces and with narrow letters, as which two copies of it compare."""
    return "".join(text.split()).translate(_NARROW)


def _stands_in(known: _Known, option: str) -> bool:
    return option in (known.text if not known.options else known.options.values())


def _shown_as(known: _Known, letter: str, shown: Mapping[str, str]) -> str:
    """Under which letter the paper shows the option that the file calls `letter`."""
    if known.options:
        fitting = [key for key, text in shown.items() if text == known.options[letter]]
    else:
        fitting = [
            key for key, text in shown.items() if re.search(f"{letter}{_OPTION_MARK}{re.escape(text)}", known.text)
        ]
    if not fitting:
        raise DemoError(f"option {letter} of an item is not on the paper: {known.text[:80]}")
    return max(fitting, key=lambda key: len(shown[key]))


def _read_gaokao(document: Mapping[str, Any]) -> Iterable[_Known]:
    return [_Known(bare(row["question"]), tuple(row["answer"]), None) for row in document["example"]]


def _read_labour_law(document: Mapping[str, Any]) -> Iterable[_Known]:
    for row in document["items"]:
        key = row["key"] if isinstance(row["key"], bool) else tuple(row["key"])
        yield _Known(bare(row["stem"]), key, {each["key"]: bare(each["text"]) for each in row.get("options", [])})


_READERS = {GAOKAO: _read_gaokao, LABOUR_LAW: _read_labour_law}
