"""Changes that people decide on: the holder's data corrected by proof, paper printed again, appeals."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel import select

from luban.certificate.adapters.register import Why, announce, locked_one, record, standing
from luban.certificate.adapters.tables import Appeal, Certificate
from luban.certificate.adapters.uploading import outdate
from luban.certificate.domain.correction import Holder, corrected_holder
from luban.certificate.domain.holder import id_factor, name_factor
from luban.certificate.domain.register import (
    AppealOutcome,
    Change,
    State,
    require_appeal,
    require_not_withdrawn,
    require_valid,
)
from luban.certificate.handlers.issue import RETENTION_CLASS
from luban.certificate.handlers.read import owned
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import CertificateCorrected, CertificateReinstated, CertificateReissued
from luban.events.v1.common_pb2 import PersonalData
from luban.reference.refusal import Conflict, Forbidden, NotFound
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Principal


@dataclass(frozen=True, slots=True)
class Correction:
    """The command to correct a holder's data; what is None stays."""

    certificate_id: UUID
    name: str | None
    id_type: str | None
    id_no: str | None
    proof_ref: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reissue:
    """The command to print the paper again under the same number."""

    certificate_id: UUID
    print_serial: str
    remark: str
    """What the new paper says, such as 补发."""
    reason: str


@dataclass(frozen=True, slots=True)
class AppealShown:
    """An appeal as the holder and the province see it."""

    appeal_id: UUID
    certificate_id: UUID
    outcome: str | None


@dataclass(frozen=True, slots=True)
class AppealDecision:
    """The command that ends an appeal."""

    appeal_id: UUID
    outcome: AppealOutcome
    reason: str
    decision_ref: str
    decided_on: date | None = None


def correct_holder(uow: UnitOfWork, command: Correction) -> Certificate:
    """Changes name or document by proof. Raises NotFound certificate-unknown, what `corrected_holder` raises, Conflict
    certificate-already-withdrawn; a suspended certificate is corrected like a valid one."""
    certificate = locked_one(uow, command.certificate_id)
    require_not_withdrawn(State(certificate.state))
    at, stood = uow.now(), standing(certificate)
    person = uow.keyring.open_column(certificate.personal, certificate.certificate_id)
    stands = Holder(person.name, person.id_type, person.id_no)
    holder = corrected_holder(stands, command.name, command.id_type, command.id_no, shanghai_day(at))
    person.name, person.id_type, person.id_no = holder.name, holder.id_type, holder.id_no
    keep_holder(uow, certificate, person)
    record(uow, certificate, stood, Change.CORRECTED, at, Why("holder", command.reason, proof_ref=command.proof_ref))
    said = CertificateCorrected(
        certificate_id=str(certificate.certificate_id), candidate_id=str(certificate.candidate_id)
    )
    announce(uow, certificate, said, personal=person)
    outdate(uow, certificate.certificate_id)
    return certificate


def keep_holder(uow: UnitOfWork, certificate: Certificate, person: PersonalData) -> None:
    """Seals the holder's data and keeps what they are found by."""
    ring = uow.keyring
    certificate.personal = ring.seal_column(
        person, RETENTION_CLASS, certificate.issued_on.year, certificate.certificate_id
    )
    certificate.name_hash = ring.lookup_hash(*name_factor(person.name))
    certificate.id_hash = ring.lookup_hash(*id_factor(person.id_type, person.id_no))


def reissue(uow: UnitOfWork, principal: Principal, command: Reissue) -> Certificate:
    """Same number, new print serial, a remark (domain rule 1.3). For the province and the body that issued it.

    Raises NotFound certificate-unknown, Conflict certificate-already-withdrawn, certificate-already-suspended,
    print-serial-taken.
    """
    owned(uow, principal, command.certificate_id)
    certificate = locked_one(uow, command.certificate_id)
    require_valid(State(certificate.state))
    serial = command.print_serial
    if uow.session.exec(select(Certificate.certificate_id).where(Certificate.print_serial == serial)).first():
        raise Conflict("print-serial-taken", zh="该流水码已用于其他证书", en="this print serial is on another paper")
    at, stood = uow.now(), standing(certificate)
    certificate.print_serial = serial
    record(uow, certificate, stood, Change.REISSUED, at, Why(command.remark, command.reason))
    said = CertificateReissued(
        certificate_id=str(certificate.certificate_id),
        candidate_id=str(certificate.candidate_id),
        print_serial=serial,
    )
    announce(uow, certificate, said)
    return certificate


def file_appeal(uow: UnitOfWork, principal: Principal, certificate_id: UUID, statement: str) -> AppealShown:
    """A holder's appeal against the decision to withdraw. Raises NotFound certificate-unknown, what `require_appeal`
    raises, Conflict appeal-filed."""
    owned(uow, principal, certificate_id)
    certificate = locked_one(uow, certificate_id)
    at = uow.now()
    today = shanghai_day(at)
    state, reason = State(certificate.state), certificate.withdrawal_reason
    require_appeal(state, reason, certificate.withdrawn_on, today, rule("withdrawal.appeal_days", today))
    version = _withdrawn_by(uow, certificate_id)
    filed = select(Appeal).where(Appeal.certificate_id == certificate_id, Appeal.version == version)
    if uow.session.exec(filed).first():
        raise Conflict("appeal-filed", zh="已对该决定提出申诉", en="this decision has been appealed already")
    appeal_id = uow.new_id()
    sealed = uow.keyring.seal_content(statement.encode(), RETENTION_CLASS, today.year, appeal_id.bytes)
    uow.session.add(
        Appeal(
            appeal_id=appeal_id,
            certificate_id=certificate_id,
            version=version,
            statement=sealed,
            filed_at=at,
            filed_by=uow.cause.actor,
        )
    )
    record(uow, certificate, standing(certificate), Change.APPEALED, at)
    return AppealShown(appeal_id, certificate_id, None)


def decide_appeal(uow: UnitOfWork, command: AppealDecision) -> AppealShown:
    """Ends an appeal; a granted one lets the certificate count again. Nobody decides on their own decision.

    Raises NotFound appeal-unknown, Conflict appeal-decided, Forbidden appeal-own.
    """
    appeal = uow.session.exec(select(Appeal).where(Appeal.appeal_id == command.appeal_id).with_for_update()).first()
    if appeal is None:
        raise NotFound("appeal-unknown", zh="没有这项申诉", en="there is no such appeal")
    if appeal.outcome is not None:
        raise Conflict("appeal-decided", zh="该申诉已有决定", en="this appeal has been decided already")
    query = "select actor from register_entry where certificate_id = %s and version = %s"
    (withdrawn_by,) = uow.sql(query, (appeal.certificate_id, appeal.version)).fetchone() or ("",)
    if withdrawn_by == uow.cause.actor:
        raise Forbidden("appeal-own", zh="不得由作出原决定的人处理申诉", en="nobody decides on a decision of their own")
    at = uow.now()
    appeal.outcome, appeal.decided_at, appeal.decided_by = command.outcome, at, uow.cause.actor
    uow.session.add(appeal)
    certificate, why = (
        locked_one(uow, appeal.certificate_id),
        Why("appeal", command.reason, command.decision_ref, command.decided_on),
    )
    if command.outcome is AppealOutcome.GRANTED:
        _reinstate(uow, certificate, why)
    else:
        record(uow, certificate, standing(certificate), Change.APPEAL_REJECTED, at, why)
    return AppealShown(appeal.appeal_id, appeal.certificate_id, appeal.outcome)


def _reinstate(uow: UnitOfWork, certificate: Certificate, why: Why) -> None:
    """Raises Conflict certificate-replaced where the result has another certificate meanwhile that is not withdrawn."""
    at, stood = uow.now(), standing(certificate)
    replaced = select(Certificate.certificate_id).where(
        Certificate.result_id == certificate.result_id, Certificate.state != State.WITHDRAWN
    )
    if uow.session.exec(replaced).first():
        raise Conflict(
            "certificate-replaced", zh="该成绩已另有有效证书", en="its result has another certificate by now"
        )
    certificate.state, certificate.withdrawn_on, certificate.withdrawal_reason = State.VALID, None, None
    record(uow, certificate, stood, Change.REINSTATED, at, why)
    said = CertificateReinstated(
        certificate_id=str(certificate.certificate_id),
        candidate_id=str(certificate.candidate_id),
        reinstated_on=shanghai_day(at).isoformat(),
    )
    announce(uow, certificate, said)


def _withdrawn_by(uow: UnitOfWork, certificate_id: UUID) -> int:
    """Version of the entry that withdrew it last."""
    query = "select max(version) from register_entry where certificate_id = %s and change = 'WITHDRAWN'"
    (version,) = uow.sql(query, (certificate_id,)).fetchone() or (0,)
    return int(version)
