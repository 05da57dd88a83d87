"""Canonical JSON by RFC 8785 (JCS): one value, one sequence of bytes, whoever writes it."""

from collections.abc import Iterable

import orjson
import rfc8785

from luban.reference.refusal import Invalid

JSON = None | bool | int | float | str | list["JSON"] | tuple["JSON", ...] | dict[str, "JSON"]
"""What JSON can hold. Dates, bytes, UUIDs and sets are for the caller to spell."""

DEEPEST = 64
"""Levels of arrays and objects in a value; more is refused."""
GREATEST_INTEGER = 2**53 - 1
"""Beyond it two readers may round an integer differently (RFC 8785 §3.2.2.3, RFC 7493 §2.2)."""


def encode(value: JSON) -> bytes:
    """The canonical bytes, in UTF-8.

    Raises `Invalid` json-type (no JSON, or a key that is no text), json-number (NaN, infinity, an integer beyond
    2^53-1), json-text (half of a surrogate pair) or json-depth.
    """
    try:
        if _is_plain(value, DEEPEST):
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return rfc8785.dumps(value)
    except rfc8785.FloatDomainError as error:
        raise _bad_number() from error
    except (orjson.JSONEncodeError, rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise _bad_text() from error


def _is_plain(value: object, depth: int) -> bool:
    """Whether orjson, many times faster, writes the same bytes: no fractions, and keys that sort alike as bytes."""
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return True
    if isinstance(value, int):
        if not -GREATEST_INTEGER <= value <= GREATEST_INTEGER:
            raise _bad_number()
        return True
    if isinstance(value, float):
        return False
    if not depth:
        raise _too_deep()
    if isinstance(value, dict):
        keys = [_is_plain_key(key) for key in value]
        return _all(value.values(), depth - 1) and all(keys)
    if isinstance(value, list | tuple):
        return _all(value, depth - 1) and type(value) in (list, tuple)  # orjson writes no named tuple
    raise _no_json(type(value).__name__)


def _all(values: Iterable[object], depth: int) -> bool:
    """Looks at every value, since each may have to be refused."""
    plain = [_is_plain(value, depth) for value in values]
    return all(plain)


def _is_plain_key(key: object) -> bool:
    if not isinstance(key, str):
        raise _no_json(f"{type(key).__name__} as a key")
    return type(key) is str and key.isascii()  # orjson writes no StrEnum as a key


def _no_json(kind: str) -> Invalid:
    return Invalid("json-type", zh="JSON 不能表示：{kind}", en="JSON cannot hold: {kind}", kind=kind)


def _bad_number() -> Invalid:
    return Invalid(
        "json-number",
        zh="数值须为有限数，整数绝对值不超过2^53-1",
        en="a number must be finite, an integer no greater than 2^53-1",
    )


def _bad_text() -> Invalid:
    return Invalid("json-text", zh="文本不是有效的Unicode", en="a text is not valid Unicode")


def _too_deep() -> Invalid:
    return Invalid("json-depth", zh="JSON 嵌套超过{deepest}层", en="JSON nested deeper than {deepest}", deepest=DEEPEST)
