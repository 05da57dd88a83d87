"""The demo knows what its item files say, in whatever order a paper shows the options."""

import json
from pathlib import Path
from typing import Any

import pytest

from luban.cli.demo.faults import DemoError
from luban.cli.demo.item_files import GAOKAO, LABOUR_LAW, ItemFile, Keys, find_item_files

ROOT = Path(__file__).parents[3]


def keys(tmp_path: Path, format_: str, document: dict[str, Any]) -> Keys:
    path = tmp_path / "items.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return Keys([ItemFile(path, format_)])


def lettered(*texts: str) -> list[dict[str, str]]:
    return [{"key": key, "text": text} for key, text in zip("ABCD", texts, strict=False)]


def single(stem: str, *options: str) -> dict[str, Any]:
    return {"type": "SINGLE", "stem": stem, "options": lettered(*options)}


def test_run_on_text_with_a_key_that_moved(tmp_path: Path) -> None:
    question = "12．（ 4分）下列说法正确的是（　） \nA．①② B．①②③  C．②③ \nD．③④\n"
    known = keys(tmp_path, GAOKAO, {"example": [{"question": question, "answer": ["B"]}]})
    paper = single("下列说法正确的是（　）", "③④", "②③", "①②③", "①②")
    assert known.right(paper) == "C"
    assert known.wrong(paper) == "A"


def test_several_right_options(tmp_path: Path) -> None:
    item = {
        "type": "MULTIPLE",
        "stem": "属于必备条款的有（　　）",
        "options": lettered("期限", "试用期", "工作内容"),
        "key": ["A", "C"],
    }
    known = keys(tmp_path, LABOUR_LAW, {"items": [item]})
    paper = {**item, "options": lettered("工作内容", "试用期", "期限")}
    assert known.right(paper) == ["A", "C"]
    assert known.wrong(paper) == ["A", "C", "B"]


def test_true_or_false(tmp_path: Path) -> None:
    known = keys(tmp_path, LABOUR_LAW, {"items": [{"type": "TRUE_FALSE", "stem": "建立劳动关系。", "key": True}]})
    paper = {"type": "TRUE_FALSE", "stem": "建立劳动关系。", "options": []}
    assert known.right(paper) is True
    assert known.wrong(paper) is False


def test_an_item_of_no_file_is_not_guessed(tmp_path: Path) -> None:
    known = keys(tmp_path, LABOUR_LAW, {"items": [{"type": "TRUE_FALSE", "stem": "建立劳动关系。", "key": True}]})
    with pytest.raises(DemoError, match="no item file"):
        known.right({"type": "TRUE_FALSE", "stem": "解除劳动关系。", "options": []})


def test_the_checkout_has_its_item_files() -> None:
    names = {file.path.name for file in find_item_files(ROOT)}
    assert {"multiple.json", "true-false.json", "2010-2022_History_MCQs.json"} <= names


def test_a_missing_checkout_is_said(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="item-banks"):
        find_item_files(tmp_path)
