"""Bodies and plans: which states lead where, what a change may touch."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from luban.reference.batch_calendar import PlanDates
from luban.reference.levels import Level
from luban.reference.refusal import Conflict, Invalid
from luban.reference.rules import national_rules
from luban.reference.track import Track
from luban.reference.working_days import national_calendar
from luban.registration.domain.body import Body, BodyClass, BodyStatus, ScopeItem, check_filing
from luban.registration.domain.plan import Plan, PlanState, check_change, check_publication
from luban.registration.domain.scheme import (
    REVIEW,
    SKILL,
    THEORY,
    ProjectScheme,
    Subject,
    chosen_subjects,
    default_subjects,
)
from tests.unit.registration.samples import ELECTRICIAN, ID, TODAY, body, plan, scheme

BEFORE_OPENING = datetime(2026, 11, 22, 15, 59, tzinfo=UTC)
IN_REGISTRATION = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
CLOSING = datetime(2026, 11, 30, 16, tzinfo=UTC)
EXAM = datetime(2026, 12, 18, 16, tzinfo=UTC)
PROJECT = ProjectScheme(ID, "SD-1", "剪纸", 1)


def change(old: Plan, new: Plan, on: date = TODAY) -> None:
    check_change(old, new, body(), on, national_calendar(), national_rules())


@pytest.mark.parametrize(
    ("status", "attempt", "becomes"),
    [
        (BodyStatus.ACTIVE, Body.suspend, BodyStatus.SUSPENDED),
        (BodyStatus.ACTIVE, Body.resume, None),
        (BodyStatus.ACTIVE, Body.withdraw, BodyStatus.WITHDRAWN),
        (BodyStatus.SUSPENDED, Body.suspend, None),
        (BodyStatus.SUSPENDED, Body.resume, BodyStatus.ACTIVE),
        (BodyStatus.SUSPENDED, Body.withdraw, BodyStatus.WITHDRAWN),
        (BodyStatus.WITHDRAWN, Body.suspend, None),
        (BodyStatus.WITHDRAWN, Body.resume, None),
        (BodyStatus.WITHDRAWN, Body.withdraw, None),
    ],
)
def test_where_each_state_of_a_body_leads(
    status: BodyStatus, attempt: Callable[[Body], Body], becomes: BodyStatus | None
) -> None:
    if becomes:
        assert attempt(body(status=status)).status is becomes
        return
    with pytest.raises(Conflict, match="body-state") as refusal:
        attempt(body(status=status))
    assert refusal.value.params == {"state": status.value, "attempt": attempt.__name__}


def test_a_scope_without_a_trade_covers_all_trades_and_one_with_covers_that_one() -> None:
    whole = ScopeItem(ELECTRICIAN, "", frozenset({Level.THREE}))
    one = ScopeItem(ELECTRICIAN, "变电", frozenset({Level.THREE}))
    assert whole.covers(scheme(trade="变电"))
    assert one.covers(scheme(trade="变电"))
    assert not one.covers(scheme())
    assert not whole.covers(scheme(level=Level.TWO))


def test_a_filing_agrees_with_itself() -> None:
    check_filing(body())
    with pytest.raises(Invalid, match="body-code-class"):
        check_filing(body(body_class=BodyClass.EMPLOYER))
    with pytest.raises(Invalid, match="body-validity"):
        check_filing(body(valid_to=date(2024, 1, 1)))


def test_an_employer_may_assess_a_licensed_occupation_and_a_social_organisation_not() -> None:
    guard = (ScopeItem("4-07-05-01", "", frozenset({Level.FIVE})),)
    check_filing(body(body_class=BodyClass.EMPLOYER, code="Y000037000072", scope=guard))
    with pytest.raises(Invalid, match="occupation-licensed"):
        check_filing(body(scope=guard))


def test_subjects_by_default() -> None:
    assert default_subjects(scheme(level=Level.THREE)) == (THEORY, SKILL)
    assert default_subjects(scheme(level=Level.TWO)) == (THEORY, SKILL, REVIEW)
    assert default_subjects(scheme(level=Level.ONE)) == (THEORY, SKILL, REVIEW)
    assert default_subjects(PROJECT) == (SKILL,)


def test_only_an_enterprise_chooses_subjects() -> None:
    own = [Subject("WORK", "工作业绩")]
    assert chosen_subjects(Track.ENTERPRISE, scheme(), own) == tuple(own)
    assert chosen_subjects(Track.SOCIAL, scheme(), [THEORY, SKILL]) == (THEORY, SKILL)
    with pytest.raises(Invalid, match="subjects-fixed"):
        chosen_subjects(Track.SOCIAL, scheme(), own)
    for wrong, code in (([], "subjects-count"), ([Subject("work", "x")], "subject-code")):
        with pytest.raises(Invalid, match=code):
            chosen_subjects(Track.ENTERPRISE, scheme(), wrong)


def test_a_sound_plan_is_published() -> None:
    check_publication(plan(), body(), national_calendar(), national_rules())


def test_a_suspended_body_publishes_nothing() -> None:
    with pytest.raises(Conflict, match="body-not-active"):
        check_publication(plan(), body(status=BodyStatus.SUSPENDED), national_calendar(), national_rules())


def test_an_entry_is_taken_between_the_first_and_the_last_midnight() -> None:
    plan().require_taking_entries(IN_REGISTRATION)
    for moment, code in ((BEFORE_OPENING, "registration-not-open"), (CLOSING, "registration-closed")):
        with pytest.raises(Conflict, match=code):
            plan().require_taking_entries(moment)
    for state, code in ((PlanState.CLOSED, "registration-closed"), (PlanState.CANCELLED, "plan-state")):
        with pytest.raises(Conflict, match=code):
            plan(state=state).require_taking_entries(IN_REGISTRATION)


def test_entries_are_decided_until_the_exam_and_withdrawn_until_registration_closes() -> None:
    plan(state=PlanState.CLOSED).require_decisions(CLOSING)
    with pytest.raises(Conflict, match="decision-too-late"):
        plan(state=PlanState.CLOSED).require_decisions(EXAM)
    plan().require_withdrawals(IN_REGISTRATION)
    with pytest.raises(Conflict, match="registration-closed"):
        plan().require_withdrawals(CLOSING)


def test_a_plan_closes_at_its_midnight_and_only_once() -> None:
    assert plan().close(IN_REGISTRATION) is None
    closed = plan().close(CLOSING)
    assert closed is not None
    assert closed.state is PlanState.CLOSED
    assert closed.close(CLOSING) is None
    assert plan(state=PlanState.CANCELLED).close(CLOSING) is None


def test_a_plan_is_called_off_before_its_exam_begins() -> None:
    assert plan().cancel(CLOSING).state is PlanState.CANCELLED
    with pytest.raises(Conflict, match="plan-exam-begun"):
        plan(state=PlanState.CLOSED).cancel(EXAM)
    with pytest.raises(Conflict, match="plan-state"):
        plan(state=PlanState.CANCELLED).cancel(CLOSING)


def test_the_first_accepted_entry_freezes_scheme_and_subjects_only() -> None:
    frozen = plan(frozen=True, accepted=1, taken=1)
    for new in (replace(frozen, scheme=scheme(level=Level.FOUR)), replace(frozen, subjects=(SKILL,))):
        with pytest.raises(Conflict, match="plan-frozen"):
            change(frozen, new)
    change(frozen, replace(frozen, site_name="二号考点", capacity=1))
    with pytest.raises(Conflict, match="plan-capacity-taken"):
        change(replace(frozen, taken=2), replace(frozen, capacity=1))


def test_days_of_registration_and_places_stay_once_it_is_over() -> None:
    closed = plan(state=PlanState.CLOSED)
    with pytest.raises(Conflict, match="plan-closed-for-change"):
        change(closed, replace(closed, capacity=20))
    later = replace(closed.dates, registration_closes=date(2026, 12, 1))
    with pytest.raises(Conflict, match="plan-closed-for-change"):
        change(closed, replace(closed, dates=later))
    change(closed, replace(closed, site_name="二号考点"))


def test_a_change_keeps_the_notice_of_the_old_day_and_the_new() -> None:
    on = date(2026, 12, 8)
    with pytest.raises(Invalid, match="plan-change-too-late"):
        change(plan(), plan(site_name="二号考点"), on)
    near = PlanDates(TODAY, date(2026, 11, 24), date(2026, 12, 4), date(2026, 12, 4))
    with pytest.raises(Invalid, match="plan-change-too-late"):
        change(plan(), plan(dates=near))
    beyond = PlanDates(TODAY, date(2026, 11, 30), date(2028, 1, 8), date(2028, 1, 8))
    with pytest.raises(Invalid, match=r"calendar-year-missing|body-not-valid"):
        change(plan(), plan(dates=beyond))
    with pytest.raises(Conflict, match="plan-state"):
        change(plan(state=PlanState.CANCELLED), plan(capacity=11))
