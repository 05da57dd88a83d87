"""What a check asks, and what it is told."""

from datetime import date

import pytest

from luban.certificate.domain.answer import Registered, answer
from luban.certificate.domain.holder import asked_id_factors, id_factor, name_factor
from luban.certificate.domain.question import NO_NUMBER, Question, parse_question
from luban.certificate.domain.register import Change, State, change_of_correction
from luban.reference.refusal import Invalid

ASKED = {"certificate_no": " s000037000072263000001 ", "name": "张小三", "purpose": "录用"}


def test_a_question_is_normalised() -> None:
    question = parse_question(ASKED)
    assert (question.certificate_no, question.purpose) == ("S000037000072263000001", "录用")
    assert question.spellings == (name_factor("张小三"),)


@pytest.mark.parametrize("number", ["九九", "{}", "a,b", "-", "x" * 33])
def test_what_cannot_be_a_number_is_looked_up_as_none(number: str) -> None:
    assert parse_question({**ASKED, "certificate_no": number}).looked_up == NO_NUMBER


@pytest.mark.parametrize("change", [{"name": None}, {"id_no": "1"}, {"name": ""}, {"name": 1}, {"certificate_no": ""}])
def test_a_question_needs_a_number_and_one_factor(change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        parse_question({**ASKED, **change})


def test_the_question_does_not_show_its_factor() -> None:
    assert "张小三" not in repr(parse_question(ASKED))


def test_two_spellings_of_a_holder_have_one_factor() -> None:
    assert name_factor("阿依·古丽") == name_factor("阿依•古丽")
    assert id_factor("HK_MO_PERMIT", "H1234567801") in asked_id_factors("h1234567802")
    assert id_factor("RESIDENT_ID", "11010519491231002X") in asked_id_factors("11010519491231002x")


@pytest.mark.parametrize("raw", [ASKED, {**ASKED, "id_no": "1", "name": None}])
def test_every_question_has_the_same_kinds_of_answer(raw: dict[str, object]) -> None:
    question = parse_question(raw)
    assert set(_answered(question)) == {"asked", "found", "as_of", "verification_id"}


def _answered(question: Question) -> dict[str, object]:
    return answer(question, None, as_of="2026-11-23T00:00:00Z", verification_id="0")


def test_a_match_shows_the_name_masked_and_nothing_else_of_the_person() -> None:
    facts = _registered(State.WITHDRAWN, date(2026, 12, 1), None).facts("张小三")
    assert facts["name_masked"] == "张*三"
    assert (facts["state"], facts["withdrawn_on"], facts["suspended_on"]) == ("WITHDRAWN", "2026-12-01", None)
    assert "张小三" not in str(facts)


def test_a_match_tells_since_when_it_is_suspended() -> None:
    facts = _registered(State.SUSPENDED, None, date(2026, 12, 1)).facts("张小三")
    assert (facts["state"], facts["withdrawn_on"], facts["suspended_on"]) == ("SUSPENDED", None, "2026-12-01")


def _registered(state: State, withdrawn_on: date | None, suspended_on: date | None) -> Registered:
    return Registered(
        "id", "LEVEL", "4-07-03-03", "劳动关系协调师", "", 3, None, None, date(2026, 11, 20), "某校", state,
        withdrawn_on, suspended_on,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "passed", "change"),
    [
        (State.VALID, False, Change.WITHDRAWN),
        (State.VALID, True, Change.SCORES_CORRECTED),
        (State.SUSPENDED, False, Change.WITHDRAWN),
        (State.SUSPENDED, True, Change.SCORES_CORRECTED),
        (State.WITHDRAWN, False, Change.NOTED),
        (State.WITHDRAWN, True, Change.NOTED),
    ],
)
def test_a_correction_changes_what_is_not_withdrawn_only(state: State, passed: bool, change: Change) -> None:
    assert change_of_correction(state, passed=passed) is change
