"""Multibase and Multikey: how the W3C writes bytes and Ed25519 keys (Controlled Identifiers 1.0 §2.2.2, §2.4)."""

from luban.credentials.problems import ProblemType, Refused
from luban.proofs import base64url
from luban.proofs.signing import Algorithm, PublicKey
from luban.reference.refusal import Invalid

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {letter: value for value, letter in enumerate(_ALPHABET)}
_ED25519 = b"\xed\x01"
LONGEST_BASE58 = 128
"""Letters; a signature has 88. Base 58 takes time with the square of its length."""


def to_base58(raw: bytes) -> str:
    """Base 58 with the alphabet of Bitcoin, behind the multibase letter z."""
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    number, letters = int.from_bytes(raw), ""
    while number:
        number, digit = divmod(number, 58)
        letters = _ALPHABET[digit] + letters
    return "z" + _ALPHABET[0] * zeros + letters


def from_base58(text: object) -> bytes:
    """Raises `Refused` multibase-malformed."""
    if not isinstance(text, str) or not text.startswith("z") or len(text) > LONGEST_BASE58:
        raise _malformed()
    number = 0
    for letter in text[1:]:
        if letter not in _DIGITS:
            raise _malformed()
        number = number * 58 + _DIGITS[letter]
    zeros = len(text[1:]) - len(text[1:].lstrip(_ALPHABET[0]))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8)


def to_multibase64(raw: bytes) -> str:
    """Base64url behind the multibase letter u."""
    return "u" + base64url.encode(raw)


def from_multibase64(text: object) -> bytes:
    """Raises `Refused` multibase-malformed."""
    if not isinstance(text, str) or not text.startswith("u"):
        raise _malformed()
    try:
        return base64url.decode(text[1:])
    except Invalid as error:
        raise _malformed() from error


def to_multikey(key: PublicKey) -> str:
    """`publicKeyMultibase` of an Ed25519 key: 48 characters, z6Mk…. Raises `Refused` key-unsupported."""
    if key.algorithm is not Algorithm.ED25519:
        raise unsupported_key()
    return to_base58(_ED25519 + key.raw)


def from_multikey(text: object) -> PublicKey:
    """Raises `Refused` multibase-malformed or key-unsupported."""
    raw = from_base58(text)
    if len(raw) != 34 or not raw.startswith(_ED25519):
        raise unsupported_key()
    return PublicKey(Algorithm.ED25519, raw[2:])


def unsupported_key() -> Refused:
    return Refused(
        ProblemType.INVALID_METHOD, "key-unsupported", zh="仅支持Ed25519密钥", en="only Ed25519 keys are known here"
    )


def _malformed() -> Refused:
    return Refused(
        ProblemType.MALFORMED_VALUE, "multibase-malformed", zh="不是有效的multibase文本", en="this is no multibase text"
    )
