"""Status lists of both kinds: bits where they belong, sizes as they must be, no list that bursts the memory."""

import gzip
import random
import zlib
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.credentials import token_status_list
from luban.credentials.bits import LONGEST, Order, pack, pack_bits, value_at
from luban.credentials.jws import check_signature
from luban.credentials.multikey import from_multibase64, to_multibase64
from luban.credentials.problems import Refused
from luban.credentials.status_index import IndexPermutation
from luban.credentials.status_list import (
    LEAST_ENTRIES,
    OUR_ENTRIES,
    Entry,
    StatusPurpose,
    decode_list,
    encode_list,
    entries_of,
    status_entry,
    status_list_credential,
    value_in,
)
from luban.credentials.token_status_list import Reference, TokenStatus, read_list, reference_in, sign_list
from luban.proofs import base64url
from tests.unit.credentials.material import ISSUER, NOW, SIGNER

URL = "https://certificates.example/status/1"


@given(st.sampled_from(Order), st.sets(st.integers(0, 255)))
def test_fast_and_slow_packing_agree_and_are_read_back(order: Order, indices: set[int]) -> None:
    packed = pack_bits(256, indices, order)
    assert packed == pack(256, 1, dict.fromkeys(indices, 1), order)
    assert {index for index in range(256) if value_at(packed, 1, index, order)} == indices


@given(st.sampled_from(Order), st.sampled_from([1, 2, 4, 8]), st.data())
def test_values_of_several_bits_are_read_back(order: Order, size: int, data: st.DataObject) -> None:
    values = data.draw(st.dictionaries(st.integers(0, 63), st.integers(0, (1 << size) - 1)))
    packed = pack(64, size, values, order)
    assert [value_at(packed, size, index, order) for index in range(64)] == [values.get(n, 0) for n in range(64)]


def test_index_0_is_the_left_most_bit_for_the_w3c_and_the_right_most_for_the_ietf() -> None:
    assert pack_bits(16, {0, 9}, Order.MOST_SIGNIFICANT_FIRST) == b"\x80\x40"
    assert pack_bits(16, {0, 9}, Order.LEAST_SIGNIFICANT_FIRST) == b"\x01\x02"


def test_what_does_not_fit_is_not_packed() -> None:
    for entries, indices in ((7, set()), (0, set()), (8, {8}), (8, {-1})):
        with pytest.raises(ValueError, match="list"):
            pack_bits(entries, indices, Order.MOST_SIGNIFICANT_FIRST)
    for entries, bits, values in ((8, 3, {}), (8, 1, {0: 2}), (8, 2, {8: 1}), (8, 2, {0: -1})):
        with pytest.raises(ValueError, match="list"):
            pack(entries, bits, values, Order.MOST_SIGNIFICANT_FIRST)


def test_a_list_is_the_same_text_for_the_same_bits_in_whatever_order() -> None:
    chosen = random.Random(4).sample(range(OUR_ENTRIES), 1000)
    assert encode_list(chosen) == encode_list(set(chosen))
    assert len(decode_list(encode_list(chosen))) * 8 == OUR_ENTRIES


def test_two_million_entries_are_encoded_and_read_back() -> None:
    chosen = set(random.Random(5).sample(range(2_000_000), 40_000))
    packed = decode_list(encode_list(chosen))
    probes = [*list(chosen)[:500], *range(500)]
    assert all(value_at(packed, 1, index, Order.MOST_SIGNIFICANT_FIRST) == (index in chosen) for index in probes)


def test_a_list_smaller_than_the_herd_is_neither_made_nor_read() -> None:
    with pytest.raises(ValueError, match="at least"):
        encode_list(set(), LEAST_ENTRIES - 8)
    short = to_multibase64(gzip.compress(bytes(LEAST_ENTRIES // 8 - 1)))
    with pytest.raises(Refused, match="status-list-length"):
        decode_list(short)
    assert decode_list(to_multibase64(gzip.compress(bytes(LEAST_ENTRIES // 8))))


@pytest.mark.parametrize(
    "encoded",
    [None, 7, "", "u", "H4sI", "u!!", "u" + "A" * 40, "z" + encode_list(set())[1:], encode_list(set())[:-8]],
)
def test_a_list_that_is_no_list_is_refused(encoded: object) -> None:
    with pytest.raises(Refused):
        decode_list(encoded)


def test_a_list_that_would_burst_the_memory_is_stopped() -> None:
    bomb = to_multibase64(gzip.compress(bytes(LONGEST + 1)))
    assert len(bomb) < 30_000
    with pytest.raises(Refused, match="status-list-length"):
        decode_list(bomb)
    two = to_multibase64(gzip.compress(bytes(LEAST_ENTRIES)) * 2)
    with pytest.raises(Refused, match="status-list-malformed"):
        decode_list(two)


def entry(**changes: Any) -> dict[str, Any]:
    return {"credentialStatus": {**status_entry(URL, StatusPurpose.REVOCATION, 9), **changes}}


@pytest.mark.parametrize(
    "changes",
    [
        {"statusListIndex": 9},
        {"statusListIndex": "-1"},
        {"statusListIndex": "９"},
        {"statusListIndex": "1" * 10},
        {"statusListIndex": None},
        {"statusSize": 3},
        {"statusSize": True},
        {"statusSize": 2},
        {"statusSize": {}},
        {"statusPurpose": None},
        {"statusListCredential": None},
        {"statusPurpose": "message"},
        {"statusPurpose": "message", "statusMessages": [{"status": "0x0", "message": "a"}]},
        {"statusPurpose": "message", "statusMessages": [{"status": "0x0", "message": "a"}, {"status": "no"}]},
        {"statusPurpose": "message", "statusMessages": [{"status": "0xg", "message": "a"}] * 2},
        {"statusPurpose": "message", "statusMessages": [1, 2]},
    ],
)
def test_a_malformed_status_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="status-entry-malformed"):
        entries_of(entry(**changes))


def test_an_entry_of_two_bits_has_its_message() -> None:
    messages = [{"status": hex(value), "message": text} for value, text in enumerate(["待审", "有效", "暂停", "注销"])]
    (found,) = entries_of(entry(statusPurpose="message", statusSize=2, statusMessages=messages))
    packed = pack(LEAST_ENTRIES, 2, {9: 3}, Order.MOST_SIGNIFICANT_FIRST)
    subject = {
        "type": "BitstringStatusList",
        "statusPurpose": ["message", "refresh"],
        "encodedList": to_multibase64(gzip.compress(packed)),
    }
    listed = {"type": ["VerifiableCredential", "BitstringStatusListCredential"], "credentialSubject": subject}
    assert found.message(value_in(found, listed)) == "注销"


def test_an_index_beyond_the_list_is_refused() -> None:
    listed = status_list_credential(URL, ISSUER, StatusPurpose.REVOCATION, encode_list({9}, LEAST_ENTRIES), NOW, NOW)
    asked = Entry("revocation", URL, 9, 1, ())
    assert value_in(asked, listed) == 1
    with pytest.raises(Refused, match="status-index"):
        value_in(Entry("revocation", URL, LEAST_ENTRIES, 1, ()), listed)
    with pytest.raises(Refused, match="status-list-length"):
        value_in(asked, listed, entries=OUR_ENTRIES)


@pytest.mark.parametrize("bits_of_length", [2, 7, 10, 13])
def test_every_ordinal_has_an_index_of_its_own(bits_of_length: int) -> None:
    entries = 1 << bits_of_length
    permutation = IndexPermutation(b"k" * 32, URL, entries)
    assert sorted(permutation.index(ordinal) for ordinal in range(entries)) == list(range(entries))
    for ordinal in (-1, entries):
        with pytest.raises(ValueError, match="no such ordinal"):
            permutation.index(ordinal)


def test_neighbours_lie_apart_and_other_keys_and_lists_have_other_orders() -> None:
    permutation = IndexPermutation(b"k" * 32, URL, OUR_ENTRIES)
    indices = [permutation.index(ordinal) for ordinal in range(1000)]
    assert sum(abs(left - right) < 1000 for left, right in pairwise(indices)) < 10
    assert sum(index < OUR_ENTRIES // 2 for index in indices) in range(400, 600)
    for other in (IndexPermutation(b"l" * 32, URL, OUR_ENTRIES), IndexPermutation(b"k" * 32, URL + "2", OUR_ENTRIES)):
        assert [other.index(ordinal) for ordinal in range(9)] != indices[:9]


def test_a_permutation_needs_a_secret_and_a_power_of_two() -> None:
    for key, entries, told in (
        (b"short", 1024, "key"),
        (b"k" * 65, 1024, "key"),
        (b"k" * 32, 1000, "power of two"),
        (b"k" * 32, 2, "power of two"),
    ):
        with pytest.raises(ValueError, match=told):
            IndexPermutation(key, URL, entries)


def test_a_token_says_withdrawn_and_suspended() -> None:
    values = {3: TokenStatus.INVALID, 5: TokenStatus.SUSPENDED}
    claim = token_status_list.encode_list(values, 1 << 20)
    token = sign_list(URL, claim, SIGNER, NOW, NOW + timedelta(hours=12))
    for index in range(8):
        jws, value = read_list(token, Reference(URL, index), NOW)
        check_signature(jws, SIGNER.public_key)
        assert value == values.get(index, TokenStatus.VALID)


def test_a_token_of_another_list_or_of_yesterday_is_refused() -> None:
    token = sign_list(URL, token_status_list.encode_list({}, 1 << 20), SIGNER, NOW, NOW + timedelta(hours=12))
    for reference, now, code in (
        (Reference(URL + "2", 0), NOW, "status-list-other"),
        (Reference(URL, 0), NOW + timedelta(hours=12), "status-list-expired"),
        (Reference(URL, 1 << 20), NOW, "status-index"),
    ):
        with pytest.raises(Refused, match=code):
            read_list(token, reference, now)


@pytest.mark.parametrize(
    "claim",
    [
        None,
        {},
        {"bits": 3, "lst": ""},
        {"bits": True, "lst": ""},
        {"bits": 1, "lst": "!"},
        {"bits": 1, "lst": ""},
        {"bits": 1, "lst": base64url.encode(zlib.compress(bytes(LONGEST + 1)))},
        {"bits": 1, "lst": base64url.encode(zlib.compress(b"") + b"x")},
    ],
)
def test_a_malformed_token_list_is_refused(claim: object) -> None:
    with pytest.raises(Refused, match="status-"):
        token_status_list.value_in(claim, 0)


@pytest.mark.parametrize(
    "status",
    [None, 7, {}, {"status_list": {}}, {"status_list": {"idx": "1", "uri": URL}}, {"status_list": {"idx": -1}}],
)
def test_a_malformed_reference_is_refused(status: object) -> None:
    with pytest.raises(Refused, match="status-entry-malformed"):
        reference_in({"status": status})


def test_a_multibase_of_another_base_is_no_list() -> None:
    assert from_multibase64(to_multibase64(b"abc")) == b"abc"
