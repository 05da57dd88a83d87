"""The history of a signing key: the current one, the retired ones and their times, and what each signature is worth.

Published as a JWK set with the members `nbf`, `exp` and `revoked` of OpenID Federation 1.0 §8.7.2 (whole seconds since
1970) and one of our own, `luban_ended`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from luban.proofs.signing import PublicKey
from luban.reference.refusal import Conflict, Invalid, NotFound

MOST_KEYS = 1000
"""Keys in one history; a longer one is refused."""


class End(StrEnum):
    """Why a key stopped to sign."""

    ROTATED = "rotated"
    LOST = "lost"
    """Nobody has the private key any more. What it signed stays good."""
    COMPROMISED = "compromised"
    """Somebody else may have it."""


class Standing(StrEnum):
    """What a signature that holds is worth."""

    COUNTS = "counts"
    UNKNOWN_KEY = "unknown-key"
    BEFORE_KEY = "before-key"
    """Dated before the key was in use."""
    AFTER_KEY = "after-key"
    """Dated after the key stopped to sign."""
    COMPROMISED = "compromised"
    """Dated after the key was compromised, or before, but nothing proves that date."""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """One key and the half-open interval [valid_from, ended_at) in which it signed; instants in whole seconds, UTC."""

    public_key: PublicKey
    valid_from: datetime
    ended_at: datetime | None = None
    end: End | None = None
    compromised_from: datetime | None = None
    """From this moment on somebody else may have signed."""

    def judge(self, signed_at: datetime, logged_at: datetime | None) -> Standing:
        """As `KeyHistory.judge`."""
        if self.compromised_from is not None and (logged_at is None or logged_at >= self.compromised_from):
            return Standing.COMPROMISED
        if signed_at < self.valid_from:
            return Standing.BEFORE_KEY
        if self.ended_at is not None and signed_at >= self.ended_at:
            return Standing.AFTER_KEY
        return Standing.COUNTS


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """Every key of one purpose, oldest first. At most the last one signs."""

    records: tuple[KeyRecord, ...] = ()

    @property
    def current(self) -> KeyRecord | None:
        """The key that signs; None before the first, and after a loss or compromise until the next rotation."""
        last = self.records[-1] if self.records else None
        return last if last is not None and last.ended_at is None else None

    def find(self, key_id: str) -> KeyRecord | None:
        """The record of a key."""
        return next((record for record in self.records if record.public_key.key_id == key_id), None)

    def judge(self, key_id: str, signed_at: datetime, logged_at: datetime | None = None) -> Standing:
        """What a signature that holds is worth.

        `signed_at` is the time it bears, which its signer could choose. `logged_at` is a time that the public log
        proves it existed at, and nobody could choose. Of a key that was ever compromised only what was logged before
        counts.
        """
        record = self.find(key_id)
        return Standing.UNKNOWN_KEY if record is None else record.judge(signed_at, logged_at)

    def rotate(self, public_key: PublicKey, at: datetime, grace: timedelta = timedelta()) -> "KeyHistory":
        """The new key signs from `at` on. What the current one signs counts for `grace` more: so long processes may
        take to hear of the new one.

        Raises `Conflict` key-already-known and key-time-order (before what happened last).
        """
        at = _whole_second(at)
        if self.find(public_key.key_id) is not None:
            raise Conflict("key-already-known", zh="该密钥已在用或用过", en="this key is or was in use")
        self._require_later(at)
        ended = [_ended(record, End.ROTATED, at + grace) for record in self.records]
        return KeyHistory((*ended, KeyRecord(public_key, at)))

    def lose(self, key_id: str, at: datetime) -> "KeyHistory":
        """The private key is gone. Raises `NotFound` key-unknown, `Conflict` key-time-order."""
        at = _whole_second(at)
        if self.find(key_id) == self.current:
            self._require_later(at)
        return self._with(key_id, lambda record: _ended(record, End.LOST, at))

    def compromise(self, key_id: str, since: datetime, at: datetime) -> "KeyHistory":
        """From `since` on somebody else may have signed; `at` is when that was found. Said twice, the earlier counts.

        Raises `NotFound` key-unknown, `Conflict` key-time-order (since after at).
        """
        since, at = _whole_second(since), _whole_second(at)
        if since > at:
            raise _out_of_order()
        return self._with(key_id, lambda record: _compromised(record, since, at))

    def jwks(self) -> dict[str, Any]:
        """The published key set, newest key first."""
        return {"keys": [_published(record) for record in reversed(self.records)]}

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, Any]) -> "KeyHistory":
        """Reads a published set. Raises `Invalid` key-set-malformed, and as PublicKey.from_jwk."""
        keys = jwks.get("keys")
        if not isinstance(keys, list) or len(keys) > MOST_KEYS or not all(isinstance(key, dict) for key in keys):
            raise _malformed()
        records = tuple(_read(key) for key in reversed(keys))
        if len({record.public_key.key_id for record in records}) != len(records):
            raise _malformed()
        if [record.valid_from for record in records] != sorted(record.valid_from for record in records):
            raise _malformed()
        if any(record.ended_at is None for record in records[:-1]):
            raise _malformed()
        return cls(records)

    def _with(self, key_id: str, change: Callable[[KeyRecord], KeyRecord]) -> "KeyHistory":
        if self.find(key_id) is None:
            raise NotFound("key-unknown", zh="没有这个密钥", en="there is no such key")
        changed = (change(record) if record.public_key.key_id == key_id else record for record in self.records)
        return KeyHistory(tuple(changed))

    def _require_later(self, at: datetime) -> None:
        times = [time for record in self.records[-1:] for time in (record.valid_from, record.ended_at) if time]
        if any(at < time for time in times):
            raise _out_of_order()


def _ended(record: KeyRecord, end: End, at: datetime) -> KeyRecord:
    return record if record.ended_at is not None else replace(record, ended_at=at, end=end)


def _compromised(record: KeyRecord, since: datetime, at: datetime) -> KeyRecord:
    earliest = min(since, record.compromised_from or since)
    ended_at = min(at, record.ended_at or at)
    return replace(record, ended_at=ended_at, end=End.COMPROMISED, compromised_from=earliest)


def _published(record: KeyRecord) -> dict[str, Any]:
    published: dict[str, Any] = {**record.public_key.jwk(), "nbf": int(record.valid_from.timestamp())}
    if record.ended_at is not None and record.end is not None:
        published |= {"exp": int(record.ended_at.timestamp()), "luban_ended": record.end.value}
    if record.compromised_from is not None:
        revoked_at = int(record.compromised_from.timestamp())
        published["revoked"] = {"revoked_at": revoked_at, "reason": "compromised"}
    return published


def _read(jwk: Mapping[str, Any]) -> KeyRecord:
    ended_at, revoked = _optional_instant(jwk, "exp"), jwk.get("revoked")
    end = next((end for end in End if end == jwk.get("luban_ended")), None)
    compromised_from = None
    if revoked is not None:
        if not isinstance(revoked, dict) or revoked.get("reason") != "compromised":
            raise _malformed()
        compromised_from = _instant(revoked.get("revoked_at"))
    sound = (ended_at is None) == (end is None) and (compromised_from is None) == (end is not End.COMPROMISED)
    if not sound:
        raise _malformed()
    return KeyRecord(PublicKey.from_jwk(jwk), _instant(jwk.get("nbf")), ended_at, end, compromised_from)


def _optional_instant(jwk: Mapping[str, Any], member: str) -> datetime | None:
    return _instant(jwk[member]) if member in jwk else None


def _instant(seconds: object) -> datetime:
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds < 2**33:
        raise _malformed()
    return datetime.fromtimestamp(seconds, UTC)


def _whole_second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def _out_of_order() -> Conflict:
    return Conflict("key-time-order", zh="时间早于密钥的上一次变更", en="that is before the last change of the keys")


def _malformed() -> Invalid:
    return Invalid("key-set-malformed", zh="公钥集格式不正确", en="this is no published key set")
