"""Sittings: when they may be held, who sits where, and when a paper may be started."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from luban.reference.divisions import is_province
from luban.reference.refusal import Conflict, Invalid
from luban.reference.shanghai import shanghai_day
from luban.reference.ticket import Ticket

LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From `starts_at` (included) to `ends_at` (not included), aware."""

    starts_at: datetime
    ends_at: datetime


def require_fitting_time(span: TimeSpan, exam_from: date, exam_to: date, now: datetime) -> None:
    """A sitting lies in the future, within the plan's days in Shanghai.

    Raises `Invalid` sitting-time, sitting-outside-plan.
    """
    if not timedelta(0) < span.ends_at - span.starts_at <= LONGEST or span.starts_at <= now:
        zh, en = "场次应在将来，且不超过12小时", "a sitting lies in the future and lasts up to 12 hours"
        raise Invalid("sitting-time", zh=zh, en=en)
    if shanghai_day(span.starts_at) < exam_from or shanghai_day(span.ends_at) > exam_to:
        raise Invalid(
            "sitting-outside-plan",
            zh="场次应在计划的考试日期内（{exam_from}至{exam_to}）",
            en="a sitting lies within the plan's exam days, {exam_from} to {exam_to}",
            exam_from=exam_from.isoformat(),
            exam_to=exam_to.isoformat(),
        )


def require_room(seats: int, most: int) -> None:
    """Raises `Invalid` sitting-seats beyond `most` places a room (rule sitting.room_candidates)."""
    if not 1 <= seats <= most:
        raise Invalid("sitting-seats", zh="每个考场1至{most}人", en="a room seats 1 to {most} candidates", most=most)


def require_length(span: TimeSpan, minutes: int) -> None:
    """Raises `Invalid` sitting-too-short when the form's time does not fit in."""
    if span.ends_at - span.starts_at < timedelta(minutes=minutes):
        zh, en = "场次短于试卷的{minutes}分钟", "the sitting is shorter than the form's {minutes} minutes"
        raise Invalid("sitting-too-short", zh=zh, en=en, minutes=minutes)


def require_time_to_start(span: TimeSpan, now: datetime, late_minutes: int) -> None:
    """A paper is begun from the start on, up to `late_minutes` after it (rule sitting.late_entry_minutes).

    Raises `Conflict` sitting-not-started, sitting-ended, sitting-late.
    """
    if now < span.starts_at:
        raise Conflict("sitting-not-started", zh="考试尚未开始", en="the sitting has not started")
    if now >= span.ends_at:
        raise sitting_ended()
    if now > span.starts_at + timedelta(minutes=late_minutes):
        zh, en = "开考{minutes}分钟后不得入场", "nobody is let in more than {minutes} minutes after the start"
        raise Conflict("sitting-late", zh=zh, en=en, minutes=late_minutes)


def paper_end(span: TimeSpan, now: datetime, minutes: int) -> datetime:
    """When a paper begun now ends: after the form's time, and with the sitting at the latest."""
    return min(now + timedelta(minutes=minutes), span.ends_at)


def sitting_ended() -> Conflict:
    """The answer to whatever comes after time."""
    return Conflict("sitting-ended", zh="考试时间已结束", en="the time of the sitting is over")


def ticket_number(starts_at: datetime, division: str, site_code: str, sequence: int) -> str:
    """The printed ticket: day in Shanghai, province of the site, site, sequence. Raises `Invalid` ticket-format."""
    province = division[:2] if is_province(division[:2]) else ""
    return str(Ticket(shanghai_day(starts_at), province, site_code, sequence))
