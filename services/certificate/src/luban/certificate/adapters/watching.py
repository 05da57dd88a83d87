"""SQL of watch lists: who is told of a change, what a list may hold, what waits to be delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from luban.certificate.domain.register import Change
from luban.certificate.domain.watching import TOLD
from luban.eventkit.uow import UnitOfWork

WATCHERS = """
select list_id, webhook_url is not null from watch_item join watch_list using (list_id)
where certificate_id = %s and ended_at is null order by list_id
"""
TELL = """
insert into watch_notice (notice_id, list_id, certificate_id, version, change, at)
select notice_id, list_id, %s, %s, %s, %s from unnest(%s::uuid[], %s::uuid[]) as told (notice_id, list_id)
"""
WAIT = "insert into watch_delivery (notice_id, try_at) select notice_id, %s from unnest(%s::uuid[]) as due (notice_id)"

CHECKED = """
select asked.place, certificate.certificate_id
from unnest(%(numbers)s::text[]) with ordinality as asked (number, place)
left join certificate on certificate.certificate_no = asked.number and exists (
    select from verification
    where verification.certificate_id = certificate.certificate_id and verification.credit_code = %(credit_code)s)
order by asked.place
"""

FEED = """
select notice.written_by::text::bigint, notice.notice_id, certificate.certificate_no, notice.change, notice.at,
       certificate.state
from watch_notice as notice join certificate using (certificate_id)
where notice.list_id = %(list)s and notice.written_by < pg_snapshot_xmin(pg_current_snapshot())
      and (notice.written_by, notice.notice_id) > (%(xid)s::text::xid8, %(notice)s::uuid)
order by notice.written_by, notice.notice_id limit %(limit)s
"""

DUE = """
update watch_delivery set attempts = attempts + 1, try_at = %(lease)s
where notice_id in (select notice_id from watch_delivery where state = 'WAITING' and try_at <= %(now)s
                    order by try_at limit %(limit)s for update skip locked)
returning notice_id, attempts
"""
WHAT = """
select notice.notice_id, list.list_id, list.webhook_url, list.webhook_secret, certificate.certificate_no, notice.change,
       notice.version, notice.at
from watch_notice as notice join watch_list as list using (list_id) join certificate using (certificate_id)
where notice.notice_id = any(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Due:
    """A call that is to be made now, for the so-manieth time."""

    notice_id: UUID
    attempts: int
    list_id: UUID
    url: str | None
    """None where the webhook was taken away meanwhile."""
    sealed_secret: bytes | None
    certificate_no: str
    change: Change
    version: int
    at: datetime


def tell_watchers(uow: UnitOfWork, certificate_id: UUID, version: int, change: Change, at: datetime) -> None:
    """Leaves a notice with every list that has the certificate, in the transaction that changes it."""
    if change not in TOLD:
        return
    watchers = uow.sql(WATCHERS, (certificate_id,)).fetchall()
    if not watchers:
        return
    notices = [(uow.new_id(), list_id, has_webhook) for list_id, has_webhook in watchers]
    ids, lists = [each[0] for each in notices], [each[1] for each in notices]
    uow.sql(TELL, (certificate_id, version, change.value, at, ids, lists))
    uow.sql(WAIT, (at, [notice_id for notice_id, _, has_webhook in notices if has_webhook]))


def checked(uow: UnitOfWork, credit_code: str, numbers: Sequence[str]) -> list[UUID | None]:
    """For each number the certificate, if this employer has checked it and matched."""
    rows = uow.sql(CHECKED, {"numbers": list(numbers), "credit_code": credit_code}).fetchall()
    return [certificate_id for _, certificate_id in rows]


def take_due(uow: UnitOfWork, most: int, lease: timedelta) -> list[Due]:
    """Takes deliveries that are due; nobody else gets them before the lease ends."""
    now = uow.now()
    taken = dict(uow.sql(DUE, {"now": now, "lease": now + lease, "limit": most}).fetchall())
    rows = uow.sql(WHAT, (list(taken),)).fetchall()
    return [Due(row[0], taken[row[0]], row[1], row[2], row[3], row[4], Change(row[5]), row[6], row[7]) for row in rows]


def settle(
    uow: UnitOfWork, due: Due, outcome: str, *, state: str, settled_at: datetime | None, try_at: datetime
) -> None:
    """Records how an attempt ended, unless another one was begun since."""
    uow.sql(
        "update watch_delivery set state = %s, outcome = %s, settled_at = %s, try_at = %s"
        " where notice_id = %s and attempts = %s and state = 'WAITING'",
        (state, outcome, settled_at, try_at, due.notice_id, due.attempts),
    )
