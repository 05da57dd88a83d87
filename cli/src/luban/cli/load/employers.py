"""Employers check certificates, each with a key of its own; one by one their keys are revoked and others come."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from luban.cli.load.client import Caller, Client, Command
from luban.cli.load.faults import InDoubt, NotArrived
from luban.cli.load.ledger import Book
from luban.cli.load.pace import Schedule
from luban.cli.load.values import Values
from luban.cli.load.world import World

AT_A_TIME = 4
QUOTA = 10_000_000
"""Checks a day: the most that a key may have."""
MATCH, NO_MATCH, WITHDRAWN = "MATCH", "NO_MATCH", "WITHDRAWN"
KEY_REVOKED = "KEY_REVOKED"
"""What a check may be due to be told."""
_CODES = 1_000
_AGAIN_SECONDS = 0.2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Employer:
    """Somebody who checks."""

    key_id: str
    headers: bytes = field(repr=False)
    """With the key."""


@dataclass(frozen=True, slots=True)
class Question:
    """One check, and what it must be told."""

    certificate_no: str
    factor: str
    """name or id_no."""
    value: str = field(repr=False)
    due: str
    who: int | None
    """Whose certificate it is, where that is known."""


class Employers:
    """Those who have a key now."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._numbers = count()
        self._present: list[Employer] = []

    async def invite(self) -> None:
        """Gives keys until there are enough."""
        values = self._world.values
        while len(self._present) < AT_A_TIME:
            number = next(self._numbers)
            name = f"负载试验用人单位{values.block:04d}-{number}"
            self._present.append(await give_key(self._office, name, values.credit_code("A", number % _CODES)))

    async def turn_over(self, question: Question | None) -> None:
        """Gives another key, revokes the oldest, and asks with it once more; nobody may be asking meanwhile.

        Where an earlier turn was refused its keys, those are given first, and none is revoked. Raises Stopped.
        """
        if len(self._present) < AT_A_TIME:
            await self.invite()
            return
        gone = self._present.pop(0)
        await self.invite()
        await revoke_key(self._office, gone)
        if question is not None:
            await ask(caller_of(gone, self._world.client, self._office.schedule, self._office.book), question, gone)

    async def ask(self, question: Question, turn: int, book: Book) -> None:
        """One of them asks; `turn` decides which."""
        if not self._present:
            raise NotArrived("no employer has a key")
        employer = self._present[turn % len(self._present)]
        await ask(caller_of(employer, self._world.client, self._world.crew.schedule, book), question, employer)

    @property
    def _office(self) -> Caller:
        return self._world.caller(self._world.province, self._world.ledger.run)


def caller_of(employer: Employer, client: Client, schedule: Schedule, book: Book) -> Caller:
    """An employer's way to the register."""
    return Caller(client, schedule, employer.headers, book)


async def give_key(office: Caller, name: str, credit_code: str) -> Employer:
    """The province makes a key. One whose answer was lost is nobody's, and another is made, under another name."""

    async def order() -> Employer:
        named = f"{name} {office.book.new_name()}"
        order = {"credit_code": credit_code, "employer_name": named, "daily_quota": QUOTA}
        command = Command("api_keys", "certificate", "POST", "/v1/api-keys", order, once=True)
        told = await office.do(command, order, lambda told: {"key_id": told["key_id"]})
        return Employer(told["key_id"], f"X-API-Key: {told['key']}\r\n".encode())

    return await _until_answered(office, order)


async def revoke_key(office: Caller, employer: Employer) -> None:
    """The province ends a key."""
    command = Command("key_revocations", "certificate", "POST", f"/v1/api-keys/{employer.key_id}/revoke")
    await office.do(command, {"key_id": employer.key_id}, lambda told: {"revoked_at": told["revoked_at"]})


async def ask(caller: Caller, question: Question, employer: Employer) -> Mapping[str, Any]:
    """Asks until it is answered, each time for another purpose: a repeated check is another check. Raises InDoubt,
    Refused. The signed answer goes into the ledger."""
    return await _until_answered(caller, lambda: _ask_once(caller, question, employer))


async def _ask_once(caller: Caller, question: Question, employer: Employer) -> Mapping[str, Any]:
    purpose = f"招聘核验 {caller.book.new_name()}"
    asked = {"certificate_no": question.certificate_no, question.factor: question.value, "purpose": purpose}
    sent = {**asked, "who": question.who, "due": question.due, "key_id": employer.key_id}
    expect = (401,) if question.due == KEY_REVOKED else (200,)
    command = Command("verifications", "certificate", "POST", "/v1/verifications", asked, expect=expect, once=True)
    told: Mapping[str, Any] = await caller.do(command, sent, lambda told: {"jws": told.get("jws")})
    return told


async def _until_answered(caller: Caller, attempt: Callable[[], Awaitable[T]]) -> T:
    """What has no answer stays in doubt, and is done anew until the patience ends."""
    gives_up = time.monotonic() + caller.client.patience.command
    while True:
        try:
            return await attempt()
        except InDoubt:
            if time.monotonic() >= gives_up:
                raise
        await caller.schedule.rest(_AGAIN_SECONDS)


def spare_credit_code(block: int) -> str:
    """For a key that is no employer's of the run's: the comparison's own."""
    return Values(block, 0).credit_code("A", _CODES - 1)
