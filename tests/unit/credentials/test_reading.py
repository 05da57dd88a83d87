"""A document is read within bounds, or not at all."""

import math
from typing import Any

import pytest

from luban.credentials.problems import Refused
from luban.credentials.reading import DEEPEST, MOST_BYTES, MOST_NODES, check_bounds, read_document


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels - 1):
        document = {"a": document}
    return document


def code_of(raw: bytes | str) -> str:
    with pytest.raises(Refused) as refused:
        read_document(raw)
    return refused.value.code


def test_the_bounds_themselves_are_still_read() -> None:
    assert check_bounds(nested(DEEPEST))
    assert check_bounds({"a": [0] * (MOST_NODES - 10)})
    assert check_bounds({"a": "x" * (MOST_BYTES - 10)})
    with pytest.raises(Refused, match="document-too-deep"):
        check_bounds(nested(DEEPEST + 1))
    with pytest.raises(Refused, match="document-too-large"):
        check_bounds({"a": [0] * MOST_NODES})
    with pytest.raises(Refused, match="document-too-large"):
        check_bounds({"a": "x" * MOST_BYTES})


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "json-malformed"),
        ("[]", "document-not-object"),
        ('{"a": 1, "a": 2}', "json-malformed"),
        ('{"a": NaN}', "json-malformed"),
        ('{"a": 1e400}', "json-number"),
        ('{"a": 9007199254740992}', "json-number"),
        ('{"a": ' + "9" * 5000 + "}", "json-malformed"),
        ('{"a": "\\ud800"}', "json-text"),
        ('{"\\ud800": 1}', "json-text"),
        ('{"a": "\\u0007"}', "json-text"),
        (b'{"a": "\xff"}', "json-malformed"),
        (b'\xef\xbb\xbf{"a": 1}', "json-malformed"),
        (b" " * (MOST_BYTES + 1), "document-too-large"),
    ],
)
def test_what_two_readers_might_read_differently_is_refused(raw: bytes | str, code: str) -> None:
    assert code_of(raw) == code


def test_rare_characters_and_lines_are_read() -> None:
    assert read_document('{"name": "𠮷·𰻝", "text": "一\\n二\\t三"}') == {"name": "𠮷·𰻝", "text": "一\n二\t三"}


@pytest.mark.parametrize("value", [math.inf, {1, 2}, b"x", object(), 1j])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(Refused, match="json-"):
        check_bounds({"a": value})
