"""Batches for the national register: made, exported, answered; where each certificate stands."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from luban.certificate.adapters import uploading
from luban.certificate.adapters.register import announce, locked
from luban.certificate.domain.upload import (
    ANSWER_COLUMNS,
    ANSWER_OPTIONAL,
    HEADING,
    NO_TRADE,
    OTHER_EMPLOYER,
    Answer,
    UploadState,
    add_months,
    document_code,
    read_answers,
    subsidy_warning,
)
from luban.certificate.handlers.read import owned
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import CertificateRegistered
from luban.reference.identity import IdType
from luban.reference.refusal import Conflict, NotFound
from luban.reference.row_faults import RowFault, RowsRefused
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.reference.track import Track
from luban.webkit.access_log import record_access
from luban.webkit.authentication import Principal
from luban.webkit.paging import Page, PageRequest
from luban.webkit.sheets import SheetKind, SheetLimits, read_sheet, write_sheet
from luban.webkit.uploads import Upload

MOST = 5_000
"""Certificates of one batch."""
LIMITS = SheetLimits(file_bytes=4_000_000, rows=MOST)


@dataclass(frozen=True, slots=True)
class BatchShown:
    """A batch and what became of its rows."""

    batch_id: UUID
    batch_no: str
    body_id: UUID
    body_name: str
    certificates: int
    sent: int
    refused: int
    registered: int
    outdated: int


@dataclass(frozen=True, slots=True)
class BodyUploads:
    """Where a body's certificates stand."""

    body_id: UUID
    body_name: str
    waiting: int
    sent: int
    refused: int
    registered: int
    subsidy_ends_soon: int
    """Not registered, and the months of the subsidy are nearly over or over."""


@dataclass(frozen=True, slots=True)
class UploadShown:
    """Where one certificate stands on its way to the national register."""

    state: UploadState
    batch_no: str | None
    sent_on: date | None
    reason: str | None
    registered_on: date | None
    subsidy_ends_on: date
    subsidy_warning: str | None
    """ENDS_SOON or ENDED: a subsidy is applied for within so many months of the day of issue."""


def make_batch(uow: UnitOfWork, batch_no: str, body_id: UUID, most: int) -> BatchShown:
    """Takes the body's certificates that wait, the oldest first. Raises Conflict batch-no-taken, upload-nothing."""
    if uow.sql("select from upload_batch where batch_no = %s", (batch_no,)).fetchone() is not None:
        raise Conflict("batch-no-taken", zh="该批次号已使用", en="this batch number was used before")
    taken = uow.sql(uploading.WAITING, (body_id, most)).fetchall()
    if not taken:
        raise Conflict("upload-nothing", zh="该机构没有待上报的证书", en="nothing of this body waits")
    batch_id = uow.new_id()
    uow.sql(
        "insert into upload_batch (batch_id, batch_no, body_id, body_name, certificates, made_by, made_at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (batch_id, batch_no, body_id, taken[0][1], len(taken), uow.cause.actor, uow.now()),
    )
    uploading.put_in(uow, batch_id, [certificate_id for certificate_id, _ in taken])
    return show_batch(uow, batch_id)


def export_batch(uow: UnitOfWork, principal: Principal, batch_id: UUID, kind: SheetKind) -> bytes:
    """The sheet of eleven columns, ID numbers in full; whose they are is recorded. Raises NotFound batch-unknown."""
    show_batch(uow, batch_id)
    found = uow.sql(uploading.ROWS, (batch_id,)).fetchall()
    record_access(uow, principal, [row[2] for row in found], "certificate", f"national upload {batch_id}")
    rows = []
    for certificate_id, sealed, _, track, occupation, trade, level, number, issued_on, body_name in found:
        holder = uow.keyring.open_column(sealed, certificate_id)
        employer = body_name if track == Track.ENTERPRISE else OTHER_EMPLOYER
        document = document_code(IdType(holder.id_type))
        person = (holder.name, document, holder.id_no, employer)
        rows.append(
            (*person, occupation, trade or NO_TRADE, str(level), number, issued_on.isoformat(), body_name, body_name)
        )
    return write_sheet(kind, [HEADING, *rows])


def take_answer(uow: UnitOfWork, batch_id: UUID, file: Upload) -> BatchShown:
    """Takes the national register's answer, all of it or nothing; rows it does not name stay sent. An answer about what
    was corrected meanwhile is passed over.

    Raises NotFound batch-unknown, `Invalid` sheet-*, `RowsRefused` answer-rows-refused.
    """
    show_batch(uow, batch_id)
    at = uow.now()
    sheet = read_sheet(file.content, file.name, LIMITS)
    records = [(record.number, record.values) for record in sheet.records(ANSWER_COLUMNS, ANSWER_OPTIONAL)]
    answers, faults = read_answers(records, shanghai_day(at))
    rows = {number: rest for number, *rest in uow.sql(uploading.LOCKED, (batch_id,)).fetchall()}
    faults += _foreign(answers, set(rows))
    if faults:
        zh, en = "回执有{count}处错误，未处理", "the answer has {count} faults, and nothing was taken"
        raise RowsRefused("answer-rows-refused", zh=zh, en=en, faults=faults)
    open_ = [answer for answer in answers if rows[answer.certificate_no][1] == UploadState.SENT]
    if open_:
        settled = [
            (rows[each.certificate_no][0], _state(each).value, each.reason, each.registered_on) for each in open_
        ]
        uploading.settle(uow, batch_id, at, settled)
        _say_registered(uow, {rows[each.certificate_no][2]: each.registered_on for each in open_ if each.registered_on})
    return show_batch(uow, batch_id)


def show_batch(uow: UnitOfWork, batch_id: UUID) -> BatchShown:
    """Raises NotFound batch-unknown."""
    query = "select batch_id, batch_no, body_id, body_name, certificates from upload_batch where batch_id = %s"
    row = uow.sql(query, (batch_id,)).fetchone()
    if row is None:
        raise NotFound("batch-unknown", zh="没有这个上报批次", en="there is no such batch")
    states = dict(
        uow.sql("select state, count(*) from upload_row where batch_id = %s group by 1", (batch_id,)).fetchall()
    )
    counts = [states.get(state, 0) for state in ("SENT", "REFUSED", "REGISTERED", "OUTDATED")]
    return BatchShown(*row, *counts)


def list_bodies(uow: UnitOfWork, paging: PageRequest) -> Page[BodyUploads]:
    """Where the certificates of each body stand."""
    today = shanghai_day(uow.now())
    after = paging.after(UUID)
    months, days = rule("subsidy.months", today), rule("subsidy.warning_days", today)
    soon = add_months(date.fromordinal(today.toordinal() + days), -months)
    rows = uow.sql(uploading.BY_BODY, {"after": after and after[0], "soon": soon, "limit": paging.fetch}).fetchall()
    return paging.page(rows, key=lambda row: (row[0],), item=lambda row: BodyUploads(*row))


def show_upload(uow: UnitOfWork, principal: Principal, certificate_id: UUID) -> UploadShown:
    """Raises NotFound certificate-unknown, also for one of somebody else."""
    certificate = owned(uow, principal, certificate_id)
    today = shanghai_day(uow.now())
    ends_on = add_months(certificate.issued_on, rule("subsidy.months", today))
    warning = subsidy_warning(ends_on, today, rule("subsidy.warning_days", today))
    newest = uow.sql(uploading.NEWEST, (certificate_id,)).fetchone()
    if newest is None or newest[0] == "OUTDATED":
        return UploadShown(UploadState.WAITING, None, None, None, None, ends_on, warning)
    state, batch_no, made_at, reason, registered_on = newest
    return UploadShown(UploadState(state), batch_no, shanghai_day(made_at), reason, registered_on, ends_on, warning)


def _state(answer: Answer) -> UploadState:
    return UploadState.REGISTERED if answer.registered_on else UploadState.REFUSED


def _foreign(answers: list[Answer], ours: set[str]) -> list[RowFault]:
    faults, seen = [], set[str]()
    for answer in answers:
        if answer.certificate_no not in ours or answer.certificate_no in seen:
            zh, en = "证书编号不在本批次或重复", "this number is not in the batch, or stands twice"
            faults.append(RowFault(answer.row, "证书编号", "answer-number", zh, en))
        seen.add(answer.certificate_no)
    return faults


def _say_registered(uow: UnitOfWork, days: dict[UUID, date]) -> None:
    for certificate in locked(uow, list(days)):
        said = CertificateRegistered(
            certificate_id=str(certificate.certificate_id),
            candidate_id=str(certificate.candidate_id),
            registered_on=days[certificate.certificate_id].isoformat(),
        )
        announce(uow, certificate, said)
