"""Canonical JSON: one value, one sequence of bytes, and clear words for what JSON cannot hold."""

import json
import math
from datetime import date
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from luban.proofs import canonical
from luban.reference.refusal import Invalid


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    SMALL = 1


class Pair(NamedTuple):
    left: int
    right: str


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS
VALUES = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_both_ways_write_the_same_bytes(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


@given(VALUES)
def test_what_is_written_reads_as_the_same_value(value: Any) -> None:
    assert json.loads(canonical.encode(value), parse_int=float) == value


def test_members_are_ordered_by_their_utf16_units() -> None:
    written = canonical.encode({"\ufb33": 1, "\U0001f600": 2, "a": 3, "证": 4})
    assert written.decode() == '{"a":3,"证":4,"\U0001f600":2,"\ufb33":1}'


def test_enumerations_and_named_tuples_are_what_they_hold() -> None:
    assert canonical.encode({Colour.RED: [Colour.RED, Size.SMALL, Pair(1, "b")]}) == b'{"red":["red",1,[1,"b"]]}'


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (math.nan, "json-number"),
        (-math.inf, "json-number"),
        ({"a": [1, 2**53]}, "json-number"),
        ([0.5, -(2**53)], "json-number"),
        (b"bytes", "json-type"),
        ({"day": date(2026, 5, 6)}, "json-type"),
        ([0.5, {1, 2}], "json-type"),
        ({1: "a"}, "json-type"),
        ("\ud800", "json-text"),
        ([0.5, "\ud800"], "json-text"),
        ({"\ud800": 1}, "json-text"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: Any, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        canonical.encode(value)
    assert refused.value.code == code


def nested(levels: int) -> Any:
    value: Any = 0.5
    for _ in range(levels):
        value = [value]
    return value


def test_deep_and_cyclic_values_are_refused() -> None:
    assert canonical.encode(nested(canonical.DEEPEST)).startswith(b"[[[")
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    for value in (nested(canonical.DEEPEST + 1), cyclic):
        with pytest.raises(Invalid) as refused:
            canonical.encode(value)
        assert refused.value.code == "json-depth"
