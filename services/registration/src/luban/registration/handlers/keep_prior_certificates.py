"""What the certificate service says: level certificates count for eligibility until they are withdrawn."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from luban.eventkit.envelope import Received
from luban.eventkit.uow import UnitOfWork
from luban.events.v1.certificate_pb2 import CertificateIssued, CertificateWithdrawn

ISSUED = """
insert into prior_certificate (certificate_id, candidate_id, certificate_no, occupation_code, occupation_name, level,
                               issued_on)
select * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::smallint[], %s::date[])
on conflict (certificate_id) do nothing
"""
WITHDRAWN = """
update prior_certificate set withdrawn_on = gone.on_day
from unnest(%s::uuid[], %s::date[]) as gone(id, on_day) where certificate_id = gone.id
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
