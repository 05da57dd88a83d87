"""Results posted by an enterprise, and results drawn up from the subjects' outcomes: two ways to one submission."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.people import KeyedHashes
from luban.exam.adapters.plans import Plan, find_plan
from luban.exam.adapters.roster import accepted_entries, members
from luban.exam.adapters.submissions import ResultsFile, Submission, add_submission, live_submission
from luban.exam.domain.faults import Fault
from luban.exam.domain.posting import Checked, Columns, PostedRow, Scored, check
from luban.exam.handlers.access import require_own_body
from luban.reference.refusal import Conflict
from luban.reference.shanghai import shanghai_day
from luban.reference.track import Track
from luban.webkit.authentication import Principal

Source = Literal["FILE", "JSON", "DRAW_UP"]


@dataclass(frozen=True)
class Counted:
    """What a list holds: people, those who passed, and those of the others who missed a subject."""

    total: int
    passed: int
    absent: int


def open_plan(uow: UnitOfWork, principal: Principal, plan_id: UUID, *tracks: Track) -> Plan:
    """The plan, locked, if results may be submitted for it now.

    Raises Forbidden not-your-plan, Conflict track-otherwise, plan-not-closed, entries-on-their-way,
    assessment-not-begun or submission-exists.
    """
    plan = find_plan(uow, plan_id, lock="for update")
    require_own_body(principal, plan)
    if plan.track not in tracks:
        raise Conflict(
            "track-otherwise",
            zh="该类别的计划不以此方式产生成绩",
            en="results of this track come about in another way",
            track=plan.track.value,
        )
    if plan.state != "CLOSED":
        raise Conflict("plan-not-closed", zh="该计划未截止报名或已取消", en="the plan is not closed, or cancelled")
    if accepted_entries(uow, plan_id) < (plan.entries_at_closing or 0):
        raise Conflict(
            "entries-on-their-way", zh="名单尚未到齐，请稍后再试", en="entries are still arriving; try again"
        )
    if shanghai_day(uow.now()) < plan.exam_from:
        raise Conflict("assessment-not-begun", zh="考核尚未开始", en="the assessment has not begun")
    if live_submission(uow, plan_id) is not None:
        raise Conflict("submission-exists", zh="该计划已有成绩提交", en="results of this plan are already submitted")
    return plan


def check_posted(uow: UnitOfWork, plan: Plan, rows: Iterable[PostedRow], columns: Columns) -> Checked:
    """Looks through a posted list; nothing is changed."""
    return check(rows, columns, members(uow, plan.plan_id), KeyedHashes(uow.keyring))


def submit(
    uow: UnitOfWork,
    principal: Principal,
    plan: Plan,
    scored: Sequence[Scored],
    *,
    source: Source,
    file: ResultsFile | None = None,
) -> Submission:
    """Writes a list that was looked through; it waits for a second person of the body."""
    _require_people(scored)
    return add_submission(uow, plan.plan_id, scored, str(principal.subject), source=source, file=file)


def count(scored: Sequence[Scored]) -> Counted:
    """The counts of a list."""
    return Counted(len(scored), sum(each.passed for each in scored), sum(each.absent for each in scored))


def _require_people(scored: Sequence[Scored]) -> None:
    if not scored:
        raise Conflict("nobody-to-assess", zh="该计划没有考生", en="nobody is on the plan's list")


__all__ = ["Counted", "Fault", "Source", "check_posted", "count", "open_plan", "submit"]
