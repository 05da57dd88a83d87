"""SQL of photographs."""

from datetime import datetime
from uuid import UUID

from luban.eventkit.uow import UnitOfWork

ADD = """
insert into photograph (certificate_id, version, content, at, actor)
select %(certificate_id)s, coalesce(max(version), 0) + 1, %(content)s, %(at)s, %(actor)s
from photograph where certificate_id = %(certificate_id)s
"""
NEWEST = "select content from photograph where certificate_id = %s order by version desc limit 1"


def add(uow: UnitOfWork, certificate_id: UUID, sealed: bytes, at: datetime, actor: str) -> None:
    """The next one of a certificate, whose row the caller has locked."""
    uow.sql(ADD, {"certificate_id": certificate_id, "content": sealed, "at": at, "actor": actor})


def newest(uow: UnitOfWork, certificate_id: UUID) -> bytes | None:
    """Sealed; None where there is none."""
    row = uow.sql(NEWEST, (certificate_id,)).fetchone()
    return None if row is None else row[0]
