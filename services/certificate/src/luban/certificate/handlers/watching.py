"""Employers watch certificates they have checked: lists, what they are told, where it is sent."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Any
from uuid import UUID

from luban.certificate.adapters import watching
from luban.certificate.domain.keys import Scope
from luban.certificate.domain.watching import NOT_VERIFIED, TOLD, require_room
from luban.certificate.domain.webhooks import SECRET_PREFIX
from luban.certificate.handlers.api_keys import own_key
from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import Conflict, Invalid, NotFound
from luban.reference.row_faults import RowFault, RowsRefused
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.reference.spelling import plain
from luban.webkit.authentication import Principal
from luban.webkit.paging import Page, PageRequest, cursor_of

RETENTION_CLASS = "certificate"
SECRET_BYTES = 32
FIRST = (0, UUID(int=0))

LISTS = """
select list_id, name, webhook_url, created_at,
       (select count(*) from watch_item where list_id = list.list_id),
       (select count(*) from watch_delivery join watch_notice using (notice_id)
        where list_id = list.list_id and state = 'WAITING'),
       (select count(*) from watch_delivery join watch_notice using (notice_id)
        where list_id = list.list_id and state = 'GIVEN_UP')
from watch_list as list
where credit_code = %(credit_code)s and ended_at is null and (%(one)s::uuid is null or list_id = %(one)s::uuid)
      and (%(after)s::uuid is null or list_id > %(after)s::uuid)
order by list_id limit %(limit)s
"""
DELIVERIES = """
select notice_id, change, at, state, attempts, case when state = 'WAITING' then try_at end, outcome, settled_at
from watch_delivery join watch_notice using (notice_id)
where list_id = %(list)s and (%(before)s::uuid is null or notice_id < %(before)s::uuid)
order by notice_id desc limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class ListShown:
    """A watch list."""

    list_id: UUID
    name: str
    webhook_url: str | None
    created_at: datetime
    certificates: int
    deliveries_waiting: int
    deliveries_given_up: int


@dataclass(frozen=True, slots=True)
class ListMade(ListShown):
    """A list whose webhook has a new secret, the only time that it is shown."""

    webhook_secret: str | None


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of a certificate."""

    notice_id: UUID
    type: str
    certificate_no: str
    at: datetime
    state: str
    """Of the certificate now; later notices may have changed it."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Notices in order, and from where to go on: also when there is nothing more yet."""

    items: list[Notice]
    cursor: str


@dataclass(frozen=True, slots=True)
class DeliveryShown:
    """Where the call about a notice stands."""

    notice_id: UUID
    type: str
    at: datetime
    state: str
    """WAITING, DELIVERED, GIVEN_UP."""
    attempts: int
    try_at: datetime | None
    outcome: str | None
    settled_at: datetime | None


def make_list(uow: UnitOfWork, principal: Principal, name: str, url: str | None) -> ListMade:
    """`url` was looked at. Raises Forbidden, `Invalid` watch-lists-too-many."""
    key = own_key(uow, principal, Scope.WATCH_LISTS)
    now = uow.now()
    most = rule("watch_list.most_lists", shanghai_day(now))
    uow.sql("select pg_advisory_xact_lock(hashtextextended(%s, 19523))", (key.credit_code,))
    counted = "select count(*) from watch_list where credit_code = %s and ended_at is null"
    (lists,) = uow.sql(counted, (key.credit_code,)).fetchone() or (0,)
    if lists >= most:
        raise Invalid("watch-lists-too-many", zh="最多{most}个关注名单", en="at most {most} watch lists", most=most)
    list_id = uow.new_id()
    uow.sql(
        "insert into watch_list (list_id, credit_code, name, created_at) values (%s, %s, %s, %s)",
        (list_id, key.credit_code, name.strip(), now),
    )
    return set_webhook(uow, principal, list_id, url)


def set_webhook(uow: UnitOfWork, principal: Principal, list_id: UUID, url: str | None) -> ListMade:
    """Sends what the list is told from now on to `url`, which was looked at, under a new secret; nowhere for None."""
    _locked(uow, principal, list_id)
    secret = SECRET_PREFIX + b64encode(token_bytes(SECRET_BYTES)).decode() if url else None
    year = shanghai_day(uow.now()).year
    sealed = secret and uow.keyring.seal_content(secret.encode(), RETENTION_CLASS, year, list_id.bytes)
    uow.sql("update watch_list set webhook_url = %s, webhook_secret = %s where list_id = %s", (url, sealed, list_id))
    return ListMade(**asdict(show_list(uow, principal, list_id)), webhook_secret=secret)


def end_list(uow: UnitOfWork, principal: Principal, list_id: UUID) -> None:
    """Nothing more is told; what it was told can be read no more."""
    _locked(uow, principal, list_id)
    uow.sql(
        "update watch_list set ended_at = %s, webhook_url = null, webhook_secret = null where list_id = %s",
        (uow.now(), list_id),
    )
    uow.sql("delete from watch_item where list_id = %s", (list_id,))


def add_certificates(uow: UnitOfWork, principal: Principal, list_id: UUID, numbers: Sequence[str]) -> ListShown:
    """Watches certificates that this employer has checked and matched: a list cannot be used to walk numbers.

    All of them or none. Raises `RowsRefused` watch-rows-refused, `Invalid` watch-list-full.
    """
    credit_code = _locked(uow, principal, list_id)
    most = rule("watch_list.most_certificates", shanghai_day(uow.now()))
    require_room(len(numbers), most)
    found = watching.checked(uow, credit_code, [plain(number) for number in numbers])
    faults = [
        RowFault(row, "certificate_no", *NOT_VERIFIED)
        for row, certificate_id in enumerate(found, 1)
        if not certificate_id
    ]
    if faults:
        raise RowsRefused(
            "watch-rows-refused",
            zh="有{count}本证书不能关注",
            en="{count} certificates cannot be watched",
            faults=faults,
        )
    uow.sql(
        "insert into watch_item (certificate_id, list_id, added_at) select id, %s, %s from unnest(%s::uuid[]) as id"
        " order by id on conflict do nothing",
        (list_id, uow.now(), list(dict.fromkeys(found))),
    )
    shown = show_list(uow, principal, list_id)
    require_room(shown.certificates, most)
    return shown


def remove_certificates(uow: UnitOfWork, principal: Principal, list_id: UUID, numbers: Sequence[str]) -> ListShown:
    """Watches these no more; what is not on the list is passed over."""
    _locked(uow, principal, list_id)
    uow.sql(
        "delete from watch_item using certificate where watch_item.certificate_id = certificate.certificate_id"
        " and list_id = %s and certificate_no = any(%s::text[])",
        (list_id, [plain(number) for number in numbers]),
    )
    return show_list(uow, principal, list_id)


def show_list(uow: UnitOfWork, principal: Principal, list_id: UUID) -> ListShown:
    """Raises NotFound watch-list-unknown, also for another employer's."""
    code = own_key(uow, principal, Scope.WATCH_LISTS).credit_code
    row = uow.sql(LISTS, {"credit_code": code, "one": list_id, "after": None, "limit": 1}).fetchone()
    if row is None:
        raise _unknown()
    return ListShown(*row)


def list_lists(uow: UnitOfWork, principal: Principal, paging: PageRequest) -> Page[ListShown]:
    """An employer's lists, oldest first."""
    code = own_key(uow, principal, Scope.WATCH_LISTS).credit_code
    after = paging.after(UUID)
    asked = {"credit_code": code, "one": None, "after": after and after[0], "limit": paging.fetch}
    rows = uow.sql(LISTS, asked).fetchall()
    return paging.page(rows, key=lambda row: (row[0],), item=lambda row: ListShown(*row))


def read_feed(uow: UnitOfWork, principal: Principal, list_id: UUID, paging: PageRequest) -> Feed:
    """What the list was told after the cursor, each notice once however often it is asked."""
    show_list(uow, principal, list_id)
    xid, notice = paging.after(int, UUID) or FIRST
    asked = {"list": list_id, "xid": str(xid), "notice": notice, "limit": paging.limit}
    rows = uow.sql(watching.FEED, asked).fetchall()
    items = [Notice(row[1], TOLD[row[3]], row[2], row[4], row[5]) for row in rows]
    last: tuple[Any, ...] = rows[-1][:2] if rows else (xid, notice)
    return Feed(items, cursor_of(last))


def list_deliveries(uow: UnitOfWork, principal: Principal, list_id: UUID, paging: PageRequest) -> Page[DeliveryShown]:
    """The calls of a list, newest first."""
    show_list(uow, principal, list_id)
    before = paging.after(UUID)
    asked = {"list": list_id, "before": before and before[0], "limit": paging.fetch}
    rows = uow.sql(DELIVERIES, asked).fetchall()
    return paging.page(rows, key=lambda row: (row[0],), item=lambda row: DeliveryShown(row[0], TOLD[row[1]], *row[2:]))


def deliver_again(uow: UnitOfWork, principal: Principal, list_id: UUID, notice_id: UUID) -> None:
    """Tries a call that was given up anew, from the first attempt. Raises Conflict delivery-not-given-up."""
    _locked(uow, principal, list_id)
    changed = uow.sql(
        "update watch_delivery set state = 'WAITING', attempts = 0, try_at = %s, settled_at = null"
        " from watch_notice where watch_notice.notice_id = watch_delivery.notice_id and watch_notice.list_id = %s"
        " and watch_delivery.notice_id = %s and state = 'GIVEN_UP'",
        (uow.now(), list_id, notice_id),
    ).rowcount
    if not changed:
        raise Conflict("delivery-not-given-up", zh="没有已放弃的此项推送", en="no such delivery was given up")


def _locked(uow: UnitOfWork, principal: Principal, list_id: UUID) -> str:
    """The credit code of an employer's own list, which is locked."""
    code = own_key(uow, principal, Scope.WATCH_LISTS).credit_code
    query = "select from watch_list where list_id = %s and credit_code = %s and ended_at is null for update"
    if uow.sql(query, (list_id, code)).fetchone() is None:
        raise _unknown()
    return code


def _unknown() -> NotFound:
    return NotFound("watch-list-unknown", zh="没有这个关注名单", en="there is no such watch list")
