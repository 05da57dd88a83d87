"""People's names and telephone numbers: what is allowed, how two spellings compare, what the public may see."""

import re
import unicodedata

from luban.reference.refusal import Invalid
from luban.reference.spelling import plain

MIDDLE_DOT = "\u00b7"
"""The dot inside names of several peoples, as the Ministry of Public Security writes it."""

_DOTS = "\u2022\u2027\u2219\u22c5\u30fb\uff65\uff0e\u0387."
_FOLD_DOTS = {ord(dot): MIDDLE_DOT for dot in _DOTS}
_SPACES = re.compile(r"[ \t\u00a0\u3000]+")
_LONGEST_NAME = 50
_EVERYDAY = re.compile(r"[\u4e00-\u9fff]+")
"""Only everyday Chinese characters, as nearly all names here have: nothing in them folds, and checks are many."""


def parse_name(raw: str) -> str:
    """Return a name as it was entered, without outer spaces and in NFC; 1 to 50 characters.

    Letters of any script (CJK extensions included), 〇, marks, the middle dot in any of its spellings, single
    spaces, hyphen and apostrophe. Raises `Invalid` name-length or name-format (domain rule 3.3).
    """
    name = unicodedata.normalize("NFC", _SPACES.sub(" ", raw.strip()))
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise Invalid("name-length", zh="姓名应为1至50个字", en="a name has 1 to 50 characters", length=len(name))
    if not all(_may_stand_in_name(char) for char in name) or not any(_is_letter(char) for char in name):
        raise Invalid("name-format", zh="姓名中有不允许的字符", en="the name has characters that no name has")
    return name


def name_key(name: str) -> str:
    """Return what two spellings of one name share: NFC, one dot, no spaces in a Chinese name, Latin in capitals."""
    if _EVERYDAY.fullmatch(name):
        return name
    folded = _plain_letters(unicodedata.normalize("NFC", name.strip())).translate(_FOLD_DOTS)
    folded = "".join(char for char in folded if not _is_variation_selector(char))
    spaced = _SPACES.sub(" ", folded)
    return (spaced.replace(" ", "") if any(_is_han(char) for char in spaced) else spaced).upper()


def _plain_letters(name: str) -> str:
    """Full-width Latin letters made ASCII, spaces kept."""
    return "".join(plain(char) if "\uff21" <= char <= "\uff5a" else char for char in name)


def mask_name(name: str) -> str:
    """Hide a name for public pages: 李明 → 李*, 张小三 → 张*三, longer names and words keep first and last only.

    A name in Latin letters keeps the first letter of each word (domain rule 12).
    """
    if _EVERYDAY.fullmatch(name):
        return f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}" if len(name) > 2 else f"{name[:-1]}*"
    visible = "".join(char for char in name.strip() if not _is_variation_selector(char))
    if not any(_is_han(char) for char in visible):
        return " ".join(_star(word, keep_last=False) for word in visible.split(" "))
    return _star(visible, keep_last=True)


def mask_id_no(id_no: str) -> str:
    """Hide all but the last 4 characters; a number under 8 characters is hidden whole (domain rule 12)."""
    shown = id_no[-4:] if len(id_no) >= 8 else ""
    return "*" * (len(id_no) - len(shown)) + shown


def mask_phone(phone: str) -> str:
    """13812345678 → 138****5678; anything but 11 digits is hidden whole."""
    return f"{phone[:3]}****{phone[7:]}" if re.fullmatch(r"[0-9]{11}", phone) else "*" * len(phone)


def parse_phone(raw: str) -> str:
    """Return a mainland mobile number as 11 digits; a leading +86, spaces and hyphens are dropped.

    Raises `Invalid` phone-format.
    """
    digits = re.sub(r"^(\+86|0086)", "", plain(raw.strip()).replace("-", ""))
    if not re.fullmatch(r"1[3-9][0-9]{9}", digits):
        raise Invalid("phone-format", zh="手机号码应为11位大陆号码", en="a mainland mobile number has 11 digits")
    return digits


def _star(text: str, *, keep_last: bool) -> str:
    """Star the letters but the first, and but the last of three or more; dots and spaces stay."""
    places = [place for place, char in enumerate(text) if char not in _DOTS + MIDDLE_DOT + " "]
    kept = places[:1] if len(places) > 1 else []
    if keep_last and len(places) > 2:
        kept.append(places[-1])
    return "".join("*" if place in places and place not in kept else char for place, char in enumerate(text))


def _may_stand_in_name(char: str) -> bool:
    return _is_letter(char) or unicodedata.category(char)[0] == "M" or char in _DOTS + MIDDLE_DOT + " -'\u2019"


def _is_letter(char: str) -> bool:
    return unicodedata.category(char)[0] == "L" or char == "〇" or _is_han(char)


def _is_han(char: str) -> bool:
    """Chinese characters by block, because Python's Unicode data may be older than the newest CJK extension."""
    code = ord(char)
    return 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFD or char == "〇"


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
