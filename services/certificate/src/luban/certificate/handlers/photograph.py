"""The holder's photograph, that the body which has seen the person gives; printed on the certificate's paper."""

from uuid import UUID

from luban.certificate.adapters import photographs
from luban.certificate.adapters.portrait import portrait_of
from luban.certificate.domain.register import State, require_attestable
from luban.certificate.handlers.issue import RETENTION_CLASS
from luban.certificate.handlers.read import owned, record_reading, refuse_imported
from luban.eventkit.sealing import UnsealError
from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import NotFound
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Principal


def put_photograph(uow: UnitOfWork, principal: Principal, certificate_id: UUID, content: bytes) -> None:
    """Takes a picture as the newest photograph, sealed; earlier ones stay.

    Raises NotFound certificate-unknown, Conflict certificate-imported, certificate-withdrawn, certificate-suspended,
    and as `portrait_of`.
    """
    row = owned(uow, principal, certificate_id, lock=True)
    refuse_imported(row)
    require_attestable(State(row.state))
    now = uow.now()
    today = shanghai_day(now)
    portrait = portrait_of(content, rule("photograph.least_width", today))
    sealed = uow.keyring.seal_content(portrait, RETENTION_CLASS, row.issued_on.year, certificate_id.bytes)
    photographs.add(uow, certificate_id, sealed, now, principal.actor)


def get_photograph(uow: UnitOfWork, principal: Principal, certificate_id: UUID) -> bytes:
    """A JPEG. Raises NotFound certificate-unknown, photograph-unknown."""
    row = owned(uow, principal, certificate_id)
    record_reading(uow, principal, [row])
    found = newest_photograph(uow, certificate_id)
    if found is None:
        raise NotFound("photograph-unknown", zh="没有照片", en="there is no photograph")
    return found


def newest_photograph(uow: UnitOfWork, certificate_id: UUID) -> bytes | None:
    """None where there is none, or its key was destroyed at the end of its retention."""
    sealed = photographs.newest(uow, certificate_id)
    try:
        return None if sealed is None else uow.keyring.open_content(sealed, certificate_id.bytes)
    except UnsealError:
        return None
