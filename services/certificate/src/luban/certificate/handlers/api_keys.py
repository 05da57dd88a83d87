"""Keys that employers check with: made, shown once, rotated, revoked; what was used under a credit code."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from luban.certificate.adapters.tables import ApiKey
from luban.certificate.domain.keys import Scope, already_revoked, parse_scopes, require_scope, require_usable
from luban.certificate.domain.question import token_hash
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork
from luban.reference.credit_code import parse_credit_code
from luban.reference.refusal import Forbidden, Invalid, NotFound
from luban.reference.rules import rule
from luban.reference.shanghai import shanghai_day
from luban.webkit.authentication import Principal, Role
from luban.webkit.paging import Page, PageRequest

KEY_BYTES = 32

USED = """
select day, used from webkit.quota_use where what = 'verification' and caller = convert_to(%s, 'UTF8')
order by day desc
"""


@dataclass(frozen=True, slots=True)
class KeyShown:
    """What the province and the employer see of a key."""

    key_id: UUID
    credit_code: str
    employer_name: str
    scopes: list[str]
    daily_quota: int
    created_at: datetime
    revoked_at: datetime | None
    expires_at: datetime | None
    rotated_from: UUID | None


@dataclass(frozen=True, slots=True)
class KeyMade(KeyShown):
    """A new key, the only time that it is shown."""

    key: str


@dataclass(frozen=True, slots=True)
class DayUsed:
    """Checks of one Shanghai day, those that were refused as too many among them."""

    day: date
    used: int


@dataclass(frozen=True, slots=True)
class Use:
    """What a credit code may ask and has asked."""

    credit_code: str
    daily_quota: int
    """The largest of its keys'; 0 where none counts any more."""
    used_today: int
    left_today: int
    days: list[DayUsed]
    """Those on which it asked, of the last thirty, newest first."""


class EmployerKeys:
    """Knows employers by their keys (webkit's ApiKeys); the principal's subject is the key's id."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    def find(self, key: str) -> Principal | None:
        """The employer whose key this is; None for an unknown, expired or revoked one."""
        with self._units.read(Cause("authentication")) as uow:
            row = uow.sql(
                "select key_id from api_key where key_hash = decode(%s, 'hex') and revoked_at is null"
                " and (expires_at is null or expires_at > eventkit.now())",
                (token_hash(key),),
            ).fetchone()
        return Principal(row[0], frozenset({Role.EMPLOYER})) if row else None


def make_key(
    uow: UnitOfWork,
    credit_code: str,
    employer_name: str,
    daily_quota: int,
    scopes: Collection[str] = (Scope.VERIFICATION,),
) -> KeyMade:
    """A new key. Raises `Invalid` for a credit code that cannot be, or scopes that are none."""
    return _made(
        uow,
        ApiKey(
            key_id=uow.new_id(),
            key_hash=b"",
            scopes=parse_scopes(scopes),
            credit_code=parse_credit_code(credit_code),
            employer_name=employer_name.strip(),
            daily_quota=daily_quota,
            created_at=uow.now(),
            created_by=uow.cause.actor,
        ),
    )


def rotate_key(uow: UnitOfWork, principal: Principal, key_id: UUID, overlap_hours: int) -> KeyMade:
    """A key that follows another, which counts for so many hours more; 0 ends it at once.

    Raises NotFound api-key-unknown, also for another employer's key, what `require_usable` raises, and `Invalid`
    api-key-overlap.
    """
    now = uow.now()
    most = rule("api_key.overlap_hours", shanghai_day(now))
    if not 0 <= overlap_hours <= most:
        raise Invalid(
            "api-key-overlap",
            zh="新旧密钥并用时间应为0至{most}小时",
            en="the old key counts for 0 to {most} hours more",
            most=most,
        )
    old = _locked(uow, principal, key_id)
    followed = uow.session.exec(select(ApiKey.key_id).where(ApiKey.rotated_from == key_id)).first()
    require_usable(old.revoked_at, old.expires_at, rotated=followed is not None)
    old.expires_at = now + timedelta(hours=overlap_hours)
    uow.session.add(old)
    return _made(
        uow,
        ApiKey(
            key_id=uow.new_id(),
            key_hash=b"",
            scopes=old.scopes,
            credit_code=old.credit_code,
            employer_name=old.employer_name,
            daily_quota=old.daily_quota,
            created_at=now,
            created_by=uow.cause.actor,
            rotated_from=old.key_id,
        ),
    )


def revoke_key(uow: UnitOfWork, principal: Principal, key_id: UUID) -> KeyShown:
    """From now on the key is nobody's. Raises NotFound api-key-unknown, Conflict api-key-already-revoked."""
    row = _locked(uow, principal, key_id)
    if row.revoked_at is not None:
        raise already_revoked()
    row.revoked_at, row.revoked_by = uow.now(), uow.cause.actor
    uow.session.add(row)
    return _shown(row)


def list_keys(uow: UnitOfWork, principal: Principal, paging: PageRequest) -> Page[KeyShown]:
    """All keys, oldest first; for an employer those of its credit code."""
    query = select(ApiKey).order_by(col(ApiKey.key_id)).limit(paging.fetch)
    if not principal.has(Role.PROVINCE_STAFF):
        query = query.where(ApiKey.credit_code == own_key(uow, principal).credit_code)
    after = paging.after(UUID)
    rows = uow.session.exec(query.where(col(ApiKey.key_id) > after[0]) if after else query).all()
    return paging.page(rows, key=lambda row: (row.key_id,), item=_shown)


def show_use(uow: UnitOfWork, principal: Principal, credit_code: str | None) -> Use:
    """Quota and use of a credit code; an employer's own, whatever it names.

    Raises `Invalid` for no credit code, NotFound api-key-unknown for one that never had a key.
    """
    if principal.has(Role.PROVINCE_STAFF):
        code = parse_credit_code(credit_code or "")
    else:
        code = own_key(uow, principal).credit_code
    now = uow.now()
    keys = uow.session.exec(select(ApiKey).where(ApiKey.credit_code == code)).all()
    if not keys:
        raise _unknown()
    quota = max((each.daily_quota for each in keys if _counts(each, now)), default=0)
    days = [DayUsed(*row) for row in uow.sql(USED, (code,)).fetchall()]
    used = next((each.used for each in days if each.day == shanghai_day(now)), 0)
    return Use(code, quota, used, max(0, quota - used), days)


def own_key(uow: UnitOfWork, principal: Principal, scope: Scope | None = None) -> ApiKey:
    """The key that an employer calls with. Raises Forbidden api-key-needed, api-key-scope."""
    row = uow.session.get(ApiKey, principal.subject)
    if row is None:
        raise Forbidden("api-key-needed", zh="请使用接口密钥", en="call with an API key")
    if scope is not None:
        require_scope(row.scopes, scope)
    return row


def _locked(uow: UnitOfWork, principal: Principal, key_id: UUID) -> ApiKey:
    row = uow.session.exec(select(ApiKey).where(ApiKey.key_id == key_id).with_for_update()).first()
    if row is None:
        raise _unknown()
    if not principal.has(Role.PROVINCE_STAFF) and own_key(uow, principal).credit_code != row.credit_code:
        raise _unknown()
    return row


def _made(uow: UnitOfWork, row: ApiKey) -> KeyMade:
    key = token_urlsafe(KEY_BYTES)
    row.key_hash = bytes.fromhex(token_hash(key))
    uow.session.add(row)
    return KeyMade(**asdict(_shown(row)), key=key)


def _counts(row: ApiKey, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _shown(row: ApiKey) -> KeyShown:
    return KeyShown(*_values(row))


def _values(row: ApiKey) -> tuple[Any, ...]:
    return (
        row.key_id, row.credit_code, row.employer_name, list(row.scopes), row.daily_quota, row.created_at,
        row.revoked_at, row.expires_at, row.rotated_from,
    )  # fmt: skip


def _unknown() -> NotFound:
    return NotFound("api-key-unknown", zh="没有这个接口密钥", en="there is no such API key")
