"""Results posted by an enterprise, and results drawn up from the subjects' outcomes: two ways to one submission."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal
from uuid import UUID

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.people import KeyedHashes
from luban.exam.adapters.plans import Plan, find_plan
from luban.exam.adapters.results_sheet import ResultsSheet
from luban.exam.adapters.roster import accepted_entries, members
from luban.exam.adapters.submissions import ResultsFile, add_submission, live_submission
from luban.exam.domain.faults import unknown_subject
from luban.exam.domain.posting import Columns, PostedRow, Scored, check
from luban.exam.handlers.access import require_own_body
from luban.reference.refusal import Conflict
from luban.reference.row_faults import RowFault
from luban.reference.shanghai import shanghai_day
from luban.reference.track import Track
from luban.webkit.authentication import Principal

Source = Literal["FILE", "JSON", "DRAW_UP"]


@dataclass(frozen=True)
class Posted:
    """A list without faults. `absent` counts those of the failed who missed a subject."""

    submission_id: UUID | None
    """None for a dry run."""
    rows: int
    passed: int
    failed: int
    absent: int
    state: str


@dataclass(frozen=True)
class Rejected:
    """A list that changed nothing, with everything wrong with it, and the sheet it came on."""

    faults: Sequence[RowFault]
    sheet: ResultsSheet | None = None


@dataclass(frozen=True)
class SentFile:
    """A file as it was sent."""

    name: str
    content: bytes


@dataclass(frozen=True)
class SentRow:
    """A row of a JSON list: a person by entry or by document number, marks as text by subject code."""

    entry_id: str
    id_no: str
    name: str
    scores: Mapping[str, str]


def post_file(
    uow: UnitOfWork, principal: Principal, plan_id: UUID, sent: SentFile, *, dry_run: bool
) -> Posted | Rejected:
    """Results of an enterprise's plan on its sheet, all or nothing. Raises as `open_plan`, and Invalid sheet-*."""
    plan = open_plan(uow, principal, plan_id, Track.ENTERPRISE)
    sheet = ResultsSheet(sent.content, sent.name, plan)
    checked = check(sheet.rows(), sheet.columns, members(uow, plan_id), KeyedHashes(uow.keyring))
    if checked.faults:
        return Rejected(checked.faults, sheet)
    file = ResultsFile(sha256(sent.content).digest(), sheet.sheet.kind.media_type, sent.content)
    return posted(uow, principal, plan, checked.scored, source="FILE", file=file, dry_run=dry_run)


def post_rows(
    uow: UnitOfWork, principal: Principal, plan_id: UUID, sent: Sequence[SentRow], *, dry_run: bool
) -> Posted | Rejected:
    """Results of an enterprise's plan as rows, all or nothing. Raises as `open_plan`."""
    plan = open_plan(uow, principal, plan_id, Track.ENTERPRISE)
    columns = Columns("entry_id", "name", {code: f"scores.{code}" for code in plan.subject_codes})
    rows = [_row(number, row, plan.subject_codes) for number, row in enumerate(sent, 1)]
    checked = check(rows, columns, members(uow, plan_id), KeyedHashes(uow.keyring))
    found = [*_unknown_subjects(sent, plan.subject_codes), *checked.faults]
    if found:
        return Rejected(found)
    return posted(uow, principal, plan, checked.scored, source="JSON", dry_run=dry_run)


def open_plan(uow: UnitOfWork, principal: Principal, plan_id: UUID, *tracks: Track) -> Plan:
    """The plan, locked, if results may be submitted for it now.

    Raises Forbidden not-your-plan, Conflict track-otherwise, plan-not-closed, entries-on-their-way,
    assessment-not-begun or submission-exists.
    """
    plan = find_plan(uow, plan_id, lock="for no key update")
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


def posted(
    uow: UnitOfWork,
    principal: Principal,
    plan: Plan,
    scored: Sequence[Scored],
    *,
    source: Source,
    file: ResultsFile | None = None,
    dry_run: bool = False,
) -> Posted:
    """Writes a list without faults, which then waits for a second person of the body; a dry run only counts.

    Raises Conflict nobody-to-assess.
    """
    if not scored:
        raise Conflict("nobody-to-assess", zh="该计划没有考生", en="nobody is on the plan's list")
    if dry_run:
        passed = sum(each.passed for each in scored)
        absent = sum(each.absent for each in scored)
        return Posted(None, len(scored), passed, len(scored) - passed, absent, "DRY_RUN")
    made = add_submission(uow, plan.plan_id, scored, str(principal.subject), source=source, file=file)
    return Posted(made.submission_id, made.total, made.passed, made.total - made.passed, made.absent, made.state)


def _row(number: int, row: SentRow, codes: Sequence[str]) -> PostedRow:
    marks = [row.scores.get(code, "").strip() for code in codes]
    return PostedRow(number, row.entry_id, row.name.strip(), None, row.id_no, marks)


def _unknown_subjects(sent: Sequence[SentRow], codes: Sequence[str]) -> list[RowFault]:
    """The subject's name is the sender's own text, so only its place is told."""
    return [
        unknown_subject(number, "scores") for number, row in enumerate(sent, 1) if not row.scores.keys() <= set(codes)
    ]
