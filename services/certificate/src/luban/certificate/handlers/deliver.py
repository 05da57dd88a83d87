"""Delivers notices to webhooks: taken in one transaction, called outside of any, settled in another."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson

from luban.certificate.adapters.watching import Due, settle, take_due
from luban.certificate.domain.watching import TOLD
from luban.certificate.domain.webhooks import Target, parse_target, pause_after, signature
from luban.eventkit.sealing import UnsealError
from luban.eventkit.uow import UnitOfWork
from luban.reference.refusal import Invalid

AT_ONCE = 16
LEASE = timedelta(minutes=2)
"""Longer than a call may take: a worker that died with a call in hand leaves it to the next."""

DELIVERED = "DELIVERED"


@dataclass(frozen=True, slots=True)
class Call:
    """One signed request."""

    due: Due
    target: Target
    headers: dict[str, str]
    body: bytes


def take(uow: UnitOfWork, *, demo: bool) -> list[Call]:
    """Calls that are due. One whose webhook was taken away, or whose secret cannot be opened, is given up."""
    calls, now = [], uow.now()
    for due in take_due(uow, AT_ONCE, LEASE):
        try:
            calls.append(_call(uow, due, int(now.timestamp()), demo=demo))
        except (Invalid, UnsealError):
            settle(uow, due, "no-webhook", state="GIVEN_UP", settled_at=now, try_at=now)
    return calls


def settle_call(uow: UnitOfWork, call: Call, outcome: str, *, delivered: bool) -> None:
    """Records the attempt: delivered, to be tried again after a pause, or given up."""
    now = uow.now()
    pause = None if delivered else pause_after(call.due.attempts)
    if pause is not None:
        settle(uow, call.due, outcome, state="WAITING", settled_at=None, try_at=now + timedelta(seconds=pause))
    else:
        settle(uow, call.due, outcome, state=DELIVERED if delivered else "GIVEN_UP", settled_at=now, try_at=now)


def _call(uow: UnitOfWork, due: Due, timestamp: int, *, demo: bool) -> Call:
    target = parse_target(due.url or "", demo=demo)
    secret = uow.keyring.open_content(due.sealed_secret or b"", due.list_id.bytes).decode()
    body = _body(due)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "luban",
        "webhook-id": str(due.notice_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, str(due.notice_id), timestamp, body),
    }
    return Call(due, target, headers, body)


def _body(due: Due) -> bytes:
    """Nothing of the holder: the receiver knows the certificate, and asks again for what it says now."""
    told = {
        "notice_id": str(due.notice_id),
        "type": TOLD[due.change],
        "list_id": str(due.list_id),
        "certificate_no": due.certificate_no,
        "register_version": due.version,
        "at": _text(due.at),
    }
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
