"""Splitting an item whose stem and options stand in one text, as examination papers print them.

An option begins with its letter and a mark (A．  A.  A、  A：) at the start of a line or after a space; where a text
does not read so, with A． or A. after anything but a Latin letter or a digit (a digit there is a stray page number).
Read either way the letters must be A, B, C, D, each once and in order: whatever else could be meant is refused, never
guessed.
"""

import re

from luban.exam.domain.items import Option
from luban.reference.refusal import Invalid

_SPACED = re.compile(r"(?:(?<=\s)|^)([A-DＡ-Ｄ])[ \t\u3000]*[．.、：:]")
_RUN_ON = re.compile(r"(?<![A-Za-z0-9])([A-DＡ-Ｄ])[ \t\u3000]*[．.]")
_QUESTION_NUMBER = re.compile(r"^\s*[0-9]{1,3}\s*[．.、]\s*(?:[（(]\s*[0-9.]+\s*分\s*[）)])?")
_LETTERS = "ABCD"


def split(text: str) -> tuple[str, tuple[Option, ...]]:
    """(stem without its printed number and points, options A to D). Raises `Invalid` options-not-split."""
    markers = _markers(text)
    ends = [marker.start() for marker in markers[1:]] + [len(text)]
    texts = [text[marker.end() : end].strip() for marker, end in zip(markers, ends, strict=True)]
    stem = _QUESTION_NUMBER.sub("", text[: markers[0].start()]).strip()
    return stem, tuple(Option(key, option) for key, option in zip(_LETTERS, texts, strict=True))


def _markers(text: str) -> list[re.Match[str]]:
    found = ""
    for reading in (_SPACED, _RUN_ON):
        markers = list(reading.finditer(text))
        found = "".join(_narrow(marker[1]) for marker in markers)
        if found == _LETTERS:
            return markers
    zh, en = "无法确定选项（找到“{found}”）", "the options cannot be told apart (found '{found}')"
    raise Invalid("options-not-split", zh=zh, en=en, found=found)


def _narrow(letter: str) -> str:
    return letter if letter.isascii() else chr(ord(letter) - ord("Ａ") + ord("A"))
