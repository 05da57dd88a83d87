"""SQL of what each key signed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from luban.eventkit.uow import UnitOfWork

KEEP = """
insert into signed_certificate (key_id, certificate_id, signed_at) values (%s, %s, %s)
on conflict (key_id, certificate_id) do update set signed_at = excluded.signed_at, renewed_at = null
"""

DUE = """
select certificate_id from signed_certificate
where key_id = %s and signed_at >= %s and renewed_at is null
order by signed_at limit %s for update skip locked
"""

RENEWED = "update signed_certificate set renewed_at = %s where key_id = %s and certificate_id = any(%s::uuid[])"


def keep_signed(uow: UnitOfWork, key_id: str, certificate_id: UUID, at: datetime) -> None:
    """That this key signs what a holder keeps of this certificate."""
    uow.sql(KEEP, (key_id, certificate_id, at))


def due_for_renewal(uow: UnitOfWork, key_id: str, since: datetime, most: int) -> list[UUID]:
    """Certificates that this key signed at `since` or later and that nobody has taken up yet, locked for us."""
    return [certificate_id for (certificate_id,) in uow.sql(DUE, (key_id, since, most)).fetchall()]


def set_renewed(uow: UnitOfWork, key_id: str, certificate_ids: Sequence[UUID], at: datetime) -> None:
    """They were taken up."""
    uow.sql(RENEWED, (at, key_id, list(certificate_ids)))
