"""Stack files of luban and of people, and what cannot be done on them."""

import json
from pathlib import Path
from typing import Any

import pytest

from luban.cli.load.faults import LoadError
from luban.cli.load.target import Target
from tests.unit.cli.stacks import a_stack

URLS = {name: f"https://{name}.example.cn" for name in ("registration", "exam", "certificate")}


def target(tmp_path: Path, content: Any) -> Target:
    path = tmp_path / "stack.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return Target(path)


def test_a_whole_stack_file_is_taken_as_it_is(tmp_path: Path) -> None:
    described = target(tmp_path, a_stack(urls=URLS).as_json())
    assert described.stack() == a_stack(urls=URLS)
    assert described.is_described_by_luban


def test_a_persons_file_needs_the_addresses_only(tmp_path: Path) -> None:
    described = target(tmp_path, {"urls": URLS})
    assert described.stack().urls == URLS
    assert not described.stack().demo
    assert not described.is_described_by_luban


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "describes no stack"),
        ("[]", "holds no JSON object"),
        ({"urls": {"exam": "http://localhost"}}, "must name the address of each service"),
        ({"urls": {**URLS, "exam": "localhost:8000"}}, "the address of exam must begin with http"),
        ({"urls": URLS, "url": "x"}, "fields that no stack has: url"),
    ],
)
def test_a_file_that_describes_no_stack_is_refused(tmp_path: Path, content: Any, why: str) -> None:
    with pytest.raises(LoadError, match=why):
        target(tmp_path, content).stack()


def test_a_file_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="luban up --demo"):
        Target(tmp_path / "stack.json").stack()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"demo": True, "databases": {"exam": "postgresql://nowhere"}}, "names no issuer_key"),
        (
            {"issuer_key": "/key.pem", "databases": {"exam": "postgresql://nowhere"}},
            "clock of this stack cannot be moved",
        ),
        ({"issuer_key": "/key.pem", "demo": True}, "clock of this stack cannot be moved"),
    ],
)
def test_where_publicity_cannot_be_passed_the_whole_cycle_is_refused_with_what_can_be_done(
    tmp_path: Path, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(LoadError, match=why) as refused:
        target(tmp_path, {"urls": URLS, **fields}).require_whole_cycle()
    assert "--certificates FILE" in str(refused.value)
