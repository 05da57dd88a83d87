"""The calendar of one batch: which day each node is due, in working days from the examination.

Practice of one nationally filed body under 人社职司便函〔2020〕17号 [S-]; the numbers stand in `data/rules.json`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from luban.reference.refusal import Invalid
from luban.reference.rules import Rules
from luban.reference.shanghai import shanghai_day
from luban.reference.working_days import Calendar


@dataclass(frozen=True, slots=True)
class PlanDates:
    """The days of a plan, Shanghai calendar, each included."""

    registration_opens: date
    registration_closes: date
    exam_begins: date
    exam_ends: date


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The last day of each node. What follows publicity is counted from its end, not from the exam.

    (The source's D+10 for certificates is before the end of a publicity that starts on D+5.)
    """

    plan_filed: date
    plan_changed: date
    registration_closed: date
    sitting_arranged: date
    papers_ready: date
    marks_entered: date
    publicity_begins: date
    publicity_over: date
    """Last day of the publicity that begins on its deadline."""
    certificates_issued: date
    archive_sealed: date


def deadlines(exam_begins: date, exam_ends: date, calendar: Calendar, rules: Rules, on: date) -> Deadlines:
    """Compute the nodes by the rules in force on `on`, the day the plan is filed.

    Raises `Invalid` calendar-year-missing.
    """

    def before(name: str) -> date:
        return calendar.add_working_days(exam_begins, -rules.value(name, on))

    def after(day: date, name: str) -> date:
        return calendar.add_working_days(day, rules.value(name, on))

    publicity_begins = after(exam_ends, "publicity.start_working_days")
    over = publicity_last_day(publicity_begins, calendar, rules, on)
    return Deadlines(
        plan_filed=before("plan.notice_working_days"),
        plan_changed=before("plan.change_working_days"),
        registration_closed=before("registration.close_working_days"),
        sitting_arranged=before("sitting.arrangement_working_days"),
        papers_ready=before("papers.ready_working_days"),
        marks_entered=after(exam_ends, "marks.entered_working_days"),
        publicity_begins=publicity_begins,
        publicity_over=over,
        certificates_issued=after(over, "certificate.issue_working_days"),
        archive_sealed=after(over, "archive.seal_working_days"),
    )


def publicity_last_day(first_day: date, calendar: Calendar, rules: Rules, on: date) -> date:
    """The last Shanghai day of a publicity that begins on `first_day`. Raises `Invalid` calendar-year-missing."""
    end = calendar.publicity_end(first_day, rules.value("publicity.working_days", on))
    return shanghai_day(end - timedelta(microseconds=1))


def check_plan_dates(dates: PlanDates, filed_on: date, calendar: Calendar, rules: Rules) -> None:
    """Refuse a plan whose days are out of order or too near.

    Raises `Invalid` plan-dates-order, plan-registration-past, plan-notice-too-short, plan-registration-too-late
    or calendar-year-missing.
    """
    _check_order(dates, filed_on)
    _check_not_later(
        filed_on,
        calendar.add_working_days(dates.exam_begins, -rules.value("plan.notice_working_days", filed_on)),
        "plan-notice-too-short",
        zh="计划最迟应于{deadline}前（含当日）申报，申报日为{day}",
        en="the plan had to be filed by {deadline}; it is filed on {day}",
    )
    _check_not_later(
        dates.registration_closes,
        calendar.add_working_days(dates.exam_begins, -rules.value("registration.close_working_days", filed_on)),
        "plan-registration-too-late",
        zh="报名最迟应于{deadline}截止，计划为{day}",
        en="registration has to close by {deadline}; the plan says {day}",
    )


def check_plan_change(exam_begins: date, changed_on: date, calendar: Calendar, rules: Rules) -> None:
    """Refuse a change of a plan's dates or site that comes too late.

    Raises `Invalid` plan-change-too-late or calendar-year-missing.
    """
    _check_not_later(
        changed_on,
        calendar.add_working_days(exam_begins, -rules.value("plan.change_working_days", changed_on)),
        "plan-change-too-late",
        zh="计划变更最迟应于{deadline}提出，提出日为{day}",
        en="the plan could be changed until {deadline}; this is {day}",
    )


def _check_order(dates: PlanDates, filed_on: date) -> None:
    days = (dates.registration_opens, dates.registration_closes, dates.exam_begins, dates.exam_ends)
    if list(days) != sorted(days) or dates.registration_closes == dates.exam_begins:
        raise Invalid(
            "plan-dates-order",
            zh="报名开始、报名截止、考试开始、考试结束的日期应依次先后",
            en="registration opens, registration closes, exam begins, exam ends: the days must follow in this order",
        )
    if dates.registration_opens < filed_on:
        raise Invalid(
            "plan-registration-past",
            zh="报名开始日期早于计划申报日期",
            en="registration would open before the plan is filed",
        )


def _check_not_later(day: date, deadline: date, code: str, *, zh: str, en: str) -> None:
    if day > deadline:
        raise Invalid(code, zh=zh, en=en, day=day.isoformat(), deadline=deadline.isoformat())
