"""What a second person of the body does with a submission: confirm it, so that publicity starts, or discard it."""

from datetime import datetime
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.plans import Plan, find_plan
from luban.exam.adapters.submissions import Submission, discard, find_submission, publicise, submissions_of
from luban.exam.handlers.access import require_overseer, require_own_body
from luban.reference.refusal import Conflict
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.reference.working_days import national_calendar
from luban.webkit.authentication import Principal

END_PUBLICITY = "end-publicity"


def confirm_submission(uow: UnitOfWork, principal: Principal, submission_id: UUID) -> datetime:
    """Starts publicity; when it ends, aware UTC.

    Raises NotFound, Forbidden not-your-plan, Conflict same-person, submission-settled or plan-cancelled, Invalid
    calendar-year-missing.
    """
    plan, submission = _locked(uow, principal, submission_id)
    if submission.submitted_by == str(principal.subject):
        raise Conflict(
            "same-person",
            zh="成绩须由另一人确认",
            en="results are confirmed by another person than the one who submitted them",
        )
    if plan.state == "CANCELLED":
        raise Conflict("plan-cancelled", zh="该计划已取消", en="the plan was cancelled")
    now = uow.now()
    ends_at = publicity_end(now)
    publicise(uow, submission, str(principal.subject), now, ends_at)
    uow.set_timer(END_PUBLICITY, plan.plan_id, ends_at)
    return ends_at


def discard_submission(uow: UnitOfWork, principal: Principal, submission_id: UUID) -> Submission:
    """Takes back a submission that nobody confirmed. Raises as `confirm_submission`."""
    _, submission = _locked(uow, principal, submission_id)
    discard(uow, submission.submission_id, str(principal.subject), uow.now())
    return find_submission(uow, submission_id)


def list_submissions(uow: UnitOfWork, principal: Principal, plan_id: UUID) -> list[Submission]:
    """A plan's submissions, the latest first, for its body and those who oversee it."""
    require_overseer(principal, find_plan(uow, plan_id))
    return submissions_of(uow, plan_id)


def publicity_end(now: datetime) -> datetime:
    """When publicity that starts now is over, by the rule and calendar in force; the first day is not counted."""
    first_day = shanghai_day(now)
    return national_calendar().publicity_end(first_day, rule("publicity.working_days", first_day))


def _locked(uow: UnitOfWork, principal: Principal, submission_id: UUID) -> tuple[Plan, Submission]:
    """The plan before its submission, as every writer of results locks them."""
    plan = find_plan(uow, find_submission(uow, submission_id).plan_id, lock="for no key update")
    require_own_body(principal, plan)
    submission = find_submission(uow, submission_id, lock="for update")
    if submission.state != "AWAITING_CONFIRMATION":
        raise Conflict("submission-settled", zh="该成绩提交已确认或已作废", en="already confirmed or discarded")
    return plan, submission
