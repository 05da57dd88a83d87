"""What the certificate service says: level certificates count for eligibility until they are withdrawn, and not
while they are suspended."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from luban.eventkit.envelope import Received
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import (
    CertificateIssued,
    CertificateReinstated,
    CertificateResumed,
    CertificateSuspended,
    CertificateWithdrawn,
)

ISSUED = """
insert into prior_certificate (certificate_id, candidate_id, certificate_no, occupation_code, occupation_name, level,
                               issued_on)
select * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::date[])
on conflict (certificate_id) do nothing
"""
WITHDRAWN = """
update prior_certificate set withdrawn_on = gone.on_day, suspended_on = null
from unnest(%s::uuid[], %s::date[]) as gone(id, on_day) where certificate_id = gone.id
"""

SUSPENDED = """
update prior_certificate set suspended_on = stopped.on_day
from unnest(%s::uuid[], %s::date[]) as stopped(id, on_day) where certificate_id = stopped.id
"""


def on_certificate_issued(uow: UnitOfWork, batch: Sequence[Received[CertificateIssued]]) -> None:
    """Keeps certificates of levels; a special-ability certificate counts for no level."""
    issued = [event.payload for event in batch if event.payload.HasField("level")]
    if not issued:
        return
    uow.sql(
        ISSUED,
        (
            [UUID(each.certificate_id) for each in issued],
            [UUID(each.candidate_id) for each in issued],
            [each.certificate_no for each in issued],
            [each.level.occupation_code for each in issued],
            [each.level.occupation_name for each in issued],
            [each.level.level for each in issued],
            [date.fromisoformat(each.issued_on) for each in issued],
        ),
    )


def on_certificate_withdrawn(uow: UnitOfWork, batch: Sequence[Received[CertificateWithdrawn]]) -> None:
    """They stop to count; decisions already made stay as they were made."""
    days = [date.fromisoformat(event.payload.withdrawn_on) for event in batch]
    uow.sql(WITHDRAWN, ([event.aggregate_id for event in batch], days))


def on_certificate_reinstated(uow: UnitOfWork, batch: Sequence[Received[CertificateReinstated]]) -> None:
    """They count again, from their day of issue."""
    ids = [event.aggregate_id for event in batch]
    uow.sql("update prior_certificate set withdrawn_on = null where certificate_id = any(%s::uuid[])", (ids,))


def on_certificate_suspended(uow: UnitOfWork, batch: Sequence[Received[CertificateSuspended]]) -> None:
    """They do not count for a time; decisions already made stay as they were made."""
    days = [date.fromisoformat(event.payload.suspended_on) for event in batch]
    uow.sql(SUSPENDED, ([event.aggregate_id for event in batch], days))


def on_certificate_resumed(uow: UnitOfWork, batch: Sequence[Received[CertificateResumed]]) -> None:
    """They count again, from their day of issue."""
    ids = [event.aggregate_id for event in batch]
    uow.sql("update prior_certificate set suspended_on = null where certificate_id = any(%s::uuid[])", (ids,))
