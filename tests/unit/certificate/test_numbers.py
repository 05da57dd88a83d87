"""Printed numbers of new certificates."""

from uuid import UUID

import pytest

from luban.certificate.domain.face import Face, IssuingBody, LevelFace, SpecialAbilityFace, printed_code
from luban.certificate.domain.numbers import Numbering, numbers
from luban.reference.certificate_number import parse_level_number
from luban.reference.levels import Level
from luban.reference.refusal import Conflict, Invalid
from luban.reference.track import Track

LEVEL = LevelFace("4-07-03-03", "劳动关系协调师", "", Level.THREE, "2023")
ABILITY = SpecialAbilityFace("ZX-037", "剪纸", 1)


def _face(scheme: LevelFace | SpecialAbilityFace = LEVEL, code: str = "S000037000072", site: str = "") -> Face:
    track = Track.SPECIAL_ABILITY if isinstance(scheme, SpecialAbilityFace) else Track.SOCIAL
    body = IssuingBody(UUID(int=1), "某校", printed_code(code, site), "370213")
    return Face(UUID(int=2), track, body, scheme)


def test_a_level_number_has_22_characters_and_reads_back() -> None:
    prefix = Numbering().prefix(_face(), 2026)
    (number,) = numbers([prefix], {prefix: 14}, {prefix: 6})
    assert number == "S000037000072263000015"
    parsed = parse_level_number(number)
    assert (parsed.year, parsed.level, parsed.sequence) == (2026, Level.THREE, 15)


def test_the_sites_serial_stands_in_for_the_bodys() -> None:
    assert Numbering().prefix(_face(site="000099"), 2026) == "S000037000099263"


def test_special_ability_follows_its_template() -> None:
    assert Numbering().prefix(_face(ABILITY), 2026) == "26370220729"
    assert Numbering().prefix(_face(ABILITY, "Y000037001234"), 2027) == "27370242349"
    own = Numbering("ZX{YY}{province2}{seq4}")
    assert (own.prefix(_face(ABILITY), 2026), own.digits(_face(ABILITY))) == ("ZX2637", 4)


def test_sequences_are_given_in_the_order_asked() -> None:
    printed = numbers(["A", "B", "A"], {"A": 0, "B": 8}, {"A": 6, "B": 5})
    assert list(printed) == ["A000001", "B00009", "A000002"]


def test_a_used_up_sequence_is_refused() -> None:
    with pytest.raises(Conflict, match="certificate-sequence-exhausted"):
        list(numbers(["A", "A"], {"A": 999_998}, {"A": 6}))


@pytest.mark.parametrize(("code", "site"), [("X000037000072", ""), ("S000037000072", "12345"), ("S000099000072", "")])
def test_a_code_that_cannot_be_prints_nothing(code: str, site: str) -> None:
    with pytest.raises(Invalid, match="body-code-format"):
        printed_code(code, site)


def test_a_track_without_its_scheme_is_refused() -> None:
    with pytest.raises(Invalid, match="certificate-scheme-mismatch"):
        Face(UUID(int=2), Track.SPECIAL_ABILITY, _face().body, LEVEL)
