"""Merkle proofs against the vectors of transparency-dev: sound ones hold, every changed one is noticed."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from luban.proofs.merkle import check_consistency, check_inclusion, check_subtree_consistency, check_subtree_inclusion
from luban.reference.refusal import Invalid

FILE = Path(__file__).parent / "vectors" / "rfc6962-merkle" / "cases.jsonl"
CASES: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def test_the_vectors_are_all_here() -> None:
    kinds = [case["case"].split("/")[0] for case in CASES]
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    assert counts == {"consistency": 98, "inclusion": 98, "subtreeconsistency": 118, "subtreeinclusion": 204}
    assert 10 < sum(not case["wantErr"] for case in CASES) < 50


def check(case: dict[str, Any]) -> None:
    """Runs one case. Raises Invalid when its proof does not hold."""
    proof = [b64decode(text) for text in case["proof"] or []]
    raw = {name: b64decode(case[name]) for name in ("root", "root1", "root2", "leafHash") if name in case}
    match case["case"].split("/")[0]:
        case "inclusion":
            check_inclusion(case["leafIdx"], case["treeSize"], raw["leafHash"], proof, raw["root"])
        case "consistency":
            check_consistency(case["size1"], case["size2"], raw["root1"], raw["root2"], proof)
        case "subtreeinclusion":
            span = (case["leafIdx"], case["start"], case["end"])
            check_subtree_inclusion(*span, raw["leafHash"], proof, raw["root"])
        case "subtreeconsistency":
            span = (case["start"], case["end"], case["size"])
            check_subtree_consistency(*span, raw["root1"], raw["root2"], proof)
        case other:
            pytest.fail(f"a case of no known kind: {other}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"].removesuffix(".json"))
def test_a_case_ends_as_it_says(case: dict[str, Any]) -> None:
    if case["wantErr"]:
        with pytest.raises(Invalid):
            check(case)
    else:
        check(case)
