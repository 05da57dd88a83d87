from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.reference.body_code import BodyClass, BodyCode, parse_body_code
from luban.reference.certificate_number import (
    SPECIAL_ABILITY_TEMPLATE,
    LevelNumber,
    NumberKind,
    NumberTemplate,
    parse_level_number,
    recognise,
)
from luban.reference.levels import Level
from luban.reference.refusal import Conflict, Invalid

bodies = st.builds(BodyCode.filed_with_province, st.sampled_from(BodyClass), st.integers(1, 999_999))


def test_the_rules_worked_examples_split_as_printed(vectors: dict[str, Any]) -> None:
    for vector in vectors["cert_no_level_valid"]:
        number = parse_level_number(vector["value"])
        body = number.body
        assert [
            body.body_class.value,
            body.ministry_code,
            body.province,
            body.serial,
            f"{number.year % 100:02d}",
            number.level.code,
            f"{number.sequence:06d}",
        ] == vector["parts"]
        assert str(number) == vector["value"]


def test_what_is_no_level_number_is_refused(vectors: dict[str, Any]) -> None:
    wrong = [vector["value"] for vector in vectors["cert_no_level_invalid"]]
    for raw in [*wrong, "", "S00003700007226400000１X", "S0000370000722640000٠1", "S000037000072264000001\nx"]:
        with pytest.raises(Invalid) as refused:
            parse_level_number(raw)
        assert refused.value.code == "certificate-number-format"


def test_spellings_of_one_number_become_one() -> None:
    assert str(parse_level_number(" s0000 3700 0072 264 00000１ ")) == "S000037000072264000001"


@given(bodies, st.integers(2000, 2099), st.sampled_from(Level), st.integers(1, 999_999))
def test_a_number_is_read_back_as_it_was_composed(body: BodyCode, year: int, level: Level, sequence: int) -> None:
    number = LevelNumber(body, year, level, sequence)
    assert len(str(number)) == 22
    assert parse_level_number(str(number)) == number


def test_a_used_up_sequence_is_a_conflict_and_never_wraps_round() -> None:
    body = parse_body_code("Y000037001234")
    with pytest.raises(Conflict) as refused:
        LevelNumber(body, 2026, Level.THREE, 1_000_000)
    assert refused.value.code == "certificate-sequence-exhausted"
    with pytest.raises(Invalid):
        LevelNumber(body, 2026, Level.THREE, 0)
    with pytest.raises(Invalid):
        LevelNumber(body, 1999, Level.THREE, 1)


def test_the_special_ability_template_prints_sixteen_digits() -> None:
    template = NumberTemplate()
    fields = {"province": 37, "city": 1, "kind": 2, "body": 45}
    number = template.compose(2026, 7, **fields)

    assert number == "2637012045900007"
    assert number == template.prefix(2026, **fields) + "00007"
    assert template.parse(number) == {"year": 2026, **fields, "seq": 7}
    assert recognise(number) is NumberKind.SPECIAL_ABILITY


def test_a_customers_own_template_is_followed() -> None:
    template = NumberTemplate("ZX-{province2}{YY}{seq6}")
    assert template.compose(2026, 12, province=37) == "ZX-3726000012"
    assert template.parse("zx-3726000012") == {"province": 37, "year": 2026, "seq": 12}


@pytest.mark.parametrize("raw", ["", "2637012045900000", "2637012045800007", "263701204590000", "26370120459000077"])
def test_a_number_outside_the_template_is_refused(raw: str) -> None:
    with pytest.raises(Invalid):
        NumberTemplate().parse(raw)


def test_a_field_that_is_missing_or_too_wide_is_refused() -> None:
    template = NumberTemplate()
    with pytest.raises(Invalid):
        template.prefix(2026, province=37, city=1, kind=2)
    with pytest.raises(Invalid):
        template.prefix(2026, province=37, city=1, kind=2, body=1000)
    with pytest.raises(Conflict):
        template.compose(2026, 100_000, province=37, city=1, kind=2, body=1)


@pytest.mark.parametrize(
    "text", ["", "{YY}", "{seq5}x", "{YY}{seq5}{YY}", "{YY}{YY}{seq5}", "专{seq5}", "{seq}", "{a2}{a2}{seq5}"]
)
def test_a_text_that_is_no_template_is_a_mistake_of_configuration(text: str) -> None:
    with pytest.raises(ValueError, match="template"):
        NumberTemplate(text)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("S000037000072264000001", NumberKind.LEVEL),
        ("YT20003700123426100001", NumberKind.CHIEF_RANK),
        ("1915003000300012", NumberKind.QUALIFICATION),
        ("1915003000900012", NumberKind.SPECIAL_ABILITY),
        ("1234567890123", NumberKind.SHANGHAI_QUALIFICATION),
        ("RSN37010099919300001", NumberKind.PILOT),
        ("S000337000072", NumberKind.UNKNOWN),
        ("", NumberKind.UNKNOWN),
    ],
)
def test_numbers_of_other_kinds_are_recognised(raw: str, kind: NumberKind) -> None:
    assert recognise(raw) is kind


def test_the_default_template_is_the_documented_one() -> None:
    assert NumberTemplate().template == SPECIAL_ABILITY_TEMPLATE
