import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luban.reference.eligibility import Decision, Outcome, assess
from luban.reference.eligibility_facts import (
    Apprenticeship,
    Facts,
    PriorCertificate,
    Provenance,
    Schooling,
    SchoolKind,
    Title,
    TitleGrade,
    WorkPeriod,
    months_worked,
    years_after,
)
from luban.reference.eligibility_rules import Standard, edition, edition_in_force, load_tables, national_tables
from luban.reference.levels import Level
from luban.reference.packaged import packaged_text
from luban.reference.refusal import Invalid

ELECTRICIAN = "6-31-01-03"
RELATED = "6-31-01-02"
CLOSING = date(2026, 11, 26)
FUTURE_AND_LAST = (date(2026, 11, 27), CLOSING)
BORN = date(1990, 3, 7)
COLLEGE = ("山东某职业学院", "电气自动化技术")


def standard(name: str) -> Standard:
    return Standard(
        occupation_code=ELECTRICIAN,
        table=edition(name),
        related_occupations=frozenset({RELATED}),
        related_majors=frozenset({"电气自动化技术"}),
        title_specialties=frozenset({"电气工程"}),
        evaluated_programmes=frozenset({COLLEGE}),
    )


def judge(level: Level, facts: Facts, *, edition_name: str = "2023", born: date = BORN) -> Decision:
    return assess(level, standard(edition_name), facts, CLOSING, born)


def outcome(level: Level, condition: str, facts: Facts, *, edition_name: str = "2023") -> Outcome:
    decision = judge(level, facts, edition_name=edition_name)
    return next(each.outcome for each in decision.findings if each.condition_id == condition)


def worked(years: int, code: str | None = ELECTRICIAN) -> WorkPeriod:
    return WorkPeriod.of_years(years, CLOSING, code)


def certificate(level: Level, issued_on: date, code: str = ELECTRICIAN) -> PriorCertificate:
    return PriorCertificate(code, level, issued_on)


def schooling(kind: SchoolKind, **changes: Any) -> Facts:
    given_facts: dict[str, Any] = {"major": "电气自动化技术", "graduated_on": date(2020, 6, 30)} | changes
    return Facts(schooling=(Schooling(kind, **given_facts),))


MET, NEEDS_PERSON, NOT_MET = Outcome.MET, Outcome.NEEDS_PERSON, Outcome.NOT_MET


def test_level_five_of_2023_asks_for_sixteen_years_of_age_on_the_closing_day() -> None:
    assert judge(Level.FIVE, Facts(), born=date(2010, 11, 26)).outcome is MET
    assert judge(Level.FIVE, Facts(), born=date(2010, 11, 27)).outcome is NOT_MET


def test_condition_5_2_asks_for_present_work_in_the_occupation() -> None:
    assert outcome(Level.FIVE, "5.2", Facts(work=(worked(1),))) is MET
    assert outcome(Level.FIVE, "5.2", Facts(work=(worked(1, None),))) is NEEDS_PERSON
    assert (
        outcome(Level.FIVE, "5.2", Facts(work=(WorkPeriod(date(2015, 1, 1), date(2020, 1, 1), ELECTRICIAN),)))
        is NOT_MET
    )


@pytest.mark.parametrize(
    ("name", "level", "condition", "years"),
    [
        ("2023", Level.FOUR, "4.1", 5),
        ("2023", Level.THREE, "3.1", 10),
        ("2018", Level.FIVE, "5.1", 1),
        ("2018", Level.FOUR, "4.2", 6),
    ],
)
def test_years_in_total_are_counted_to_the_closing_day(name: str, level: Level, condition: str, years: int) -> None:
    enough, too_few = Facts(work=(worked(years),)), Facts(work=(worked(years - 1),))
    assert outcome(level, condition, enough, edition_name=name) is MET
    assert outcome(level, condition, too_few, edition_name=name) is NOT_MET


@pytest.mark.parametrize(
    ("name", "level", "condition", "prior", "years"),
    [
        ("2023", Level.FOUR, "4.2", Level.FIVE, 3),
        ("2023", Level.THREE, "3.2", Level.FOUR, 4),
        ("2023", Level.TWO, "2.1", Level.THREE, 5),
        ("2023", Level.ONE, "1.1", Level.TWO, 5),
        ("2018", Level.FOUR, "4.1", Level.FIVE, 4),
        ("2018", Level.THREE, "3.1", Level.FOUR, 5),
        ("2018", Level.TWO, "2.1", Level.THREE, 4),
        ("2018", Level.ONE, "1.1", Level.TWO, 4),
    ],
)
def test_years_after_a_certificate_are_worked_after_its_issue(
    name: str, level: Level, condition: str, prior: Level, years: int
) -> None:
    held_long = certificate(prior, date(CLOSING.year - years, 11, 26))
    held_short = certificate(prior, date(CLOSING.year - years, 12, 27))

    assert outcome(level, condition, Facts((worked(20),), (held_long,)), edition_name=name) is MET
    assert outcome(level, condition, Facts((worked(20),), (held_short,)), edition_name=name) is NOT_MET
    assert outcome(level, condition, Facts((), (held_long,)), edition_name=name) is NOT_MET
    assert outcome(level, condition, Facts((worked(20),)), edition_name=name) is NOT_MET


def test_work_before_the_certificate_does_not_count_after_it() -> None:
    before = WorkPeriod(date(2010, 1, 1), date(2018, 1, 1), ELECTRICIAN)
    facts = Facts((before,), (certificate(Level.FOUR, date(2018, 1, 1)),))
    assert outcome(Level.THREE, "3.2", facts) is NOT_MET


def test_related_occupations_of_the_standard_count_and_others_go_to_a_person() -> None:
    assert outcome(Level.FOUR, "4.1", Facts((worked(5, RELATED),))) is MET
    assert outcome(Level.FOUR, "4.1", Facts((worked(5, "6-18-01-01"),))) is NEEDS_PERSON
    assert outcome(Level.FOUR, "4.1", Facts((worked(4, None),))) is NOT_MET
    unlisted = certificate(Level.FIVE, date(2020, 1, 1), "6-18-01-01")
    assert outcome(Level.FOUR, "4.2", Facts((worked(10),), (unlisted,))) is NEEDS_PERSON


def test_a_certificate_under_a_retired_code_counts_for_todays_occupation() -> None:
    nursery = Standard("4-10-01-01", edition("2023"))
    held = PriorCertificate("4-10-01-02", Level.FIVE, date(2020, 1, 1), "育婴员")
    facts = Facts((WorkPeriod(date(2020, 1, 1), None, "4-10-01-01"),), (held,))
    findings = assess(Level.FOUR, nursery, facts, CLOSING, BORN).findings
    assert next(each for each in findings if each.condition_id == "4.2").outcome is MET


def test_a_certificate_of_a_higher_level_goes_to_a_person() -> None:
    facts = Facts((worked(10),), (certificate(Level.THREE, date(2020, 1, 1)),))
    assert outcome(Level.FOUR, "4.2", facts) is NEEDS_PERSON


def test_titles_need_a_corresponding_specialty_and_a_year_of_work() -> None:
    fitting = Title(TitleGrade.JUNIOR, "电气工程", date(2025, 11, 26))
    other = Title(TitleGrade.JUNIOR, "会计", date(2020, 1, 1))
    fresh = Title(TitleGrade.JUNIOR, "电气工程", date(2026, 6, 1))

    assert outcome(Level.THREE, "3.3", Facts((worked(2),), titles=(fitting,))) is MET
    assert outcome(Level.THREE, "3.3", Facts((worked(9),), titles=(other,))) is NEEDS_PERSON
    assert outcome(Level.THREE, "3.3", Facts((worked(9),), titles=(fresh,))) is NOT_MET
    assert outcome(Level.THREE, "3.3", Facts((worked(9),), titles=(other, fitting))) is MET
    assert outcome(Level.TWO, "2.3", Facts((worked(9),), titles=(fitting,))) is NOT_MET


def test_condition_2_2_asks_for_the_title_and_the_certificate() -> None:
    title = Title(TitleGrade.JUNIOR, "电气工程", date(2020, 1, 1))
    held = certificate(Level.THREE, date(2025, 1, 1))
    assert outcome(Level.TWO, "2.2", Facts((worked(10),), (held,), (title,))) is MET
    assert outcome(Level.TWO, "2.2", Facts((worked(10),), (), (title,))) is NOT_MET
    assert outcome(Level.TWO, "2.2", Facts((worked(10),), (held,))) is NOT_MET


def test_schooling_counts_by_kind_and_major() -> None:
    assert outcome(Level.FOUR, "4.3", schooling(SchoolKind.SECONDARY_VOCATIONAL)) is MET
    assert outcome(Level.FOUR, "4.3", schooling(SchoolKind.GENERAL)) is NOT_MET
    assert outcome(Level.FOUR, "4.3", schooling(SchoolKind.UNIVERSITY, major="汉语言文学")) is NEEDS_PERSON
    assert outcome(Level.THREE, "3.4", schooling(SchoolKind.SENIOR_CLASS)) is MET
    assert outcome(Level.THREE, "3.4", schooling(SchoolKind.TECHNICAL_SCHOOL)) is NOT_MET


def test_final_year_students_count_where_the_condition_says_so() -> None:
    student = schooling(SchoolKind.HIGHER_VOCATIONAL, graduated_on=None, is_final_year=True)
    younger = schooling(SchoolKind.HIGHER_VOCATIONAL, graduated_on=None)
    later = schooling(SchoolKind.HIGHER_VOCATIONAL, graduated_on=date(2026, 11, 27))
    assert outcome(Level.FOUR, "4.3", student) is MET
    assert outcome(Level.FOUR, "4.3", younger) is NOT_MET
    assert outcome(Level.FOUR, "4.3", later) is NOT_MET


def test_a_programme_counts_as_evaluated_only_when_listed() -> None:
    assert outcome(Level.THREE, "3.6", schooling(SchoolKind.HIGHER_VOCATIONAL, school=COLLEGE[0])) is MET
    assert outcome(Level.THREE, "3.6", schooling(SchoolKind.HIGHER_VOCATIONAL, school="某校")) is NEEDS_PERSON
    vocational = schooling(SchoolKind.SECONDARY_VOCATIONAL)
    assert outcome(Level.FOUR, "4.3", vocational, edition_name="2018") is NEEDS_PERSON
    assert outcome(Level.FOUR, "4.3", schooling(SchoolKind.TECHNICAL_SCHOOL), edition_name="2018") is MET


def test_condition_2_5_is_for_students_of_a_technician_class_who_hold_level_three_for_two_years() -> None:
    def student(**changes: Any) -> Facts:
        held = certificate(Level.THREE, changes.pop("issued_on", date(2024, 11, 26)))
        return Facts(
            certificates=(held,),
            schooling=(Schooling(SchoolKind.TECHNICIAN_CLASS, "电气自动化技术", **changes),),
        )

    assert outcome(Level.TWO, "2.5", student()) is MET
    assert outcome(Level.TWO, "2.5", student(graduated_on=date(2026, 6, 30))) is NOT_MET
    assert outcome(Level.TWO, "2.5", student(issued_on=date(2024, 11, 27))) is NOT_MET


def test_an_apprenticeship_serves_level_five_of_2018() -> None:
    done = Apprenticeship(date(2026, 11, 26), ELECTRICIAN)
    assert outcome(Level.FIVE, "5.2", Facts(apprenticeships=(done,)), edition_name="2018") is MET
    unfinished = Apprenticeship(date(2026, 11, 27), ELECTRICIAN)
    assert outcome(Level.FIVE, "5.2", Facts(apprenticeships=(unfinished,)), edition_name="2018") is NOT_MET
    unnamed = Apprenticeship(date(2026, 1, 1))
    assert outcome(Level.FIVE, "5.2", Facts(apprenticeships=(unnamed,)), edition_name="2018") is NEEDS_PERSON


def test_the_way_of_technician_classes_of_2018_is_a_condition_of_its_own() -> None:
    facts = Facts((worked(2),), schooling=schooling(SchoolKind.TECHNICIAN_CLASS).schooling)
    assert outcome(Level.TWO, "2.2b", facts, edition_name="2018") is MET


def test_one_met_condition_is_enough_and_the_decision_can_be_repeated() -> None:
    decision = judge(Level.THREE, Facts((worked(10),)))
    assert decision.outcome is MET
    assert decision.rule_version == edition("2023").version
    assert (decision.edition, decision.judged_on, decision.level) == ("2023", CLOSING, Level.THREE)
    assert len(decision.findings) == 6
    assert all(reason.zh and reason.en for finding in decision.findings for reason in finding.reasons)


def test_a_decision_says_whether_it_rests_on_promises() -> None:
    verified = WorkPeriod.of_years(10, CLOSING, ELECTRICIAN, Provenance.VERIFIED)
    assert judge(Level.THREE, Facts((worked(10),))).self_declared
    assert not judge(Level.THREE, Facts((verified,))).self_declared
    assert not judge(Level.THREE, Facts((worked(1),))).self_declared


def test_facts_of_after_the_closing_day_do_not_count() -> None:
    facts = Facts((WorkPeriod(date(2026, 12, 1), None, ELECTRICIAN),), (certificate(Level.FIVE, date(2026, 12, 1)),))
    assert judge(Level.FOUR, facts).outcome is NOT_MET
    diploma = schooling(SchoolKind.JUNIOR_COLLEGE).schooling
    tomorrow, today = (
        Facts(certificates=(certificate(Level.FOUR, day),), schooling=diploma) for day in FUTURE_AND_LAST
    )
    assert outcome(Level.THREE, "3.5", tomorrow) is NOT_MET
    assert outcome(Level.THREE, "3.5", today) is MET


@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from(Level))
def test_more_work_never_makes_anybody_less_eligible(years: int, more: int, level: Level) -> None:
    less_work = judge(level, Facts((worked(years),))).outcome
    assert judge(level, Facts((worked(years + more),))).outcome >= less_work


def test_the_edition_in_force_on_the_closing_day_decides() -> None:
    assert edition_in_force(date(2020, 1, 1)).edition == "2018"
    assert edition_in_force(CLOSING).edition == "2023"
    with pytest.raises(Invalid) as refused:
        edition_in_force(date(2000, 1, 1))
    assert refused.value.code == "eligibility-edition-unknown"
    with pytest.raises(Invalid) as refused:
        edition("2015")
    assert refused.value.code == "eligibility-edition-unknown"


def test_the_national_tables_have_all_levels() -> None:
    for table in national_tables():
        assert set(table.levels) == set(Level)


def own_table(**condition: Any) -> str:
    raw = json.loads(packaged_text("eligibility_rules.json"))["editions"][0]
    raw["levels"] = {"4": [{"id": "4.1", "text": "…", **condition}]}
    return json.dumps({"editions": [raw]}, ensure_ascii=False)


def test_a_standard_may_bring_deviating_years() -> None:
    (table,) = load_tables(own_table(prior_level=5, years_after_prior=2))
    facts = Facts((worked(5),), (certificate(Level.FIVE, date(2024, 11, 26)),))

    assert assess(Level.FOUR, Standard(ELECTRICIAN, table), facts, CLOSING, BORN).outcome is MET
    with pytest.raises(Invalid) as refused:
        assess(Level.THREE, Standard(ELECTRICIAN, table), facts, CLOSING, BORN)
    assert refused.value.code == "eligibility-level-missing"


@pytest.mark.parametrize(
    "condition",
    [
        {"years_totl": 5},
        {"education": "博士"},
        {"title": "特级职称"},
        {"years_after_prior": 3},
        {"years_after_title": 3},
        {"major_related": True},
        {},
    ],
)
def test_a_rule_the_engine_does_not_understand_stops_the_table(condition: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"condition 4\.1"):
        load_tables(own_table(**condition))


def test_overlapping_work_counts_once_and_gaps_do_not_count() -> None:
    periods = [
        WorkPeriod(date(2020, 1, 1), date(2022, 1, 1), ELECTRICIAN),
        WorkPeriod(date(2021, 1, 1), date(2023, 1, 1), ELECTRICIAN),
        WorkPeriod(date(2024, 1, 16), date(2024, 3, 1), ELECTRICIAN),
        WorkPeriod(date(2025, 1, 1), date(2025, 1, 17), ELECTRICIAN),
    ]
    assert months_worked(periods, date.min, CLOSING) == 36 + 2
    assert months_worked(periods, date(2022, 1, 1), date(2022, 7, 1)) == 6


@given(st.dates(date(1980, 1, 1), CLOSING), st.integers(0, 40))
def test_promised_years_are_full_years(until: date, years: int) -> None:
    period = WorkPeriod.of_years(years, until, ELECTRICIAN)
    assert months_worked([period], date.min, until) == years * 12
    assert years_after(period.begins, years) <= until
