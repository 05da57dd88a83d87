"""Entries, the people who make them, and how their facts are judged."""

from datetime import date

import pytest

from luban.reference.eligibility import Outcome
from luban.reference.eligibility_facts import PriorCertificate, Provenance
from luban.reference.identity import IdType
from luban.reference.levels import Level
from luban.reference.refusal import Conflict, Invalid
from luban.reference.track import Track
from luban.registration.domain.candidate import Declaration, YearsOfWork, facts_on, parse_person
from luban.registration.domain.decision import decide
from luban.registration.domain.entry import EntryState, by_person, by_rule, withdrawn
from luban.registration.domain.roster import Reading, parse_day, read_rows
from luban.registration.domain.scheme import ProjectScheme
from tests.unit.registration.samples import ELECTRICIAN, ID, TODAY, plan

BORN = date(1990, 3, 7)
CLOSING = date(2026, 11, 30)
RESIDENT = "11010519491231002X"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.MET, EntryState.ACCEPTED),
        (Outcome.NEEDS_PERSON, EntryState.NEEDS_DECISION),
        (Outcome.NOT_MET, EntryState.REJECTED),
    ],
)
def test_what_the_rules_make_of_an_entry(outcome: Outcome, state: EntryState) -> None:
    assert by_rule(outcome)[0] is state


@pytest.mark.parametrize("state", list(EntryState))
def test_a_person_decides_only_what_needs_one(state: EntryState) -> None:
    if state is EntryState.NEEDS_DECISION:
        assert by_person(state, "专业相关", accept=True)[0] is EntryState.ACCEPTED
        assert by_person(state, "不相关", accept=False)[0] is EntryState.REJECTED
        return
    with pytest.raises(Conflict) as refusal:
        by_person(state, "x", accept=True)
    assert (refusal.value.code, refusal.value.params) == ("entry-state", {"state": state.value, "attempt": "decide"})


@pytest.mark.parametrize("state", list(EntryState))
def test_only_what_holds_a_place_is_withdrawn(state: EntryState) -> None:
    if state in (EntryState.SUBMITTED, EntryState.NEEDS_DECISION, EntryState.ACCEPTED):
        assert withdrawn(state)[0] is EntryState.WITHDRAWN
        return
    with pytest.raises(Conflict, match="entry-state"):
        withdrawn(state)


def test_the_birth_date_comes_from_the_document_where_it_has_one() -> None:
    person = parse_person("张三", IdType.RESIDENT_ID, RESIDENT.lower(), "13800000000", None, TODAY)
    assert (person.birth_date, person.identity.id_no) == (date(1949, 12, 31), RESIDENT)
    passport = parse_person("张三", IdType.PASSPORT, "E12345678", "13800000000", BORN, TODAY)
    assert passport.birth_date == BORN
    assert RESIDENT not in repr(person)
    assert "张三" not in repr(person)


def test_a_resident_id_is_no_passport() -> None:
    with pytest.raises(Invalid, match="identity-type-mismatch"):
        parse_person("张三", IdType.OTHER, RESIDENT, "13800000000", BORN, TODAY)


def test_years_reach_to_the_closing_day_of_somebody_who_works() -> None:
    works = facts_on(Declaration((YearsOfWork(ELECTRICIAN, 5),), employed=True), (), CLOSING)
    stopped = facts_on(Declaration((YearsOfWork(ELECTRICIAN, 5),)), (), CLOSING)
    assert works.work[0].ends == CLOSING
    assert stopped.work[0].ends == date(2026, 11, 29)
    assert facts_on(Declaration(), (), CLOSING).work == ()


def test_the_registers_certificates_count_beside_the_declared() -> None:
    registered = PriorCertificate(ELECTRICIAN, Level.FOUR, date(2022, 1, 1), "电工", Provenance.VERIFIED)
    declared = Declaration((YearsOfWork(ELECTRICIAN, 4),), employed=True)
    assert decide(plan(), declared, (), BORN, "cn").outcome is Outcome.NOT_MET
    decision = decide(plan(), declared, (registered,), BORN, "cn")
    assert (decision.outcome, decision.judged_on, decision.calendar_version) == (Outcome.MET, CLOSING, "cn")
    stored = decision.stored()
    assert stored["self_declared"] is True
    assert {c["id"] for c in stored["conditions"]} == {"3.1", "3.2", "3.3", "3.4", "3.5", "3.6"}


def test_a_special_ability_asks_for_sixteen_years_on_the_closing_day() -> None:
    ability = plan(track=Track.SPECIAL_ABILITY, scheme=ProjectScheme(ID, "SD-1", "剪纸", 2))
    assert decide(ability, Declaration(), (), date(2010, 11, 30), "cn").outcome is Outcome.MET
    decision = decide(ability, Declaration(), (), date(2010, 12, 1), "cn")
    assert (decision.outcome, decision.edition) == (Outcome.NOT_MET, "SD-1-2")


@pytest.mark.parametrize("text", ["2024-03-01", "2024/3/1", "2024.3.1", "20240301", "２０２４-03-01", "2024年3月1日"])
def test_a_day_as_sheets_have_it(text: str) -> None:
    assert parse_day(text) == date(2024, 3, 1)


@pytest.mark.parametrize("text", ["", "2024-02-30", "03/01/2024", "2024"])
def test_a_day_that_is_none(text: str) -> None:
    with pytest.raises(Invalid, match="roster-date"):
        parse_day(text)


def values(**changes: str) -> dict[str, str]:
    """A roster's row."""
    blank = dict.fromkeys(
        ("序号", "证件类型", "出生日期", "现有证书等级", "证书编号", "发证日期", "文化程度", "专业", "所在部门"), ""
    )
    sent = {"姓名": "张三", "证件号码": RESIDENT, "手机号码": "13800000000", "工作年限": "5"}
    return blank | sent | changes


def test_a_roster_row_becomes_a_person_and_a_declaration() -> None:
    reading = Reading(ELECTRICIAN, CLOSING, TODAY)
    rows, faults = read_rows([(2, values(现有证书等级="高级工", 发证日期="2020-01-01", 文化程度="技校"))], reading)
    assert faults == []
    assert rows[0].declared.certificates == (PriorCertificate(ELECTRICIAN, Level.THREE, date(2020, 1, 1)),)
    assert rows[0].declared.employed
    assert rows[0].person.identity.id_no == RESIDENT


def test_one_person_twice_in_a_roster_is_found_whatever_the_spelling() -> None:
    reading = Reading(ELECTRICIAN, CLOSING, TODAY)
    again = values(证件号码=RESIDENT.replace("1", "１").lower())
    _, faults = read_rows([(2, values()), (3, again)], reading)
    assert [(fault.row, fault.code) for fault in faults] == [(3, "roster-duplicate")]


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"证件类型": "学生证"}, "证件号码", "roster-id-type"),
        ({"姓名": ""}, "姓名", "name-length"),
        ({"手机号码": "1"}, "手机号码", "phone-format"),
        ({"证件类型": "护照", "证件号码": "E12345678"}, "出生日期", "birth-date-missing"),
        ({"工作年限": "61"}, "工作年限", "roster-years"),
        ({"工作年限": "-1"}, "工作年限", "roster-years"),
        ({"现有证书等级": "四级"}, "发证日期", "roster-date"),
    ],
)
def test_a_fault_names_its_column(changes: dict[str, str], column: str, code: str) -> None:
    _, faults = read_rows([(7, values(**changes))], Reading(ELECTRICIAN, CLOSING, TODAY))
    assert [(fault.row, fault.column, fault.code) for fault in faults] == [(7, column, code)]
