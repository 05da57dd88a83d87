"""Setting a certificate as PDF: one compiler kept, one font that comes with the requirements, no look at the machine.

The same sheet gives the same bytes on every machine.
"""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

import typst
import zxingcpp
from fontTools.ttLib import TTFont

from luban.certificate.domain.paper import QUERY_ADDRESSES, Language, Paper
from luban.reference.refusal import Conflict

TEMPLATE = Path(__file__).with_name("certificate.typ")
FONT_PACKAGE = "cvttf_NotoSansCJK_Regular"
CORRECTION = "M"
"""Level of the QR code: 15 % of it may be lost to a fold or a stamp."""


class Typesetter:
    """Sets papers, one at a time."""

    def __init__(self) -> None:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_file().parent])
        self._compiler = typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts, ignore_system_fonts=True)
        self._lock = Lock()

    def pdf(self, paper: Paper, code: str, language: Language) -> bytes:
        """The sheet, `code` in its QR code. Raises Conflict paper-character for what the font cannot show."""
        refuse_what_cannot_be_set(paper)
        photograph = None if paper.photograph is None else list(paper.photograph)
        sheet = asdict(paper) | {"code": qr_code(code), "addresses": QUERY_ADDRESSES, "photograph": photograph}
        told = json.dumps(sheet | {"bilingual": language is Language.BILINGUAL}, ensure_ascii=False)
        with self._lock:
            made = self._compiler.compile(format="pdf", sys_inputs={"sheet": told}, timestamp=_NEVER)
        assert isinstance(made, bytes)
        return made


_NEVER = datetime.combine(date(2000, 1, 1), datetime.min.time(), UTC)
"""The file's own time of creation: the same for all, since the day that counts is printed."""


def qr_code(text: str) -> dict[str, object]:
    """One grey value a module, row by row, with the quiet zone around; a viewer shows them as squares."""
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=CORRECTION)
    picture = zxingcpp.write_barcode_to_image(made, add_quiet_zones=True)
    height, width = picture.shape
    assert height == width
    points = memoryview(picture)  # type: ignore[arg-type]  # it has the buffer protocol, which its stubs do not say
    return {"width": width, "points": list(points.tobytes())}


def refuse_what_cannot_be_set(paper: Paper) -> None:
    """Raises Conflict paper-character: a name with an empty box in it must not leave the house."""
    lacking = sorted({character for character in paper.texts if ord(character) not in characters()})
    if lacking:
        raise Conflict(
            "paper-character",
            zh="字库没有这些字，无法打印：{which}",
            en="the font lacks these characters, so it cannot be printed: {which}",
            which="、".join(f"{character}（U+{ord(character):04X}）" for character in lacking),
        )


@cache
def characters() -> frozenset[int]:
    """Code points that the font can show."""
    with TTFont(font_file(), lazy=True) as font:
        return frozenset(font.getBestCmap())


def font_file() -> Path:
    """Noto Sans CJK, from the package that carries it."""
    found = find_spec(FONT_PACKAGE)
    assert found, f"{FONT_PACKAGE} is not installed"
    assert found.origin
    return next(Path(found.origin).parent.glob("*.otf"))
