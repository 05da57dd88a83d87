"""Over 10,000 checks an unknown number and a wrong factor cannot be told apart by content, size or time.

The two kinds are asked in turn, in an order that changes, so that whatever else the machine does falls on both alike;
compared is the rank of their times (Mann-Whitney), which outliers do not move. Of 5,000 against 5,000 that share has a
standard error of 0.006 when nothing differs: the bound is five of them, and a planted difference must break it. The
time is taken without the commit, whose noise would hide what is looked for: by the clock, as an attacker would, and
by the processor, which sees a difference also where the machine is busy and an attacker would not.
"""

import json
import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from luban.certificate.adapters import checks
from luban.certificate.adapters.checks import Found, LookedUp
from luban.certificate.adapters.signing import Signer
from luban.certificate.domain.question import Question, parse_question
from luban.certificate.handlers.verify import Answered, Check, Verifying
from luban.eventkit.async_uow import AsyncUnitsOfWork
from luban.proofs.local_key import LocalSigner
from tests.integration.certificate.rig import Register, confirmed, level_plan

pytestmark = pytest.mark.anyio

LEVELS, OF_EACH_LEVEL = range(1, 6), 100
EACH = 5_000
BOUND = 0.03
UNKNOWN, WRONG = "unknown number", "wrong factor"


def _share_slower(one: list[float], other: list[float]) -> float:
    """How often a time of `one` is longer than one of `other`; 0.5 where nothing differs."""
    merged = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(place for place, (_, kind) in enumerate(merged, 1) if kind == 0)
    return (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


class Asking:
    """Asks both kinds of misses; every number, known or not, is asked equally often."""

    def __init__(self, register: Register, units: AsyncUnitsOfWork) -> None:
        self._units = units
        known = register.numbers()
        self._numbers = {WRONG: known, UNKNOWN: [f"{number[:16]}9{number[17:]}" for number in known]}
        self._turn = 0

    async def shares(self, verifying: Verifying, each: int) -> tuple[float, float, set[str]]:
        """How often an unknown number takes longer than a wrong factor, by the clock and by the processor, and the
        shapes of all answers."""
        times: dict[str, list[tuple[float, float]]] = {UNKNOWN: [], WRONG: []}
        shapes, kinds, order = set(), [UNKNOWN, WRONG], random.Random(7)
        for _ in range(each):
            self._turn += 1
            order.shuffle(kinds)
            for kind in kinds:
                took, body = await self._ask(verifying, kind)
                times[kind].append(took)
                shapes.add(_shape(body))
        by_clock, by_processor = (
            _share_slower([took[which] for took in times[UNKNOWN]], [took[which] for took in times[WRONG]])
            for which in (0, 1)
        )
        return by_clock, by_processor, shapes

    async def _ask(self, verifying: Verifying, kind: str) -> tuple[tuple[float, float], bytes]:
        numbers = self._numbers[kind]
        number = numbers[self._turn % len(numbers)]
        question = parse_question({"certificate_no": number, "name": f"王{self._turn:x}", "purpose": "试"})
        check = Check(question, f"{self._turn:066x}", has_key=False)
        async with self._units.begin() as uow:
            begun, worked = time.perf_counter(), time.thread_time()
            (outcome,) = await verifying.answer(uow, [check])
            took = time.perf_counter() - begun, time.thread_time() - worked
        assert isinstance(outcome, Answered), outcome
        return took, outcome.body


def _shape(body: bytes) -> str:
    """The body's size, and its content without what differs from check to check."""
    told: dict[str, Any] = json.loads(body)["answer"]
    told["asked"]["certificate_no"] = len(told["asked"]["certificate_no"])
    return f"{len(body)} {json.dumps(told | {'as_of': len(told['as_of']), 'verification_id': 36}, sort_keys=True)}"


class Careless(Verifying):
    """What anybody would write who did not think of time: for a number that is not there, no work is done."""

    def _holder_name(self, found: Found | None) -> str:
        return super()._holder_name(found) if found else ""

    def _recognised(self, question: Question, found: Found) -> bool:
        return bool(found.certificate_no) and super()._recognised(question, found)


async def _only_exact(*asked: Any) -> LookedUp:
    found = await _LOOK_UP(*asked)
    return replace(found, near={number: each for number, each in found.near.items() if each.certificate_no == number})


_LOOK_UP = checks.look_up


@pytest.fixture
async def asking(register: Register) -> AsyncIterator[Asking]:
    """A register of certificates of all levels, so that unknown numbers lie before, between and after them."""
    for level in LEVELS:
        plan = level_plan(level=level)
        register.apply(*[register.arrive(confirmed(plan)) for _ in range(OF_EACH_LEVEL)])
    units = AsyncUnitsOfWork(register.settings.database, 1)
    async with units.open():
        yield Asking(register, units)


async def test_ten_thousand_misses_are_alike_and_a_planted_difference_is_seen(
    register: Register, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, signer = register.units.keyring, Signer(LocalSigner.generate())
    verifying, careless = (kind(ring, signer, 10**6, lambda: None) for kind in (Verifying, Careless))
    await asking.shares(verifying, 250)
    by_clock, by_processor, shapes = await asking.shares(verifying, EACH)
    print(f"alike: the unknown number is slower {by_clock:.1%} by the clock, {by_processor:.1%} by the processor")
    assert len(shapes) == 1, shapes
    assert abs(by_clock - 0.5) < BOUND, f"an unknown number is the slower one {by_clock:.1%} of the time"
    assert abs(by_processor - 0.5) < BOUND, f"an unknown number is more work {by_processor:.1%} of the time"
    monkeypatch.setattr(checks, "look_up", _only_exact)
    by_clock, by_processor, _ = await asking.shares(careless, EACH // 4)
    print(f"planted: {by_clock:.1%} by the clock, {by_processor:.1%} by the processor")
    assert abs(by_processor - 0.5) > 2 * BOUND, f"the planted difference shows in {by_processor:.1%} only"
