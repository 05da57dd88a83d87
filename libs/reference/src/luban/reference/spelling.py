"""One spelling for numbers and codes that people type: full-width forms, spaces, lower-case letters."""

_FULL_WIDTH = {ord("０") + i: ord("0") + i for i in range(10)}
_FULL_WIDTH |= {ord("Ａ") + i: ord("A") + i for i in range(26)}
_FULL_WIDTH |= {ord("ａ") + i: ord("a") + i for i in range(26)}
_UPPER = {ord("a") + i: ord("A") + i for i in range(26)}
_SPACES = {ord(space): None for space in " \t\u00a0\u3000"}

_LONGEST_RAW = 200


def half_width(raw: str) -> str:
    """Return `raw` with full-width digits and letters made ASCII; nothing else is touched."""
    return raw[:_LONGEST_RAW].translate(_FULL_WIDTH)


def plain(raw: str) -> str:
    """Return `raw` with full-width digits and letters made ASCII, spaces dropped and ASCII letters in capitals.

    Digits of other scripts stay what they are, so that a `[0-9]` pattern refuses them.
    Anything longer than a field could ever be is cut, still too long for every format.
    """
    return half_width(raw).translate(_SPACES).translate(_UPPER)
