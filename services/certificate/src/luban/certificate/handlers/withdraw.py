"""Withdraws a certificate: by a decision of the province, or because its result is no pass any more."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from luban.certificate.adapters.register import Why, announce, locked_one, record, standing
from luban.certificate.adapters.tables import Certificate
from luban.certificate.domain.register import Change, State, decide_withdrawal
from luban.eventkit.envelope import Received
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import CertificateWithdrawn
from luban.events.v1.exam_pb2 import ResultCorrected
from luban.reference.shanghai import shanghai_day


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The command of a person."""

    certificate_id: UUID
    reason_code: str
    reason: str
    decision_ref: str
    decided_on: date | None = None
    """Day of the written decision; today where it is not said."""


def withdraw_by_decision(uow: UnitOfWork, command: Withdrawal) -> Certificate:
    """Raises NotFound certificate-unknown, and what `decide_withdrawal` raises."""
    certificate = locked_one(uow, command.certificate_id)
    at = uow.now()
    today = shanghai_day(at)
    decision = decide_withdrawal(
        State(certificate.state),
        command.reason_code,
        command.reason,
        command.decision_ref,
        command.decided_on or today,
        today,
    )
    stood = standing(certificate)
    withdraw(uow, certificate, decision.reason, at)
    why = Why(decision.reason, decision.statement, decision.reference, decision.decided_on)
    record(uow, certificate, stood, Change.WITHDRAWN, at, why)
    return certificate


def withdraw(
    uow: UnitOfWork,
    certificate: Certificate,
    reason: str,
    at: datetime,
    because: Received[ResultCorrected] | None = None,
) -> None:
    """Ends a certificate that this transaction has locked, on the Shanghai day of `at`, and says so."""
    certificate.state = State.WITHDRAWN
    certificate.suspended_on = certificate.suspension_reason = None
    certificate.withdrawn_on = shanghai_day(at)
    certificate.withdrawal_reason = reason
    said = CertificateWithdrawn(
        certificate_id=str(certificate.certificate_id),
        candidate_id=str(certificate.candidate_id),
        reason_code=reason,
        withdrawn_on=certificate.withdrawn_on.isoformat(),
    )
    announce(uow, certificate, said, because=because)
