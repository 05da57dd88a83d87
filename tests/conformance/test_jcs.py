"""Canonical JSON against the vectors of RFC 8785's author."""

import json
import math
import struct
from pathlib import Path

import pytest

from luban.proofs import canonical

VECTORS = Path(__file__).parent / "vectors" / "rfc8785-jcs" / "testdata"
NAMES = sorted(path.stem for path in (VECTORS / "input").iterdir())

ES6_NUMBERS = {  # RFC 8785 appendix B
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


def test_the_vectors_are_all_here() -> None:
    assert NAMES == ["arrays", "french", "structures", "unicode", "values", "weird"]


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_written_as_the_vector_says(name: str) -> None:
    value = json.loads((VECTORS / "input" / f"{name}.json").read_bytes())
    written = canonical.encode(value)
    assert written == (VECTORS / "output" / f"{name}.json").read_bytes().rstrip(b"\n")
    assert written == bytes.fromhex((VECTORS / "outhex" / f"{name}.txt").read_text(encoding="ascii"))


@pytest.mark.parametrize(("bits", "written"), ES6_NUMBERS.items())
def test_a_number_is_written_as_ecmascript_does(bits: str, written: str) -> None:
    number = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert math.isfinite(number)
    assert canonical.encode(number).decode() == written
