"""Answers checks, many in one transaction: callers counted, certificates found, every check recorded, answers signed.

An unknown number, a wrong factor and a number of no format do the same work and get the same answer: the certificate
that follows the unknown number is fetched, unsealed, compared and masked like one that was asked for.

Guesses are bounded by number as well as by caller: a number whose factor was missed too often today is not answered any
more. What strangers miss counts together and stops strangers only; each key has a count of its own, so that nobody can
shut an employer out.

Counts are read before a batch and written after it, so that batches under way at one moment do not wait for each other.
Where that would let a bound be passed, the later batch is answered anew.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from math import ceil
from typing import Any, ClassVar
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from luban.certificate.adapters import checks
from luban.certificate.adapters.checks import Caller, Found, LookedUp, Use
from luban.certificate.adapters.consents import borne
from luban.certificate.adapters.signing import Signer
from luban.certificate.domain.answer import NO_MATCH, UNREGISTERED, answer
from luban.certificate.domain.consent import NOT_VALID, Consent
from luban.certificate.domain.question import FactorKind, Question
from luban.eventkit.async_uow import AsyncUnitOfWork
from luban.eventkit.ids import new_id_text
from luban.eventkit.sealing import KeyRing, UnsealError
from luban.events.v1.common_pb2 import PersonalData
from luban.reference.rules import rule
from luban.reference.shanghai import end_of_day, shanghai_day

HASH_BYTES = 33
NOBODY = UUID(int=0)
MOST_MISSED = {False: "verification.missed_per_number", True: "verification.missed_per_number_and_key"}


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
    outcome: str
    """What was answered: VALID, SUSPENDED, WITHDRAWN or NO_MATCH."""


class KeyUnknown:
    """The key is unknown, was revoked, or may not ask this."""

    outcome = "KEY_UNKNOWN"


@dataclass(frozen=True, slots=True)
class QuotaUsedUp:
    """The caller's checks of the day are used up."""

    daily_quota: int
    seconds: int
    """Until the next Shanghai day."""
    outcome: ClassVar[str] = "QUOTA_USED_UP"


@dataclass(frozen=True, slots=True)
class NumberUsedUp:
    """The number's factor was missed too often today."""

    most: int
    seconds: int
    """Until the next Shanghai day."""
    outcome: ClassVar[str] = "NUMBER_USED_UP"


Outcome = Answered | KeyUnknown | QuotaUsedUp | NumberUsedUp


class Verifying:
    """The handler, with what it answers by."""

    def __init__(
        self, ring: KeyRing, signer: Signer, public_daily_quota: int, checkpoint: Callable[[], str | None]
    ) -> None:
        """`checkpoint` gives the public log's newest signed note, or None before the first."""
        self._checkpoint = checkpoint
        self._ring = ring
        self._signer = signer
        self.public_daily_quota = public_daily_quota
        self._stand_in, self._stand_in_ring = _stand_in(ring)

    async def answer(self, uow: AsyncUnitOfWork, batch: Sequence[Check]) -> list[Outcome]:
        """One outcome for each check, in order. What is answered counts once the transaction is committed.

        Raises Overtaken when another batch used up a bound meanwhile: roll back, and answer the batch again.
        """
        keys = {check.caller for check in batch if check.has_key}
        addresses = {check.caller for check in batch if not check.has_key}
        tried = [self._tried(check) for check in batch]
        asked = {key: check.question.looked_up for key, check in zip(tried, batch, strict=True)}
        looked_up = await checks.look_up(uow, keys, addresses, asked)
        tokens = {check.question.consent for check in batch if check.question.consent}
        answering = _Answering(self, looked_up, await borne(uow, looked_up.at, tokens))
        outcomes = [answering.outcome(check, key) for check, key in zip(batch, tried, strict=True)]
        await checks.record(uow, looked_up.at, answering.rows, answering.uses)
        return outcomes

    def answered(
        self, check: Check, caller: Caller, near: Found | None, consent: Consent | None, as_of: str
    ) -> tuple[Answered, dict[str, Any]]:
        """A signed answer, and the row that records the check. `near` may be another certificate's."""
        question, verification_id = check.question, new_id_text()
        registered = near.registered if near else UNREGISTERED
        name = self._holder_name(near)
        facts = registered.facts(name)
        found = near is not None and near.certificate_no == question.looked_up
        matches = self._recognised(question, near or self._stand_in) and found
        covered = consent is not None and consent.covers(
            caller.credit_code, registered.certificate_id, question.purpose
        )
        if question.consent:
            facts |= consent.facts(name) if consent and covered else NOT_VALID
        payload = orjson.dumps(
            answer(question, facts if matches else None, as_of=as_of, verification_id=verification_id) | self._logged(),
            option=orjson.OPT_SORT_KEYS,
        )
        row: dict[str, Any] = {
            "verification_id": verification_id,
            "certificate_id": registered.certificate_id if matches else None,
            "caller_kind": "EMPLOYER" if check.has_key else "PUBLIC",
            "key_id": caller.key_id,
            "credit_code": caller.credit_code,
            "purpose": question.purpose,
            "factor": question.factor.value,
            "outcome": registered.state if matches else NO_MATCH,
            "lawful_ground": question.lawful_ground,
            "consent_id": consent.consent_id if matches and covered and consent else None,
        }
        body = b'{"answer":' + payload + b',"jws":"' + self._signer.sign(payload) + b'"}'
        return Answered(body, row["outcome"]), row

    def _logged(self) -> dict[str, str]:
        """The public log's state, which binds the register to what it shows everybody else."""
        note = self._checkpoint()
        return {} if note is None else {"checkpoint": note}

    def _tried(self, check: Check) -> str:
        """Hexadecimal keyed hash of what misses are counted by: the number, for a key holder with the key."""
        caller = check.caller if check.has_key else ""
        return self._ring.lookup_hash("verification.tried", check.question.certificate_no, caller).hex()

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

    def __init__(self, verifying: Verifying, looked_up: LookedUp, consents: Mapping[str, Consent]) -> None:
        self._verifying = verifying
        self._looked_up = looked_up
        self._consents = consents
        at = looked_up.at
        self._as_of = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        today = shanghai_day(at)
        self._seconds_left = ceil((end_of_day(today) - at).total_seconds())
        self._most_missed = {has_key: rule(name, today) for has_key, name in MOST_MISSED.items()}
        self._uses: dict[tuple[str, str], Use] = {}
        self.rows: list[dict[str, Any]] = []

    @property
    def uses(self) -> list[Use]:
        """What this batch adds to the counts of the day."""
        return [use for use in self._uses.values() if use.n]

    def outcome(self, check: Check, tried: str) -> Outcome:
        """What this check gets."""
        caller = self._looked_up.callers.get(check.caller)
        if caller is None:
            return KeyUnknown()
        quota = self._verifying.public_daily_quota if caller.daily_quota is None else caller.daily_quota
        counted_as = caller.credit_code.encode().hex() if caller.credit_code else check.caller
        asked = self._use(checks.ASKED, counted_as, caller.used, quota)
        asked.n += 1
        if asked.before + asked.n > quota:
            return QuotaUsedUp(quota, self._seconds_left)
        most = self._most_missed[check.has_key]
        missed = self._use(checks.MISSED, tried, self._looked_up.missed.get(tried, 0), most)
        if missed.before + missed.n >= most:
            return NumberUsedUp(most, self._seconds_left)
        return self._answered(check, caller, missed)

    def _use(self, what: str, caller: str, before: int, most: int) -> Use:
        use = self._uses.get((what, caller))
        if use is None:
            use = self._uses[what, caller] = Use(what, caller, before)
        use.bounds.add(most)
        return use

    def _answered(self, check: Check, caller: Caller, missed: Use) -> Answered:
        question = check.question
        near, consent = self._looked_up.near.get(question.looked_up), self._consents.get(question.consent or "")
        answered, row = self._verifying.answered(check, caller, near, consent, self._as_of)
        if answered.outcome == NO_MATCH:
            missed.n += 1
        self.rows.append(row)
        return answered


def _stand_in(ring: KeyRing) -> tuple[Found, KeyRing]:
    own = KeyRing({"stand-in-0": AESGCM(os.urandom(32))}, ring.lookup, ring.current_lookup)
    sealed = own.seal_column(PersonalData(name="无此人", id_no="0" * 18), "stand-in", 0, NOBODY)
    return Found("", sealed, os.urandom(HASH_BYTES), os.urandom(HASH_BYTES), UNREGISTERED), own
