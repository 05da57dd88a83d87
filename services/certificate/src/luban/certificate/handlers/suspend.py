"""Suspends a certificate by a decision of the province while something is looked into, and lets it count again."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from luban.certificate.adapters.register import Why, announce, locked_one, record, standing
from luban.certificate.adapters.tables import Certificate
from luban.certificate.domain.register import Change, State, decide_suspension, require_resumption
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import CertificateResumed, CertificateSuspended
from luban.reference.shanghai import shanghai_day


@dataclass(frozen=True, slots=True)
class Suspension:
    """The command of a person."""

    certificate_id: UUID
    reason_code: str
    reason: str
    decision_ref: str
    decided_on: date | None = None
    """Day of the written decision; today where it is not said."""


@dataclass(frozen=True, slots=True)
class Resumption:
    """The command that ends a suspension."""

    certificate_id: UUID
    reason: str
    decision_ref: str
    decided_on: date | None = None
    """Day of the written decision; today where it is not said."""


def suspend(uow: UnitOfWork, command: Suspension) -> Certificate:
    """Lets a valid certificate not count from today on. Raises NotFound certificate-unknown, and what
    `decide_suspension` raises."""
    certificate = locked_one(uow, command.certificate_id)
    at, stood, state = uow.now(), standing(certificate), State(certificate.state)
    today = shanghai_day(at)
    decided_on = command.decided_on or today
    decision = decide_suspension(state, command.reason_code, command.reason, command.decision_ref, decided_on, today)
    certificate.state = State.SUSPENDED
    certificate.suspended_on, certificate.suspension_reason = today, decision.reason
    why = Why(decision.reason, decision.statement, decision.reference, decision.decided_on)
    record(uow, certificate, stood, Change.SUSPENDED, at, why)
    said = CertificateSuspended(
        certificate_id=str(certificate.certificate_id),
        candidate_id=str(certificate.candidate_id),
        reason_code=decision.reason,
        suspended_on=today.isoformat(),
    )
    announce(uow, certificate, said)
    return certificate


def resume(uow: UnitOfWork, command: Resumption) -> Certificate:
    """Lets a suspended certificate count again. Raises NotFound certificate-unknown, and what `require_resumption`
    raises."""
    certificate = locked_one(uow, command.certificate_id)
    at, stood, state = uow.now(), standing(certificate), State(certificate.state)
    today = shanghai_day(at)
    decided_on = command.decided_on or today
    require_resumption(state, decided_on, today)
    certificate.state, certificate.suspended_on, certificate.suspension_reason = State.VALID, None, None
    why = Why(None, command.reason, command.decision_ref, decided_on)
    record(uow, certificate, stood, Change.RESUMED, at, why)
    said = CertificateResumed(
        certificate_id=str(certificate.certificate_id),
        candidate_id=str(certificate.candidate_id),
        resumed_on=today.isoformat(),
    )
    announce(uow, certificate, said)
    return certificate
