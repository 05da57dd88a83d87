"""Keys that employers check with: made, shown once, revoked."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from uuid import UUID

from sqlmodel import col, select

from luban.certificate.adapters.tables import ApiKey
from luban.certificate.handlers.verify import key_hash
from luban.eventkit.uow import UnitOfWork
from luban.reference.credit_code import parse_credit_code
from luban.reference.refusal import Conflict, NotFound
from luban.webkit.paging import Page, PageRequest

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyShown:
    """What the province sees of a key."""

    key_id: UUID
    credit_code: str
    employer_name: str
    daily_quota: int
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyMade(KeyShown):
    """A new key, the only time that it is shown."""

    key: str


def make_key(uow: UnitOfWork, credit_code: str, employer_name: str, daily_quota: int) -> KeyMade:
    """A key for checks. Raises `Invalid` for a credit code that cannot be."""
    key = token_urlsafe(KEY_BYTES)
    row = ApiKey(
        key_id=uow.new_id(),
        key_hash=bytes.fromhex(key_hash(key)),
        scope="verification",
        credit_code=parse_credit_code(credit_code),
        employer_name=employer_name.strip(),
        daily_quota=daily_quota,
        created_at=uow.now(),
        created_by=uow.cause.actor,
    )
    uow.session.add(row)
    return KeyMade(row.key_id, row.credit_code, row.employer_name, row.daily_quota, row.created_at, None, key)


def revoke_key(uow: UnitOfWork, key_id: UUID) -> KeyShown:
    """From now on the key is nobody's. Raises NotFound api-key-unknown, Conflict api-key-already-revoked."""
    row = uow.session.exec(select(ApiKey).where(ApiKey.key_id == key_id).with_for_update()).first()
    if row is None:
        raise NotFound("api-key-unknown", zh="没有这个接口密钥", en="there is no such API key")
    if row.revoked_at is not None:
        raise Conflict("api-key-already-revoked", zh="该接口密钥已吊销", en="this API key has been revoked already")
    row.revoked_at, row.revoked_by = uow.now(), uow.cause.actor
    uow.session.add(row)
    return _shown(row)


def list_keys(uow: UnitOfWork, paging: PageRequest) -> Page[KeyShown]:
    """All keys, oldest first."""
    query = select(ApiKey).order_by(col(ApiKey.key_id)).limit(paging.fetch)
    after = paging.after(UUID)
    rows = uow.session.exec(query.where(col(ApiKey.key_id) > after[0]) if after else query).all()
    return paging.page(rows, key=lambda row: (row.key_id,), item=_shown)


def _shown(row: ApiKey) -> KeyShown:
    return KeyShown(row.key_id, row.credit_code, row.employer_name, row.daily_quota, row.created_at, row.revoked_at)
