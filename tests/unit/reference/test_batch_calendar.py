from dataclasses import replace
from datetime import date

import pytest

from luban.reference.batch_calendar import PlanDates, check_plan_change, check_plan_dates, deadlines, publicity_last_day
from luban.reference.refusal import Invalid
from luban.reference.rules import Rules, national_rules, national_rules_json, rule
from luban.reference.working_days import national_calendar

CALENDAR = national_calendar()
RULES = national_rules()
FILED = date(2026, 11, 23)
DATES = PlanDates(FILED, date(2026, 11, 26), date(2026, 12, 7), date(2026, 12, 8))


def refusal(dates: PlanDates, filed_on: date = FILED) -> Invalid:
    with pytest.raises(Invalid) as refused:
        check_plan_dates(dates, filed_on, CALENDAR, RULES)
    return refused.value


def test_a_plan_filed_ten_working_days_before_the_exam_is_in_time() -> None:
    check_plan_dates(DATES, FILED, CALENDAR, RULES)


def test_one_day_later_is_too_short_a_notice() -> None:
    filed_on = date(2026, 11, 24)
    refused = refusal(replace(DATES, registration_opens=filed_on), filed_on)
    assert refused.code == "plan-notice-too-short"
    assert refused.params == {"day": "2026-11-24", "deadline": "2026-11-23"}


def test_registration_has_to_close_seven_working_days_before_the_exam() -> None:
    assert refusal(replace(DATES, registration_closes=date(2026, 11, 27))).code == "plan-registration-too-late"


@pytest.mark.parametrize(
    "dates",
    [
        replace(DATES, registration_opens=date(2026, 11, 27)),
        replace(DATES, exam_ends=date(2026, 12, 6)),
        replace(DATES, registration_closes=date(2026, 12, 7)),
        replace(DATES, exam_begins=date(2026, 11, 25)),
    ],
)
def test_days_out_of_order_are_refused(dates: PlanDates) -> None:
    assert refusal(dates).code == "plan-dates-order"


def test_registration_does_not_open_before_the_plan_is_filed() -> None:
    assert refusal(replace(DATES, registration_opens=date(2026, 11, 20))).code == "plan-registration-past"


def test_a_day_before_the_first_rule_is_a_mistake_of_the_program() -> None:
    early = PlanDates(date(2019, 12, 2), date(2019, 12, 3), date(2020, 1, 6), date(2020, 1, 6))
    with pytest.raises(LookupError):
        check_plan_dates(early, date(2019, 12, 1), CALENDAR, RULES)


def test_a_change_is_in_time_until_ten_working_days_before_the_exam() -> None:
    check_plan_change(DATES.exam_begins, FILED, CALENDAR, RULES)
    with pytest.raises(Invalid) as refused:
        check_plan_change(DATES.exam_begins, date(2026, 11, 24), CALENDAR, RULES)
    assert refused.value.code == "plan-change-too-late"


def test_the_nodes_of_a_batch_follow_from_the_exam_and_the_end_of_publicity() -> None:
    nodes = deadlines(DATES.exam_begins, DATES.exam_ends, CALENDAR, RULES, FILED)

    assert nodes.plan_filed == FILED
    assert nodes.registration_closed == date(2026, 11, 26)
    assert nodes.sitting_arranged == nodes.papers_ready == date(2026, 11, 30)
    assert nodes.marks_entered == date(2026, 12, 11)
    assert nodes.publicity_begins == date(2026, 12, 15)
    assert nodes.publicity_over == date(2026, 12, 22) == publicity_last_day(date(2026, 12, 15), CALENDAR, RULES, FILED)
    assert nodes.certificates_issued == nodes.archive_sealed == date(2026, 12, 29)


def test_nodes_that_reach_into_an_unknown_year_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        deadlines(date(2026, 12, 28), date(2026, 12, 28), CALENDAR, RULES, FILED)
    assert refused.value.code == "calendar-year-missing"


def test_a_new_number_holds_from_its_day_on() -> None:
    new = (
        '{"rules": [{"name": "plan.notice_working_days", "value": 15, "unit": "days",'
        ' "effective_from": "2027-01-01", "mark": "S", "source": "a new notice"}]}'
    )
    rules = Rules.from_json(national_rules_json(), new)

    assert rules.value("plan.notice_working_days", date(2026, 12, 31)) == 10
    assert rules.value("plan.notice_working_days", date(2027, 1, 1)) == 15


def test_every_packaged_rule_says_how_sure_it_is_and_where_it_comes_from() -> None:
    assert rule("publicity.working_days", FILED) == 5
    for found in (RULES.rule(name, FILED) for name in RULES.names()):
        assert found.mark in {"S", "S-", "K", "G"}
        assert found.unit
        assert found.source


def test_an_unknown_rule_is_a_mistake_of_the_program() -> None:
    with pytest.raises(LookupError, match="no rule"):
        rule("plan.notice", FILED)
