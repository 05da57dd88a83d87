"""Withdraws a certificate: by a decision of the province, or because its result is no pass any more."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from luban.certificate.adapters.register import locked, no_such_certificate, record
from luban.certificate.adapters.tables import Certificate
from luban.certificate.domain.register import Change, State, WithdrawalReason, decide_withdrawal
from luban.eventkit.envelope import Received
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import CertificateWithdrawn
from luban.events.v1.exam_pb2 import ResultCorrected
from luban.reference.shanghai import shanghai_day
from luban.reference.track import Track


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The command of a person."""

    certificate_id: UUID
    reason_code: str
    reason: str
    decision_ref: str


def withdraw_by_decision(uow: UnitOfWork, command: Withdrawal) -> Certificate:
    """Raises NotFound certificate-unknown, and what `decide_withdrawal` raises."""
    found = locked(uow, [command.certificate_id])
    if not found:
        raise no_such_certificate()
    certificate = found[0]
    decision = decide_withdrawal(State(certificate.state), command.reason_code, command.reason, command.decision_ref)
    at = uow.now()
    withdraw(uow, certificate, decision.reason, at)
    record(
        uow,
        certificate,
        Change.WITHDRAWN,
        at,
        reason_code=decision.reason,
        reason=decision.statement,
        decision_ref=decision.reference,
    )
    return certificate


def withdraw(
    uow: UnitOfWork,
    certificate: Certificate,
    reason: WithdrawalReason,
    at: datetime,
    because: Received[ResultCorrected] | None = None,
) -> None:
    """Ends a valid certificate that this transaction has locked, on the Shanghai day of `at`, and says so."""
    certificate.state = State.WITHDRAWN
    certificate.withdrawn_on = shanghai_day(at)
    certificate.withdrawal_reason = reason
    uow.emit(
        CertificateWithdrawn(
            certificate_id=str(certificate.certificate_id),
            candidate_id=str(certificate.candidate_id),
            reason_code=reason,
            withdrawn_on=certificate.withdrawn_on.isoformat(),
        ),
        aggregate_id=certificate.certificate_id,
        key=certificate.candidate_id,
        track=Track(certificate.track),
        because=because,
    )
