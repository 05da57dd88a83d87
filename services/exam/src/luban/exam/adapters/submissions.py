"""Submissions of results, the files they came in, and the rows they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from luban.eventkit.uow import UnitOfWork
from luban.exam.adapters.scores import StoredTexts
from luban.exam.domain.posting import Scored
from luban.reference.refusal import NotFound
from luban.reference.shanghai import shanghai_day

COLUMNS = (
    "submission_id, plan_id, state, source, total, passed, absent, submitted_by, submitted_at, confirmed_by,"
    " confirmed_at, discarded_by, discarded_at"
)
ADD = """
insert into submission (submission_id, plan_id, state, source, file_sha256, total, passed, absent, submitted_by,
                        submitted_at)
values (%s, %s, 'AWAITING_CONFIRMATION', %s, %s, %s, %s, %s, %s, %s)
"""
COPY_RESULTS = """
copy result (result_id, plan_id, submission_id, entry_id, candidate_id, publicity_no, passed, scores, state)
from stdin
"""


@dataclass(frozen=True)
class Submission:
    """One list of results of a plan."""

    submission_id: UUID
    plan_id: UUID
    state: str
    source: str
    total: int
    passed: int
    absent: int
    submitted_by: str
    submitted_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    discarded_by: str | None
    discarded_at: datetime | None


@dataclass(frozen=True)
class ResultsFile:
    """A file of results as it was sent."""

    sha256: bytes
    media_type: str
    content: bytes


def find_submission(uow: UnitOfWork, submission_id: UUID, *, lock: str = "") -> Submission:
    """The submission; `lock` is "" or "for update". Raises NotFound submission-unknown."""
    found = _select(uow, f"submission_id = %s {lock}", submission_id)
    if not found:
        raise NotFound("submission-unknown", zh="没有这份成绩提交", en="there is no such submission")
    return found[0]


def submissions_of(uow: UnitOfWork, plan_id: UUID) -> list[Submission]:
    """A plan's submissions, discarded ones too, the latest first."""
    return _select(uow, "plan_id = %s order by submission_id desc limit 100", plan_id)


def live_submission(uow: UnitOfWork, plan_id: UUID) -> Submission | None:
    """The plan's submission that was not discarded."""
    return next(iter(_select(uow, "plan_id = %s and state <> 'DISCARDED'", plan_id)), None)


def add_submission(
    uow: UnitOfWork, plan_id: UUID, scored: Sequence[Scored], by: str, *, source: str, file: ResultsFile | None = None
) -> Submission:
    """Writes a submission with its results, numbered for publicity in the given order."""
    submission_id, now = uow.new_id(), uow.now()
    passes = [each.passed for each in scored]
    absent = sum(each.absent for each in scored)
    if file is not None:
        _keep_file(uow, file, now)
    uow.sql(
        ADD,
        (submission_id, plan_id, source, file and file.sha256, len(scored), sum(passes), absent, by, now),
    )
    _copy(uow, submission_id, plan_id, scored, passes)
    return find_submission(uow, submission_id)


def discard(uow: UnitOfWork, submission_id: UUID, by: str, now: datetime) -> None:
    """Takes a submission and its results back; that it was there stays written."""
    uow.sql("delete from result where submission_id = %s", (submission_id,))
    uow.sql(
        "update submission set state = 'DISCARDED', discarded_by = %s, discarded_at = %s where submission_id = %s",
        (by, now, submission_id),
    )


def publicise(uow: UnitOfWork, submission: Submission, by: str, now: datetime, ends_at: datetime) -> None:
    """Confirms the submission and puts its results on public show until `ends_at`."""
    uow.sql(
        "update submission set state = 'CONFIRMED', confirmed_by = %s, confirmed_at = %s where submission_id = %s",
        (by, now, submission.submission_id),
    )
    uow.sql(
        "insert into publicity (plan_id, submission_id, starts_on, ends_at) values (%s, %s, %s, %s)",
        (submission.plan_id, submission.submission_id, shanghai_day(now), ends_at),
    )
    uow.sql(
        "update result set state = 'PUBLICISED', publicity_ends_at = %s where plan_id = %s and submission_id = %s",
        (ends_at, submission.plan_id, submission.submission_id),
    )


def _select(uow: UnitOfWork, condition: str, value: UUID) -> list[Submission]:
    cursor = uow.connection.cursor(row_factory=class_row(Submission))
    return cursor.execute(f"select {COLUMNS} from submission where {condition}", (value,)).fetchall()  # noqa: S608  # constants only


def _copy(
    uow: UnitOfWork, submission_id: UUID, plan_id: UUID, scored: Sequence[Scored], passes: Sequence[bool]
) -> None:
    new_id, text_of = uow.new_id, StoredTexts().of
    with uow.connection.cursor().copy(COPY_RESULTS) as copy:
        for number, (each, passed) in enumerate(zip(scored, passes, strict=True), 1):
            member = each.member
            row: tuple[Any, ...] = (
                new_id(),
                plan_id,
                submission_id,
                member.entry_id,
                member.candidate_id,
                number,
                passed,
                text_of(each.outcomes),
                "AWAITING_CONFIRMATION",
            )
            copy.write_row(row)


def _keep_file(uow: UnitOfWork, file: ResultsFile, now: datetime) -> None:
    """Sealed, because it names people; the same bytes are kept once."""
    key_id = uow.keyring.key_id("candidate", shanghai_day(now).year)
    nonce, sealed = uow.keyring.seal_bytes(file.content, key_id, file.sha256)
    uow.sql(
        "insert into result_file (sha256, media_type, size, key_id, nonce, sealed, kept_at)"
        " values (%s, %s, %s, %s, %s, %b, %s) on conflict (sha256) do nothing",
        (file.sha256, file.media_type, len(file.content), key_id, nonce, sealed, now),
    )
