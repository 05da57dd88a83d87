"""The credential says what the certificate's face says, in the field's exact words, and nothing of an ID number."""

from dataclasses import replace

import pytest

from luban.credentials.achievement import LevelAchievement, achievement_credential
from luban.credentials.contexts import CREDENTIALS_V2, OPEN_BADGES
from luban.credentials.data_model import check_credential
from luban.credentials.linked_data import canonical_quads
from luban.reference.levels import Level
from tests.unit.credentials.material import ACHIEVEMENTS, HOLDER_DID, LEVEL, REGISTER, SPECIAL_ABILITY, unsigned

PRINTED = ["五级/初级工", "四级/中级工", "三级/高级工", "二级/技师", "一级/高级技师"]


@pytest.mark.parametrize(("level", "text"), list(zip(Level, PRINTED, strict=True)))
def test_a_level_is_an_achieved_rubric_level_with_the_printed_words(level: Level, text: str) -> None:
    certificate = replace(LEVEL, achievement=LevelAchievement("6-31-01-03", "电工", "", level, "2018年版"))
    subject = achievement_credential(certificate, REGISTER, ACHIEVEMENTS)["credentialSubject"]
    (result,), (description,) = subject["result"], subject["achievement"]["resultDescription"]
    (rubric,) = description["rubricCriterionLevel"]
    assert (rubric["name"], rubric["level"]) == (text, level.code)
    assert (result["resultDescription"], result["achievedLevel"]) == (description["id"], rubric["id"])
    assert subject["achievement"]["name"] == f"电工 {text}"


def test_a_level_certificate_says_what_its_face_says() -> None:
    credential = unsigned()
    subject = credential["credentialSubject"]
    assert credential["@context"] == [CREDENTIALS_V2, OPEN_BADGES]
    assert credential["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert (credential["name"], credential["validFrom"]) == ("职业技能等级证书", "2026-04-08T00:00:00+08:00")
    assert subject["licenseNumber"] == "S000037000072263000001"
    assert subject["identifier"][0]["identityHash"] == "测试甲"
    assert subject["source"]["name"] == "测试评价协会"
    assert subject["source"]["otherIdentifier"][0]["identifier"] == "S000037000072"
    assert subject["achievement"]["humanCode"] == "6-31-01-03"
    assert "工种：--，" in subject["achievement"]["description"]
    assert "id" not in subject


def test_a_special_ability_certificate_has_no_level_and_may_be_bound_to_a_key() -> None:
    subject = unsigned(SPECIAL_ABILITY)["credentialSubject"]
    assert "result" not in subject
    assert (subject["id"], subject["identifier"][0]["identityHash"]) == (HOLDER_DID, "阿依古丽·测试")
    assert subject["achievement"]["name"] == "胶东花饽饽制作"


def test_a_trade_stands_in_the_achievement_and_in_its_name_on_the_web() -> None:
    achievement = LevelAchievement("6-18-02-04", "焊工", "电焊工", Level.FOUR, "2018年版")
    credential = achievement_credential(replace(LEVEL, achievement=achievement), REGISTER, ACHIEVEMENTS)
    described = credential["credentialSubject"]["achievement"]
    assert described["specialization"] == "电焊工"
    assert described["id"] == f"{ACHIEVEMENTS}/level/6-18-02-04/%E7%94%B5%E7%84%8A%E5%B7%A5/4"


@pytest.mark.parametrize("certificate", [LEVEL, SPECIAL_ABILITY])
def test_every_member_is_signed_in_rdf_too(certificate: object) -> None:
    credential = unsigned(certificate)  # type: ignore[arg-type]
    assert check_credential(credential) is credential
    quads = canonical_quads(credential)
    for text in ("测试", certificate.certificate_no, "S000037000072"):  # type: ignore[attr-defined]
        assert text in quads
    assert "relative.invalid" not in quads
    assert "example.org" not in quads


def test_a_rare_name_is_kept_to_the_letter() -> None:
    credential = achievement_credential(replace(LEVEL, holder_name="𠮷·𰻝"), REGISTER, ACHIEVEMENTS)
    assert '"𠮷·𰻝"' in canonical_quads(credential)
