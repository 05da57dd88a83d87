"""Loading certificates and recording what happens to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from luban.certificate.adapters.tables import Certificate, RegisterEntry
from luban.certificate.domain.register import Change
from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import NotFound

CONFIRMED = """
select certificate_id from unnest(%s::uuid[], %s::integer[]) as asked (result_id, confirmation_no)
join certificate using (result_id, confirmation_no)
"""


def no_such_certificate() -> NotFound:
    """What everybody is told of a certificate that is not there, or not theirs."""
    return NotFound("certificate-unknown", zh="没有这本证书", en="there is no such certificate")


def locked(uow: UnitOfWork, certificate_ids: Sequence[UUID]) -> list[Certificate]:
    """These certificates, locked in the order of their ids."""
    wanted = select(Certificate).where(col(Certificate.certificate_id).in_(certificate_ids))
    return list(uow.session.exec(wanted.order_by(col(Certificate.certificate_id)).with_for_update()))


def locked_by_confirmation(uow: UnitOfWork, confirmations: Sequence[tuple[UUID, int]]) -> list[Certificate]:
    """The certificates that rest on these confirmations of results, locked in the order of their ids."""
    asked = ([result for result, _ in confirmations], [number for _, number in confirmations])
    return locked(uow, [certificate_id for (certificate_id,) in uow.sql(CONFIRMED, asked).fetchall()])


def record(
    uow: UnitOfWork,
    certificate: Certificate,
    change: Change,
    at: datetime,
    *,
    reason_code: str | None = None,
    reason: str | None = None,
    decision_ref: str | None = None,
) -> None:
    """Adds the next entry of a certificate that this transaction has locked."""
    certificate.register_version += 1
    entry = RegisterEntry(
        certificate_id=certificate.certificate_id,
        version=certificate.register_version,
        at=at,
        actor=uow.cause.actor,
        change=change,
        reason_code=reason_code,
        reason=reason,
        decision_ref=decision_ref,
    )
    uow.session.add_all([certificate, entry])
