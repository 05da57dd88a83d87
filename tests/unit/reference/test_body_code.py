import pytest

from luban.reference.body_code import BodyClass, BodyCode, parse_body_code
from luban.reference.refusal import Invalid
from luban.reference.track import Track


def test_a_real_shandong_code_splits_into_its_parts() -> None:
    code = parse_body_code("s0000３７000072")
    assert code == BodyCode(BodyClass.S, "0000", "37", "000072")
    assert str(code) == "S000037000072"
    assert code.body_class.track is Track.SOCIAL


def test_a_body_filed_with_the_province_has_no_ministry_code() -> None:
    assert str(BodyCode.filed_with_province(BodyClass.Y, 1234)) == "Y000037001234"


@pytest.mark.parametrize(
    "raw", ["", "X000037000072", "S00003700007", "S0000370000720", "S000099000072", "S00003700007٢", "S000037000072\nS"]
)
def test_what_is_no_body_code_is_refused(raw: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_body_code(raw)
    assert refused.value.code == "body-code-format"


@pytest.mark.parametrize("serial", [0, -1, 1_000_000])
def test_a_serial_has_six_digits(serial: int) -> None:
    with pytest.raises(Invalid):
        BodyCode.filed_with_province(BodyClass.Y, serial)


def test_parts_that_only_fit_together_are_refused() -> None:
    with pytest.raises(Invalid):
        BodyCode(BodyClass.Y, "000", "37", "0001234")
