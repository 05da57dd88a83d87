"""SQL of upload batches."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from luban.eventkit.uow import UnitOfWork

# Waiting: counts, was issued here, and no batch that counts has it.
WAITING = """
select certificate_id, body_name from certificate
where body_id = %s and origin = 'ISSUED' and kind = 'LEVEL' and state = 'VALID' and not exists (
    select from upload_row where upload_row.certificate_id = certificate.certificate_id
                                 and upload_row.state in ('SENT', 'REGISTERED'))
order by issued_on, certificate_id limit %s for update of certificate skip locked
"""
ROWS = """
select certificate.certificate_id, personal, candidate_id, track, occupation_name, trade, level, certificate_no,
       issued_on, body_name
from upload_row join certificate using (certificate_id)
where batch_id = %s and upload_row.state <> 'OUTDATED' order by place
"""
LOCKED = """
select certificate_no, place, upload_row.state, certificate_id from upload_row join certificate using (certificate_id)
where batch_id = %s order by place for update of upload_row
"""
SETTLE = """
update upload_row set state = answered.state, reason = answered.reason, registered_on = answered.registered_on,
                      answered_at = %s
from unnest(%s::integer[], %s::text[], %s::text[], %s::date[]) as answered (place, state, reason, registered_on)
where batch_id = %s and upload_row.place = answered.place
"""
NEWEST = """
select upload_row.state, batch_no, made_at, reason, registered_on
from upload_row join upload_batch using (batch_id) where certificate_id = %s order by batch_id desc limit 1
"""
BY_BODY = """
with standing as (
    select body_id, body_name, issued_on, (
        select state from upload_row where upload_row.certificate_id = certificate.certificate_id
        order by batch_id desc limit 1) as last
    from certificate
    where origin = 'ISSUED' and kind = 'LEVEL' and state = 'VALID'
          and (%(after)s::uuid is null or body_id > %(after)s::uuid)
)
select body_id, max(body_name), count(*) filter (where last is null or last = 'OUTDATED'),
       count(*) filter (where last = 'SENT'), count(*) filter (where last = 'REFUSED'),
       count(*) filter (where last = 'REGISTERED'),
       count(*) filter (where last is distinct from 'REGISTERED' and issued_on <= %(soon)s)
from standing group by body_id order by body_id limit %(limit)s
"""


def put_in(uow: UnitOfWork, batch_id: UUID, certificate_ids: Sequence[UUID]) -> None:
    """Makes the rows of a batch, in this order."""
    uow.sql(
        "insert into upload_row (batch_id, place, certificate_id) select %s, place, id"
        " from unnest(%s::uuid[]) with ordinality as taken (id, place)",
        (batch_id, list(certificate_ids)),
    )


def settle(
    uow: UnitOfWork, batch_id: UUID, at: Any, answers: Sequence[tuple[int, str, str | None, date | None]]
) -> None:
    """Records answers: place, state, reason, day."""
    columns = [list(column) for column in zip(*answers, strict=True)]
    uow.sql(SETTLE, (at, *columns, batch_id))


def outdate(uow: UnitOfWork, certificate_id: UUID) -> None:
    """What was sent of a certificate is not what it says any more: it waits anew."""
    uow.sql(
        "update upload_row set state = 'OUTDATED', reason = null where certificate_id = %s"
        " and state in ('SENT', 'REGISTERED')",
        (certificate_id,),
    )
