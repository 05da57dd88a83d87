"""Follows corrections of confirmed results: new scores, or the certificate withdrawn."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from luban.certificate.adapters.facts import scores_of
from luban.certificate.adapters.register import Why, locked_by_confirmation, no_such_certificate, record, standing
from luban.certificate.adapters.tables import Certificate
from luban.certificate.domain.register import RESULT_CORRECTED, Change, State, change_of_correction
from luban.certificate.handlers.withdraw import withdraw
from luban.eventkit.envelope import Received
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.exam_pb2 import ResultCorrected

Corrected = Received[ResultCorrected]


def on_result_corrected(uow: UnitOfWork, batch: Sequence[Corrected]) -> None:
    """Raises NotFound certificate-unknown for a correction of what was never confirmed here."""
    events = {(UUID(event.payload.result_id), event.payload.confirmation_no): event for event in batch}
    certificates = locked_by_confirmation(uow, list(events))
    if len(certificates) < len(events):
        raise no_such_certificate()
    at = uow.now()
    for certificate in certificates:
        _follow(uow, certificate, events[certificate.result_id, certificate.confirmation_no], at)


def _follow(uow: UnitOfWork, certificate: Certificate, event: Corrected, at: datetime) -> None:
    correction = event.payload
    change = change_of_correction(State(certificate.state), passed=correction.passed)
    stood = standing(certificate)
    if change is Change.WITHDRAWN:
        withdraw(uow, certificate, RESULT_CORRECTED, at, because=event)
    if change is not Change.NOTED:
        certificate.scores = scores_of(correction.scores)
    record(uow, certificate, stood, change, at, Why(RESULT_CORRECTED, correction.reason_code or None))
