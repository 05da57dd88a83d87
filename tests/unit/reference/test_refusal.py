import pytest

from luban.reference.refusal import Conflict, Forbidden, Invalid, NotFound, Refusal
from luban.reference.track import Track


@pytest.mark.parametrize("kind", [Invalid, NotFound, Forbidden, Conflict])
def test_a_refusal_carries_its_code_both_texts_and_its_parameters(kind: type[Refusal]) -> None:
    refusal = kind("plan-full", zh="名额{places}已满", en="all {places} places are taken", places=300)

    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.zh, refusal.en) == ("plan-full", "名额300已满", "all 300 places are taken")
    assert refusal.params == {"places": 300}
    assert str(refusal) == "plan-full: all 300 places are taken"


def test_a_parameter_value_with_braces_is_not_read_as_a_template() -> None:
    assert Invalid("name-format", zh="{name}", en="{name}", name="{0}").zh == "{0}"


def test_the_code_may_share_its_name_with_a_parameter() -> None:
    assert Invalid("occupation-unknown", zh="{code}", en="{code}", code="6-99-99-99").params == {"code": "6-99-99-99"}


def test_there_are_three_tracks() -> None:
    assert list(Track) == ["ENTERPRISE", "SOCIAL", "SPECIAL_ABILITY"]
