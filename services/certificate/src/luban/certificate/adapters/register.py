"""Loading certificates and recording what happens to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from google.protobuf.message import Message
from pydantic_core import to_jsonable_python
from sqlmodel import col, select

from luban.certificate.adapters.tables import Certificate, RegisterEntry
from luban.certificate.adapters.watching import tell_watchers
from luban.certificate.domain.register import Change, Origin
from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import NotFound
from luban.reference.track import Track

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


def locked_one(uow: UnitOfWork, certificate_id: UUID) -> Certificate:
    """This certificate, locked. Raises NotFound certificate-unknown."""
    found = locked(uow, [certificate_id])
    if not found:
        raise no_such_certificate()
    return found[0]


def locked_by_confirmation(uow: UnitOfWork, confirmations: Sequence[tuple[UUID, int]]) -> list[Certificate]:
    """The certificates that rest on these confirmations of results, locked in the order of their ids."""
    asked = ([result for result, _ in confirmations], [number for _, number in confirmations])
    return locked(uow, [certificate_id for (certificate_id,) in uow.sql(CONFIRMED, asked).fetchall()])


@dataclass(frozen=True, slots=True)
class Why:
    """What a change rests on."""

    reason_code: str | None = None
    reason: str | None = None
    decision_ref: str | None = None
    decided_on: date | None = None
    proof_ref: str | None = None
    """Of the papers that prove what is corrected."""


Standing = dict[str, Any]
"""What a certificate says that a change may change, by column."""

KEPT = (
    "state",
    "withdrawn_on",
    "withdrawal_reason",
    "suspended_on",
    "suspension_reason",
    "scores",
    "print_serial",
)


def standing(certificate: Certificate) -> Standing:
    """What stands now; taken before a change, and given to `record` after it."""
    return certificate.model_dump(include={*KEPT, "personal"})


def record(
    uow: UnitOfWork, certificate: Certificate, stood: Standing, change: Change, at: datetime, why: Why | None = None
) -> int:
    """Adds the next entry of a certificate that this transaction has locked, and tells who watches it; its version."""
    why = why or Why()
    certificate.register_version += 1
    before = {name: stood[name] for name in KEPT if stood[name] != getattr(certificate, name)}
    entry = RegisterEntry(
        certificate_id=certificate.certificate_id,
        version=certificate.register_version,
        at=at,
        actor=uow.cause.actor,
        change=change,
        reason_code=why.reason_code,
        reason=why.reason,
        decision_ref=why.decision_ref,
        decided_on=why.decided_on,
        proof_ref=why.proof_ref,
        before=to_jsonable_python(before) or None,
        personal_before=stood["personal"] if stood["personal"] != certificate.personal else None,
    )
    uow.session.add_all([certificate, entry])
    tell_watchers(uow, certificate.certificate_id, certificate.register_version, change, at)
    return certificate.register_version


def announce(uow: UnitOfWork, certificate: Certificate, payload: Message, **more: Any) -> None:
    """Says in an event what became of a certificate; nothing of one issued elsewhere, which nobody was told of.

    `more` is what `UnitOfWork.emit` takes beside.
    """
    if certificate.origin == Origin.ISSUED:
        key, track = certificate.candidate_id, Track(certificate.track)
        uow.emit(payload, aggregate_id=certificate.certificate_id, key=key, track=track, **more)
