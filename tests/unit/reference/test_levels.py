import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.reference.levels import LadderRank, Level
from luban.reference.refusal import Invalid

levels = st.sampled_from(Level)


def test_certificates_print_the_exact_text() -> None:
    assert [level.certificate_text for level in Level] == [
        "五级/初级工",
        "四级/中级工",
        "三级/高级工",
        "二级/技师",
        "一级/高级技师",
    ]


def test_highly_skilled_begins_at_level_three() -> None:
    assert [level.code for level in Level if level.is_highly_skilled] == ["3", "2", "1"]


def test_a_lower_digit_is_a_higher_level() -> None:
    assert sorted([Level.ONE, Level.FIVE, Level.THREE]) == [Level.FIVE, Level.THREE, Level.ONE]
    assert max(Level) is Level.ONE
    assert Level.TWO.ladder_rank is LadderRank.TECHNICIAN
    assert len(LadderRank) == 8


@given(levels, levels)
def test_the_order_is_total_and_runs_against_the_digit(one: Level, other: Level) -> None:
    assert (one < other) == (one.value > other.value) == (not one >= other)
    assert (one <= other) == (one.value >= other.value) == (not one > other)


@pytest.mark.parametrize("code", ["0", "6", "", "三", "33", "３", 6, True])
def test_what_is_no_level_is_refused(code: str | int) -> None:
    with pytest.raises(Invalid) as refused:
        Level.parse(code)
    assert refused.value.code == "level-unknown"


@given(levels)
def test_a_level_is_read_back_from_its_code(level: Level) -> None:
    assert Level.parse(level.code) is Level.parse(level.value) is level
