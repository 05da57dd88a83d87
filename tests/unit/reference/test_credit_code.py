from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.reference.credit_code import ALPHABET, credit_code_check_character, parse_credit_code
from luban.reference.refusal import Invalid

codes = st.tuples(
    st.text(ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=9, max_size=9),
).map("".join)


def test_the_standards_example_is_read(vectors: dict[str, Any]) -> None:
    for code in vectors["uscc_valid"]:
        assert parse_credit_code(code) == code
    assert parse_credit_code(" 91350100m000100y43 ") == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("91350100M000100Y4", "credit-code-length"),
        ("91350100M000100Y4Z", "credit-code-format"),
        ("91350100I000100Y43", "credit-code-format"),
        ("91350100M000100Y44", "credit-code-check-digit"),
        ("91350100M000100Y4W", "credit-code-check-digit"),
    ],
)
def test_a_wrong_credit_code_is_refused(raw: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_credit_code(raw)
    assert refused.value.code == code


@given(codes, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_noticed(first17: str, position: int, other: str) -> None:
    code = first17 + credit_code_check_character(first17)
    assert parse_credit_code(code) == code
    if code[position] != other:
        with pytest.raises(Invalid):
            parse_credit_code(code[:position] + other + code[position + 1 :])
