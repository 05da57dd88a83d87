"""Receipts: made once, recognised later, under any key that is still in the ring."""

import base64
from dataclasses import replace
from uuid import UUID

import pytest

from luban.eventkit.sealing import KeyRing
from luban.exam.handlers.receipts import is_genuine, make_receipt, response_sha256, sign

RING = KeyRing({}, {"v1": b"1" * 32}, "v1")
RECEIPT = make_receipt(UUID(int=1), 3, response_sha256(["A", "C"]), "2026-12-07T01:00:00.000001Z", 17)


def test_a_receipt_of_ours_is_genuine() -> None:
    assert is_genuine(RING, RECEIPT, sign(RING, RECEIPT))


@pytest.mark.parametrize("change", [{"serial": 18}, {"position": 4}, {"response_sha256": response_sha256(["A"])}])
def test_a_changed_receipt_is_not(change: dict[str, str | int]) -> None:
    assert not is_genuine(RING, {**RECEIPT, **change}, sign(RING, RECEIPT))


@pytest.mark.parametrize("signature", ["", "!", "é", base64.urlsafe_b64encode(b"x" * 33).decode()])
def test_nonsense_is_no_signature(signature: str) -> None:
    assert not is_genuine(RING, RECEIPT, signature)


def test_a_receipt_outlives_the_turn_of_the_key() -> None:
    turned = replace(RING, lookup={**RING.lookup, "v2": b"2" * 32}, current_lookup="v2")
    assert is_genuine(turned, RECEIPT, sign(RING, RECEIPT))


def test_the_digest_is_of_the_canonical_response() -> None:
    assert response_sha256("A") == "798640599597df7a8daa32b1132f07850a68b5e71bd295650399a38074f52804"
