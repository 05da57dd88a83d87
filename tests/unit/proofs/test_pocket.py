"""The proof in a QR code: small, signed, and refused for whatever is changed in it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.proofs.key_history import KeyHistory, Standing
from luban.proofs.local_key import LocalSigner
from luban.proofs.pocket import Logged, Pocket, looks_like_pocket, read_pocket
from luban.reference.refusal import Invalid

AT = datetime(2026, 5, 6, 4, 0, 1, tzinfo=UTC)
SIGNER = LocalSigner.generate()
KEYS = KeyHistory().rotate(SIGNER.public_key, AT - timedelta(days=1))
ADDRESS = "HTTPS://ZYJN.EXAMPLE.GOV.CN/Q"
POCKET = Pocket(
    "S000037000072263000001",
    "阿卜杜拉·测试𠮷",
    "6-31-01-03",
    "电工",
    "",
    "山东省测试评价协会",
    3,
    date(2026, 5, 6),
    AT,
    Logged(1_999_999, bytes(range(32))),
)


def test_what_was_signed_is_read_and_counts() -> None:
    for pocket in (POCKET, replace(POCKET, level=None, logged=None, trade="高压电工")):
        read = read_pocket(pocket.sign(SIGNER, ADDRESS))
        assert read.pocket == pocket
        assert read.check(KEYS) is Standing.COUNTS


def test_a_code_fits_a_version_that_phones_read_from_paper() -> None:
    """ISO/IEC 18004 table 7: version 15 at level M holds 991 digits; the address takes another 190 bits or so."""
    longest = replace(POCKET, name="测" * 30, title="职" * 30, trade="工" * 30, body_name="评" * 40)
    assert len(POCKET.sign(SIGNER, ADDRESS)) < 600
    assert len(longest.sign(SIGNER, ADDRESS)) < 1500  # version 20 at level M holds 1600 digits


def test_any_changed_digit_is_refused() -> None:
    address, _, digits = POCKET.sign(SIGNER, ADDRESS).partition("#")
    for at in range(0, len(digits), 7):
        changed = digits[:at] + str((int(digits[at]) + 1) % 10 or 1) + digits[at + 1 :]
        if changed == digits:
            continue
        with pytest.raises(Invalid):
            standing = read_pocket(f"{address}#{changed}").check(KEYS)
            assert standing is Standing.UNKNOWN_KEY  # the key's mark was hit, so it is nobody's
            raise Invalid("unknown", zh="", en="")


def test_other_facts_under_the_same_signature_are_refused() -> None:
    own, other = read_pocket(POCKET.sign(SIGNER, ADDRESS)), read_pocket(replace(POCKET, level=1).sign(SIGNER, ADDRESS))
    with pytest.raises(Invalid) as refused:
        replace(other, signature=own.signature).check(KEYS)
    assert refused.value.code == "pocket-signature"


def test_a_key_counts_only_in_its_time() -> None:
    read = read_pocket(POCKET.sign(SIGNER, ADDRESS))
    rotated = KEYS.rotate(LocalSigner.generate().public_key, AT + timedelta(days=1))
    before = KEYS.rotate(LocalSigner.generate().public_key, AT - timedelta(hours=1))
    stolen = KEYS.compromise(SIGNER.key_id, AT + timedelta(days=1), AT + timedelta(days=2))
    assert read.check(rotated) is Standing.COUNTS
    assert read.check(before) is Standing.AFTER_KEY
    assert read.check(stolen) is Standing.COMPROMISED
    assert read.check(stolen, AT + timedelta(hours=1)) is Standing.COUNTS
    assert read.check(KeyHistory()) is Standing.UNKNOWN_KEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.cn/q",
        "https://example.cn/q#",
        "https://example.cn/q#0123",
        "https://example.cn/q#12345",
        "https://example.cn/q#１２３",
        "javascript:alert(1)#123",
        "https://example.cn/q#" + "9" * 3001,
        "https://example.cn/q#" + "9" * 2999,
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_pocket(text)
    assert refused.value.code == "pocket-malformed"


def test_what_no_code_can_say_is_refused() -> None:
    for wrong in ({"certificate_no": ""}, {"level": 6}, {"name": "测" * 200}, {"issued_on": date(1960, 1, 1)}):
        with pytest.raises(Invalid):
            replace(POCKET, **wrong)
    with pytest.raises(Invalid):
        POCKET.sign(SIGNER, "no address")


@given(st.text("0123456789", min_size=1, max_size=1500))
def test_arbitrary_digits_are_refused_in_words(digits: str) -> None:
    text = f"{ADDRESS}#{digits}"
    if looks_like_pocket(text):
        with pytest.raises(Invalid):
            read_pocket(text)
