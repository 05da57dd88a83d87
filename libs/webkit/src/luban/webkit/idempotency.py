"""Commands that run once however often they are sent, by their Idempotency-Key."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pydantic_core import from_json, to_json

from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import Invalid
from luban.webkit.answer import Answer

KEPT: Final = timedelta(days=7)
RETENTION_CLASS: Final = "candidate"
"""Answers repeat names and numbers of candidates, and are sealed as those are."""
MAX_KEY: Final = 128
REPLAYED: Final = "Idempotent-Replayed"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key of one caller on one route, with the digest of the request that carries it."""

    caller: str
    route: str
    key: str
    digest: bytes

    def __post_init__(self) -> None:
        if not (0 < len(self.key) <= MAX_KEY and self.key.isascii() and self.key.isprintable()):
            raise Invalid(
                "idempotency-key-invalid",
                zh="Idempotency-Key 须为 1 至 {limit} 个可打印的 ASCII 字符。",
                en="Idempotency-Key must be 1 to {limit} printable ASCII characters.",
                limit=MAX_KEY,
            )

    @property
    def associated(self) -> bytes:
        """What binds a sealed answer to its row."""
        return "\x1f".join((self.caller, self.route, self.key)).encode()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A key that this transaction has taken."""

    key: IdempotencyKey
    year: int
    """In Shanghai: what the sealing key is named by."""


def claim(uow: UnitOfWork, key: IdempotencyKey) -> Claimed | Answer:
    """Takes the key for this transaction, or gives the answer that an earlier one gave.

    A transaction that claims the same key at the same time waits here until this one ends. Needs READ COMMITTED.
    """
    claimed = uow.sql(
        "insert into webkit.idempotency (caller, route, key, request_digest, created_at)"
        " values (%s, %s, %s, %s, eventkit.now()) on conflict do nothing"
        " returning extract(year from created_at at time zone 'Asia/Shanghai')::integer",
        (key.caller, key.route, key.key, key.digest),
    ).fetchone()
    return Claimed(key, claimed[0]) if claimed else _stored(uow, key)


def keep(uow: UnitOfWork, claimed: Claimed, answer: Answer) -> None:
    """Stores the answer to a claimed key."""
    key = claimed.key
    uow.sql(
        "update webkit.idempotency set status = %s, media_type = %s, headers = %s, sealed = %s"
        " where (caller, route, key) = (%s, %s, %s)",
        (
            answer.status,
            answer.media_type,
            to_json(dict(answer.headers)).decode(),
            uow.keyring.seal_content(answer.content, RETENTION_CLASS, claimed.year, key.associated),
            key.caller,
            key.route,
            key.key,
        ),
    )


def forget_old(uow: UnitOfWork, batch: int = 1000) -> int:
    """Deletes up to `batch` answers older than `KEPT`; how many. For a worker's timer, until it returns fewer."""
    return uow.sql(
        "delete from webkit.idempotency where ctid in (select ctid from webkit.idempotency"
        " where created_at < eventkit.now() - %s order by created_at limit %s for update skip locked)",
        (KEPT, batch),
    ).rowcount


def _stored(uow: UnitOfWork, key: IdempotencyKey) -> Answer:
    row = uow.sql(
        "select request_digest, status, media_type, headers::text, sealed from webkit.idempotency"
        " where (caller, route, key) = (%s, %s, %s)",
        (key.caller, key.route, key.key),
    ).fetchone()
    assert row is not None, "a row that was in the way of an insert is visible after it"
    digest, status, media_type, headers, sealed = row
    if bytes(digest) != key.digest:
        raise Invalid(
            "idempotency-key-reused",
            zh="该 Idempotency-Key 已用于另一请求。",
            en="This Idempotency-Key was used for another request.",
        )
    content = uow.keyring.open_content(sealed, key.associated)
    return Answer(content, media_type, status, {**from_json(headers), REPLAYED: "true"})
