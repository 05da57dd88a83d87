"""Answers checks, many in one transaction: callers counted, certificates found, every check recorded, answers signed.

An unknown number, a wrong factor and a number of no format do the same work and get the same answer: what stands in
for the missing certificate is unsealed, compared and masked like any other.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from math import ceil
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from luban.certificate.adapters import checks
from luban.certificate.adapters.checks import Caller, Found
from luban.certificate.adapters.signing import Signer
from luban.certificate.domain.answer import NO_MATCH, UNREGISTERED, answer
from luban.certificate.domain.question import FactorKind, Question
from luban.eventkit.async_uow import AsyncUnitOfWork
from luban.eventkit.ids import new_id
from luban.eventkit.sealing import KeyRing, UnsealError
from luban.events.v1.common_pb2 import PersonalData
from luban.reference.shanghai import end_of_day, shanghai_day

HASH_BYTES = 33
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Check:
    """One check with who asks it."""

    question: Question
    caller: str
    """Hexadecimal hash of the API key, or keyed hash of the network address."""
    has_key: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """The body of the answer, signed."""

    body: bytes


class KeyUnknown:
    """The key is unknown, was revoked, or may not ask this."""


@dataclass(frozen=True, slots=True)
class QuotaUsedUp:
    """The caller's checks of the day are used up."""

    daily_quota: int
    seconds: int
    """Until the next Shanghai day."""


Outcome = Answered | KeyUnknown | QuotaUsedUp


def key_hash(api_key: str) -> str:
    """How keys are stored: they are 256 random bits, so a plain SHA-256 cannot be guessed."""
    return sha256(api_key.encode()).hexdigest()


class Verifying:
    """The handler, with what it answers by."""

    def __init__(self, ring: KeyRing, signer: Signer, public_daily_quota: int) -> None:
        self._ring = ring
        self._signer = signer
        self.public_daily_quota = public_daily_quota
        self._stand_in, self._stand_in_ring = _stand_in(ring)

    async def answer(self, uow: AsyncUnitOfWork, batch: Sequence[Check]) -> list[Outcome]:
        """One outcome for each check, in order. What is answered counts once the transaction is committed."""
        keys = Counter(check.caller for check in batch if check.has_key)
        addresses = Counter(check.caller for check in batch if not check.has_key)
        numbers = {check.question.looked_up for check in batch}
        at, callers, found = await checks.look_up(uow, keys, addresses, numbers)
        answering = _Answering(self, callers, found, at)
        outcomes = [answering.outcome(check) for check in batch]
        await checks.record(uow, at, answering.rows)
        return outcomes

    def answered(
        self, check: Check, caller: Caller, found: Found | None, as_of: str
    ) -> tuple[Answered, dict[str, Any]]:
        """A signed answer, and the row that records the check."""
        question, verification_id = check.question, str(new_id())
        registered = found.registered if found else UNREGISTERED
        facts = registered.facts(self._holder_name(found))
        matches = self._recognised(question, found or self._stand_in) and found is not None
        payload = orjson.dumps(
            answer(question, facts if matches else None, as_of=as_of, verification_id=verification_id),
            option=orjson.OPT_SORT_KEYS,
        )
        row = {
            "verification_id": verification_id,
            "certificate_id": registered.certificate_id if matches else None,
            "caller_kind": "EMPLOYER" if check.has_key else "PUBLIC",
            "key_id": caller.key_id,
            "credit_code": caller.credit_code,
            "purpose": question.purpose,
            "factor": question.factor.value,
            "outcome": registered.state if matches else NO_MATCH,
        }
        return Answered(b'{"answer":' + payload + b',"jws":"' + self._signer.sign(payload) + b'"}'), row

    def _recognised(self, question: Question, found: Found) -> bool:
        """Compares every spelling under every look-up key, in constant time."""
        stored = found.name_hash if question.factor is FactorKind.NAME else found.id_hash
        same = False
        for spelling in question.spellings:
            for asked in self._ring.lookup_hashes(*spelling):
                same |= compare_digest(asked, stored)
        return same

    def _holder_name(self, found: Found | None) -> str:
        """Empty where the key that sealed the name was destroyed at the end of its retention."""
        try:
            if found is None:
                return self._stand_in_ring.open_column(self._stand_in.personal, NOBODY).name
            return self._ring.open_column(found.personal, UUID(found.registered.certificate_id)).name
        except UnsealError:
            return ""


class _Answering:
    """One batch: admits by quota, in order, and gathers what must be recorded."""

    def __init__(
        self, verifying: Verifying, callers: Mapping[str, Caller], found: Mapping[str, Found], at: datetime
    ) -> None:
        self._verifying = verifying
        self._callers = callers
        self._found = found
        self._as_of = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        self._seconds_left = ceil((end_of_day(shanghai_day(at)) - at).total_seconds())
        self._asked: Counter[str] = Counter()
        self.rows: list[dict[str, Any]] = []

    def outcome(self, check: Check) -> Outcome:
        """What this check gets."""
        caller = self._callers.get(check.caller)
        if caller is None:
            return KeyUnknown()
        quota = self._verifying.public_daily_quota if caller.daily_quota is None else caller.daily_quota
        counted_as = caller.credit_code or check.caller
        self._asked[counted_as] += 1
        if caller.used + self._asked[counted_as] > quota:
            return QuotaUsedUp(quota, self._seconds_left)
        found = self._found.get(check.question.looked_up)
        answered, row = self._verifying.answered(check, caller, found, self._as_of)
        self.rows.append(row)
        return answered


def _stand_in(ring: KeyRing) -> tuple[Found, KeyRing]:
    own = KeyRing({"stand-in-0": AESGCM(os.urandom(32))}, ring.lookup, ring.current_lookup)
    sealed = own.seal_column(PersonalData(name="无此人", id_no="0" * 18), "stand-in", 0, NOBODY)
    return Found(sealed, os.urandom(HASH_BYTES), os.urandom(HASH_BYTES), UNREGISTERED), own
