"""What makes an item usable, and how files of items are read."""

import json
from pathlib import Path
from typing import Any

import pytest

from luban.exam.domain.item_file import LARGEST_FILE, MOST_ITEMS, ItemFile, ItemFormat, read_item_file
from luban.exam.domain.items import ItemType
from luban.exam.domain.run_on_text import split
from luban.reference.refusal import Invalid

BANKS = Path(__file__).parents[3] / "data" / "item-banks"
SINGLE: dict[str, Any] = {
    "type": "SINGLE",
    "stem": "几点开考？",
    "options": [{"key": "A", "text": "八点"}, {"key": "B", "text": "九点"}],
    "key": ["B"],
}


def read(*items: object) -> ItemFile:
    return read_item_file(json.dumps({"items": items}).encode(), ItemFormat.LUBAN)


def rejected(item: object) -> str:
    found = read(item)
    assert not found.accepted
    return found.rejected[0].refusal.code


def refused(data: bytes, format_: ItemFormat = ItemFormat.LUBAN) -> str:
    with pytest.raises(Invalid) as refusal:
        read_item_file(data, format_)
    return refusal.value.code


def texts(text: str) -> list[str]:
    return [option.text for option in split(text)[1]]


@pytest.mark.parametrize(
    "text",
    [
        "1．（ 4分）选哪个（ 　　） \nA．甲   \nB．乙\nC．丙 \nD．丁\n",
        "选哪个\nA．甲  B．乙 C．丙  D．丁",
        "选哪个 A.甲 B.乙 C.丙 D.丁",
        "选哪个\nA、甲\nB、乙\nC、丙\nD、丁",
        "选哪个\nＡ．甲\nＢ．乙\nＣ．丙\nＤ．丁",
        "12.选哪个（）A．甲B．乙C．丙D．丁",
    ],
)
def test_stem_and_options_are_told_apart_however_they_are_printed(text: str) -> None:
    stem, options = split(text)
    assert stem.startswith("选哪个")
    assert [(option.key, option.text) for option in options] == [("A", "甲"), ("B", "乙"), ("C", "丙"), ("D", "丁")]


def test_letters_inside_words_begin_no_option() -> None:
    assert texts("提取液（ A）与DNA、RNA\nA．DNA、RNA B．RNA、DNA\nC．ATP D．ADP")[0] == "DNA、RNA"


@pytest.mark.parametrize(
    "text",
    [
        "没有选项",
        "缺一个\nA．甲\nB．乙\nC．丙",
        "顺序不对\nB．乙\nA．甲\nC．丙\nD．丁",
        "重复\nA．甲\nB．乙\nB．乙\nC．丙\nD．丁",
        "页码\nA．甲\nB．乙16C．丙\nD．丁",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        split(text)
    assert refusal.value.code == "options-not-split"


@pytest.mark.parametrize(
    ("name", "usable", "total"), [("Biology", 148, 150), ("History", 284, 287), ("Political_Science", 314, 320)]
)
def test_the_examination_items_import_and_the_rest_names_its_row(name: str, usable: int, total: int) -> None:
    found = read_item_file((BANKS / "gaokao" / f"2010-2022_{name}_MCQs.json").read_bytes(), ItemFormat.GAOKAO)
    assert (len(found.accepted), len(found.accepted) + len(found.rejected)) == (usable, total)
    assert {row.item.category for row in found.accepted} == {name}
    assert all(row.row > 0 and row.refusal.zh for row in found.rejected)


@pytest.mark.parametrize(
    ("name", "type_", "count"), [("true-false", ItemType.TRUE_FALSE, 40), ("multiple", ItemType.MULTIPLE, 30)]
)
def test_our_own_items_on_labour_law_are_all_usable(name: str, type_: ItemType, count: int) -> None:
    found = read_item_file((BANKS / "labour-law" / f"{name}.json").read_bytes(), ItemFormat.LUBAN)
    assert not found.rejected
    assert [row.item.type for row in found.accepted] == [type_] * count


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": ["C"]}, "item-key-missing-option"),
        ({"key": []}, "item-key-missing-option"),
        ({"key": ["A", "B"]}, "item-key-number"),
        ({"type": "MULTIPLE"}, "item-key-number"),
        ({"type": "MULTIPLE", "key": ["A", "A"]}, "item-key-missing-option"),
        ({"type": "TRUE_FALSE", "key": True}, "item-options-unwanted"),
        ({"type": "TRUE_FALSE", "options": [], "key": ["A"]}, "item-unreadable"),
        ({"type": "ESSAY"}, "item-unreadable"),
        ({"stem": "  \n "}, "item-text-blank"),
        ({"stem": "长" * 4001}, "item-text-long"),
        ({"stem": "含有\x00"}, "item-text-characters"),
        ({"stem": "半个字\ud800"}, "item-text-characters"),
        ({"options": SINGLE["options"][:1], "key": ["A"]}, "item-options-number"),
        ({"options": [{"key": letter, "text": letter} for letter in "ABCDEFGHI"]}, "item-options-number"),
        ({"options": [{"key": "A", "text": "同"}, {"key": "B", "text": "同"}]}, "item-options-same"),
        ({"options": [{"key": "B", "text": "甲"}, {"key": "A", "text": "乙"}]}, "item-options-keys"),
        ({"options": "AB"}, "item-unreadable"),
        ({"difficulty": 6}, "item-difficulty"),
        ({"difficulty": True}, "item-unreadable"),
        ({"item_id": "7"}, "item-unreadable"),
    ],
)
def test_an_unusable_item_is_rejected_with_its_reason(change: dict[str, Any], code: str) -> None:
    assert rejected(SINGLE | change) == code


def test_rows_that_are_no_items_are_rejected_one_by_one() -> None:
    found = read("text", None, SINGLE)
    assert [row.row for row in found.rejected] == [1, 2]
    assert [row.row for row in found.accepted] == [3]


def test_a_stem_that_comes_twice_counts_once_whatever_its_spaces() -> None:
    found = read(SINGLE, SINGLE | {"stem": " 几点 开考？"})
    assert [(row.row, row.refusal.code) for row in found.rejected] == [(2, "item-duplicate")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"items": [', "item-file-json"),
        (b"\xff\xfe", "item-file-json"),
        (b"[" * 100_000, "item-file-json"),
        (b"[]", "item-file-shape"),
        (b'{"example": []}', "item-file-shape"),
        (b'{"items": []}', "item-file-empty"),
        (b" " * (LARGEST_FILE + 1), "item-file-large"),
        (json.dumps({"items": [0] * (MOST_ITEMS + 1)}).encode(), "item-file-many"),
    ],
)
def test_a_file_that_is_not_of_its_format_is_refused_whole(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_a_gaokao_file_with_broken_rows_rejects_only_those() -> None:
    good = {"year": "2020", "question": "甲\nA．一\nB．二\nC．三\nD．四", "answer": ["B"]}
    rows = [good, good | {"answer": "B"}, good | {"question": 7}, 5]
    data = json.dumps({"keywords": "2010-2022_X_MCQs", "example": rows}).encode()
    found = read_item_file(data, ItemFormat.GAOKAO)
    assert found.accepted[0].item.key == "B"
    assert [row.row for row in found.rejected] == [2, 3, 4]
