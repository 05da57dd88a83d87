"""Brings a register that was restored from the past to what the world was told since.

Every certificate rests on an event of the exam service that says all that stands on it; its own event says its id and
its number. What no event says stays lost with the database: who was given an API key, which checks were answered, what
was imported, consents, watch lists, appeals that are not decided, and the words and number of a written decision.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date
from itertools import groupby
from typing import Any

from luban.certificate.adapters.facts import scores_of
from luban.certificate.adapters.register import Standing, Why, locked_one, record, standing
from luban.certificate.adapters.tables import Certificate
from luban.certificate.domain.register import Change, State
from luban.certificate.handlers.change import keep_holder
from luban.certificate.handlers.issue import Confirmed, Issuing
from luban.eventkit.envelope import Received
from luban.eventkit.recovery import Missing, RecoveryError, take_back
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import (
    CertificateCorrected,
    CertificateIssued,
    CertificateRegistered,
    CertificateReinstated,
    CertificateReissued,
    CertificateResumed,
    CertificateSuspended,
    CertificateWithdrawn,
)
from luban.events.v1.exam_pb2 import ResultConfirmed, ResultCorrected

Confirmation = tuple[str, int]


@dataclass
class Reasons:
    """The exam service's events that certificates of ours rest on."""

    wanted: set[Confirmation]
    wanted_ids: set[str]
    confirmed: dict[Confirmation, Confirmed] = field(default_factory=dict)
    corrected: dict[str, Received[ResultCorrected]] = field(default_factory=dict)

    @classmethod
    def of(cls, missing: Sequence[Missing]) -> "Reasons":
        """What must be found for these events."""
        payloads = [each.event.payload for each in missing]
        issued = {(each.result_id, each.confirmation_no) for each in payloads if isinstance(each, CertificateIssued)}
        return cls(issued, {each.event.envelope.causation_id for each in missing} - {""})

    def look_at(self, event: Received[Any]) -> None:
        """Keeps an event that is wanted."""
        payload = event.payload
        if isinstance(payload, ResultConfirmed) and (payload.result_id, payload.confirmation_no) in self.wanted:
            self.confirmed[payload.result_id, payload.confirmation_no] = event
        elif isinstance(payload, ResultCorrected) and str(event.event_id) in self.wanted_ids:
            self.corrected[str(event.event_id)] = event


def recover(uow: UnitOfWork, issuing: Issuing, missing: Sequence[Missing], reasons: Reasons) -> None:
    """Takes these events back, and enters into the register what they say, in their order. Raises RecoveryError."""
    take_back(uow, missing)
    for kind, run in groupby((each.event for each in missing), key=lambda event: type(event.payload)):
        if kind is CertificateIssued:
            issuing.enter_again(uow, [(event, _reason(event, reasons.confirmed)) for event in run])
        elif kind in AGAIN:
            for event in run:
                AGAIN[kind](uow, event, reasons)
        else:
            raise RecoveryError(f"what a {kind.__name__} changes in the register cannot be made anew by this release")


def _reason(event: Received[Any], confirmed: Mapping[Confirmation, Confirmed]) -> Confirmed:
    found = confirmed.get((event.payload.result_id, event.payload.confirmation_no))
    if found is None:
        raise RecoveryError(
            f"certificate {event.aggregate_id} rests on a confirmation that this service has neither read nor can read"
            " again: restore the database with its WAL (docs/runbook.md)"
        )
    return found


def _withdraw_again(uow: UnitOfWork, event: Received[Any], reasons: Reasons) -> None:
    withdrawn: CertificateWithdrawn = event.payload
    certificate, stood = _standing(uow, event)
    certificate.state = State.WITHDRAWN
    certificate.suspended_on = certificate.suspension_reason = None
    certificate.withdrawn_on = date.fromisoformat(withdrawn.withdrawn_on)
    certificate.withdrawal_reason = withdrawn.reason_code
    correction = reasons.corrected.get(event.envelope.causation_id)
    if correction:
        certificate.scores = scores_of(correction.payload.scores)
    because = (correction.payload.reason_code or None) if correction else None
    _record_again(uow, event, certificate, stood, Change.WITHDRAWN, Why(withdrawn.reason_code, because))


def _reinstate_again(uow: UnitOfWork, event: Received[Any], _: Reasons) -> None:
    certificate, stood = _standing(uow, event)
    certificate.state, certificate.withdrawn_on, certificate.withdrawal_reason = State.VALID, None, None
    _record_again(uow, event, certificate, stood, Change.REINSTATED, Why("appeal"))


def _suspend_again(uow: UnitOfWork, event: Received[Any], _: Reasons) -> None:
    suspended: CertificateSuspended = event.payload
    certificate, stood = _standing(uow, event)
    certificate.state = State.SUSPENDED
    certificate.suspended_on = date.fromisoformat(suspended.suspended_on)
    certificate.suspension_reason = suspended.reason_code
    _record_again(uow, event, certificate, stood, Change.SUSPENDED, Why(suspended.reason_code))


def _resume_again(uow: UnitOfWork, event: Received[Any], _: Reasons) -> None:
    certificate, stood = _standing(uow, event)
    certificate.state, certificate.suspended_on, certificate.suspension_reason = State.VALID, None, None
    _record_again(uow, event, certificate, stood, Change.RESUMED, Why())


def _correct_again(uow: UnitOfWork, event: Received[Any], _: Reasons) -> None:
    certificate, stood = _standing(uow, event)
    keep_holder(uow, certificate, event.personal())
    _record_again(uow, event, certificate, stood, Change.CORRECTED, Why("holder"))


def _reissue_again(uow: UnitOfWork, event: Received[Any], _: Reasons) -> None:
    certificate, stood = _standing(uow, event)
    certificate.print_serial = event.payload.print_serial
    _record_again(uow, event, certificate, stood, Change.REISSUED, Why())


def _pass_over(uow: UnitOfWork, event: Received[Any], reasons: Reasons) -> None:
    """In which batch it went up no event says: it waits anew, and the national register knows what it has."""
    del uow, event, reasons


AGAIN: Mapping[type[Any], Callable[[UnitOfWork, Received[Any], Reasons], None]] = {
    CertificateWithdrawn: _withdraw_again,
    CertificateReinstated: _reinstate_again,
    CertificateSuspended: _suspend_again,
    CertificateResumed: _resume_again,
    CertificateCorrected: _correct_again,
    CertificateReissued: _reissue_again,
    CertificateRegistered: _pass_over,
}
"""How what each event changed is made anew."""


def _standing(uow: UnitOfWork, event: Received[Any]) -> tuple[Certificate, Standing]:
    certificate = locked_one(uow, event.aggregate_id)
    return certificate, standing(certificate)


def _record_again(
    uow: UnitOfWork, event: Received[Any], certificate: Certificate, stood: Standing, change: Change, why: Why
) -> None:
    uow.cause = replace(uow.cause, actor=event.envelope.actor)
    record(uow, certificate, stood, change, event.envelope.occurred_at.ToDatetime(UTC), why)
