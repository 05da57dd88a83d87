from datetime import date

import pytest

from luban.reference.divisions import cities, counties_of, current_division, division, is_province, province_name
from luban.reference.levels import Level
from luban.reference.occupations import (
    Access,
    LevelsSource,
    current_code,
    former_occupations,
    occupation,
    occupations,
    require_free_access,
    require_level,
)
from luban.reference.refusal import Invalid
from luban.reference.track import Track


def refusal(call: object, *args: object) -> Invalid:
    assert callable(call)
    with pytest.raises(Invalid) as refused:
        call(*args)
    return refused.value


def test_the_table_has_the_dictionary_and_what_was_added_since() -> None:
    added = [each for each in occupations() if each.valid_from]
    assert len(occupations()) - len(added) == 1639
    assert sum(each.is_digital for each in occupations()) == 97
    assert sum(each.is_green for each in occupations()) == 134
    assert len(added) == 2


def test_an_occupation_is_found_by_its_code() -> None:
    electrician = occupation("6-31-01-03")
    assert (electrician.name, electrician.minor_code, electrician.access) == ("电工", "6-31-01", Access.FREE)
    assert electrician.levels == frozenset(Level)
    assert electrician.levels_source is LevelsSource.KNOWN


@pytest.mark.parametrize("code", ["6-18-03-09", "6-31-01-99", "", "电工", "6-31-01-0３", "6-31-01-03 "])
def test_an_invented_code_is_refused(code: str) -> None:
    assert refusal(occupation, code).code == "occupation-unknown"


def test_a_retired_code_is_refused_with_what_replaced_it() -> None:
    refused = refusal(occupation, "4-10-01-02")
    assert refused.code == "occupation-retired"
    assert refused.params["replaced_by"] == "4-10-01-01"
    assert "育婴员" in refused.zh


def test_old_certificates_lead_to_todays_occupation() -> None:
    assert current_code("4-10-01-02", "育婴员") == "4-10-01-01"
    assert current_code("4-01-02-02") == "4-01-06-01"
    assert current_code("", "公共营养师") == "4-14-02-01"
    assert current_code("6-31-01-03", "电工") == "6-31-01-03"
    assert refusal(current_code, "9-99-99-99").code == "occupation-unknown"


def test_a_code_given_away_since_is_told_by_the_printed_name() -> None:
    assert current_code("6-31-01-10", "工业机器人系统运维员") == "6-31-07-01"
    assert current_code("6-31-01-10", "机电设备维修工") == "6-31-01-10"


def test_every_former_occupation_leads_into_todays_table() -> None:
    for former in former_occupations():
        assert occupation(former.code_2022).code == former.code_2022


def test_an_occupation_added_later_is_refused_before_its_notice() -> None:
    assert occupation("4-04-05-13", date(2026, 11, 23)).name == "生成式人工智能系统应用员"
    assert refusal(occupation, "4-04-05-13", date(2023, 1, 1)).code == "occupation-not-yet-valid"


def test_a_level_the_standard_lacks_is_refused() -> None:
    assert require_level("4-07-03-02", Level.THREE).name == "劳动关系协调师"
    assert refusal(require_level, "4-07-03-02", Level.FIVE).code == "occupation-level-missing"
    assert refusal(require_level, "4-14-02-02", Level.FOUR).code == "occupation-level-missing"
    assert refusal(require_level, "2-02-01-01", Level.THREE).code == "occupation-has-no-levels"


def test_a_skilled_occupation_outside_the_common_table_has_five_levels_by_default() -> None:
    lathe = occupation("6-18-01-03")
    assert (lathe.levels, lathe.levels_source) == (frozenset(Level), LevelsSource.DEFAULT)


def test_social_organisations_may_not_assess_licensed_occupations() -> None:
    assert refusal(require_free_access, "4-07-05-01", Track.SOCIAL).code == "occupation-licensed"
    require_free_access("4-07-05-01", Track.ENTERPRISE)
    require_free_access("6-18-02-04", Track.SOCIAL)
    assert occupation("6-18-02-04").access is Access.PARTIAL


def test_shandong_has_sixteen_cities_and_remembers_laiwu() -> None:
    assert len(cities()) == 16
    assert province_name("37") == "山东省"
    assert division("371200").retired_from == date(2019, 1, 1)
    assert current_division("371202").name == "莱芜区"
    assert current_division("370102").name == "历下区"
    assert {each.name for each in counties_of("370100")} >= {"历下区", "莱芜区"}


def test_unknown_places_are_refused() -> None:
    assert not is_province("99")
    assert refusal(province_name, "99").code == "province-unknown"
    assert refusal(division, "379999").code == "division-unknown"
