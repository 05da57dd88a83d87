"""Unified social credit code (统一社会信用代码), GB 32100-2015."""

import re

from luban.reference.refusal import Invalid
from luban.reference.spelling import plain

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""31 characters: no I, O, Z, S, V."""

_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))


def credit_code_check_character(first17: str) -> str:
    """Return the 18th character: (31 - weighted sum mod 31) mod 31, weights 3^(i-1) mod 31."""
    total = sum(weight * ALPHABET.index(char) for weight, char in zip(_WEIGHTS, first17, strict=True))
    return ALPHABET[-total % 31]


def parse_credit_code(raw: str) -> str:
    """Return the 18 characters in one spelling.

    Raises `Invalid` credit-code-length, credit-code-format or credit-code-check-digit.
    """
    code = plain(raw.strip())
    if len(code) != 18:
        raise Invalid(
            "credit-code-length",
            zh="统一社会信用代码应为18位，实为{length}位",
            en="a unified social credit code has 18 characters, this one has {length}",
            length=len(code),
        )
    if not re.fullmatch(rf"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}", code):
        raise Invalid(
            "credit-code-format",
            zh="统一社会信用代码含有不允许的字符",
            en="the credit code has a character that is not allowed there",
        )
    if code[17] != credit_code_check_character(code[:17]):
        raise Invalid(
            "credit-code-check-digit",
            zh="统一社会信用代码校验位不符",
            en="the credit code's check character is wrong",
        )
    return code
