"""IETF Token Status List: the vector of appendix C.1 byte for byte, and the sizes of appendix B."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from luban.credentials.token_status_list import encode_list, value_in
from luban.proofs import base64url

VECTORS = Path(__file__).parent / "vectors" / "token-status-list"
C1: dict[str, Any] = json.loads((VECTORS / "c1-1bit.json").read_text(encoding="utf-8"))
SIZES: dict[str, dict[str, str]] = json.loads((VECTORS / "size-table.json").read_text(encoding="utf-8"))["rows"]
ENTRIES = {"100k": 100_000, "1M": 1_000_000, "10M": 10_000_000}


def test_c1_is_read() -> None:
    claim = {"bits": C1["bits"], "lst": C1["lst"]}
    assert base64url.decode(C1["lst"]).hex() == C1["zlib_hex"]
    ones = set(C1["ones"])
    for index in [*ones, *(one + 1 for one in ones), *(one ^ 7 for one in ones)]:
        assert value_in(claim, index) == (index in ones)


def test_c1_is_written_byte_for_byte() -> None:
    assert encode_list(dict.fromkeys(C1["ones"], 1), C1["size"], C1["bits"]) == {"bits": 1, "lst": C1["lst"]}


def published(size: str) -> float:
    number, unit = size.split()
    return float(number) * {"B": 1, "KB": 1000}[unit]


@pytest.mark.parametrize(("entries", "rate"), [(name, rate) for name in SIZES for rate in SIZES[name] if name != "10M"])
def test_size_is_that_of_the_published_table(entries: str, rate: str) -> None:
    """Within 8 %, or the rounding of small figures: which entries are set is chance."""
    count, share = ENTRIES[entries], float(rate.removesuffix("%")) / 100
    chosen = random.Random(1).sample(range(count), round(count * share))
    size = len(base64url.decode(encode_list(dict.fromkeys(chosen, 1), count, 1)["lst"]))
    expected = published(SIZES[entries][rate])
    kibi = 1.024 if re.search("KB", SIZES[entries][rate]) else 1
    assert any(abs(size - unit * expected) <= max(0.08 * unit * expected, 60) for unit in (1, kibi)), (size, expected)
