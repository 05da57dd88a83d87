"""Reads what the services say of a plan, as the people whom each of them answers."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import orjson
import psycopg

from luban.cli.load.client import Caller, Client
from luban.cli.load.compare.account import PlanAccount
from luban.cli.load.compare.due import Account
from luban.cli.load.compare.system import PlanSeen, Row, arrivals
from luban.cli.load.crew import Crew
from luban.cli.load.employers import MATCH, WITHDRAWN, Employer, Question, ask, caller_of
from luban.cli.load.faults import LoadError, Stopped
from luban.cli.load.ledger import Book
from luban.cli.load.plans.plan import SKILL
from luban.cli.load.world import OFFICE, Credentials, Official, hire

_POLL_SECONDS = 0.5
_RESPONSES = "select paper_id::text, position, response from response where paper_id = any(%s::uuid[])"


@dataclass
class Reader:
    """Whoever compares."""

    client: Client
    crew: Crew
    credentials: Credentials
    now: str | None
    """The stack's clock when the comparison began, ISO 8601 in UTC; None where it cannot be seen."""
    deadline: float
    """Until when what is missing is waited for, on the monotonic clock."""
    exam_database: str | None = None

    async def read(self, plan: PlanAccount, plan_id: str, book: Book) -> tuple[PlanSeen, list[str]]:
        """Everything about a plan, and what had not arrived when the time was up."""
        seen, missing = await self._until_quiet(plan, plan_id, book)
        await self._read_marks(plan, plan_id, seen, book)
        await self._do(partial(self._read_profile, seen, book, each.who, each.candidate_id) for each in _known(plan))
        await self._do(partial(self._read_paper, seen, book, each) for each in _handed_in(plan))
        if self.exam_database:
            seen.responses = await asyncio.to_thread(_stored_responses, self.exam_database, plan)
        return seen, missing

    async def check(self, plan: PlanAccount, seen: PlanSeen, employer: Employer, book: Book) -> None:
        """Asks about every certificate once, into the ledger, and reads what its holder sees of all checks."""
        people = plan.by_name()
        questions = [_question(row, people.get(row["name"])) for row in seen.certificates]
        pairs = zip(seen.certificates, questions, strict=True)
        await self._do(partial(self._check_one, seen, employer, book, row, question) for row, question in pairs)

    async def keys(self, book: Book) -> list[Row]:
        """All API keys, to the province."""
        office = self._caller(hire("province_staff"), book)
        return [row async for row in office.all("certificate", "/v1/api-keys")]

    async def _until_quiet(self, plan: PlanAccount, plan_id: str, book: Book) -> tuple[PlanSeen, list[str]]:
        while True:
            seen = await self._lists(plan, plan_id, book)
            missing = arrivals(seen, self.now)
            if not missing or time.monotonic() >= self.deadline:
                return seen, missing
            await asyncio.sleep(_POLL_SECONDS)

    async def _lists(self, plan: PlanAccount, plan_id: str, book: Book) -> PlanSeen:
        staff = self._caller(hire("body_staff", UUID(plan.body_id)), book)
        province = self._caller(hire("province_staff"), book)
        known = await staff.fetch("exam", f"/v1/plans/{plan_id}/entries", expect=(200, 404), limit=1)
        heard = known.status == httpx.codes.OK
        return PlanSeen(
            entries=[row async for row in staff.all("registration", f"/v1/plans/{plan_id}/entries")],
            listed=[row async for row in staff.all("exam", f"/v1/plans/{plan_id}/entries")] if heard else [],
            results=[row async for row in staff.all("exam", "/v1/results", plan_id=plan_id)] if heard else [],
            certificates=[row async for row in province.all("certificate", "/v1/certificates", plan_id=plan_id)],
        )

    async def _read_marks(self, plan: PlanAccount, plan_id: str, seen: PlanSeen, book: Book) -> None:
        if plan.panel is None or not plan.panel.acknowledged:
            return
        path = f"/v1/plans/{plan_id}/subjects/{SKILL}/marks"
        for rater in plan.raters:
            caller = self._caller(Official(UUID(rater), "rater", UUID(plan.body_id)), book)
            seen.marks[rater] = [row async for row in caller.all("exam", path)]

    async def _read_profile(self, seen: PlanSeen, book: Book, who: int, candidate_id: str) -> None:
        me = self._caller(Official(UUID(candidate_id), "candidate"), book)
        reply = await me.fetch("registration", "/v1/candidates/me", expect=(200, 404))
        if reply.status == httpx.codes.OK:
            seen.profiles[who] = orjson.loads(reply.body)

    async def _read_paper(self, seen: PlanSeen, book: Book, account: Account) -> None:
        assert account.hand_in is not None
        me = self._caller(Official(UUID(account.candidate_id), "candidate"), book)
        reply = await me.fetch("exam", f"/v1/papers/{account.hand_in.sent['paper_id']}", expect=(200, 404))
        if reply.status == httpx.codes.OK:
            seen.papers[account.who] = orjson.loads(reply.body)

    async def _check_one(self, seen: PlanSeen, employer: Employer, book: Book, row: Row, question: Question) -> None:
        number = row["certificate_no"]
        told = await ask(caller_of(employer, self.client, OFFICE, book), question, employer)
        seen.checks[number] = told["jws"]
        holder = self._caller(Official(UUID(row["candidate_id"]), "candidate"), book)
        path = f"/v1/certificates/{row['certificate_id']}/verifications"
        seen.logs[number] = [each async for each in holder.all("certificate", path)]

    async def _do(self, errands: Iterable[Any]) -> None:
        """Raises LoadError when somebody could not read: a comparison of less than everything is none."""
        stopped: list[Stopped] = await self.crew.do(errands)
        if stopped:
            raise LoadError(f"the comparison could not be finished: {len(stopped)} readings failed: {stopped[0]}")

    def _caller(self, official: Official, book: Book) -> Caller:
        return Caller(self.client, OFFICE, self.credentials.of(official), book)


def _question(row: Row, account: Account | None) -> Question:
    """By the whole number that the ledger knows of its holder."""
    due = WITHDRAWN if row["state"] == "WITHDRAWN" else MATCH
    if account is None:
        return Question(row["certificate_no"], "name", row["name"], due, None)
    return Question(row["certificate_no"], "id_no", account.id_no, due, account.who)


def _known(plan: PlanAccount) -> Iterable[Any]:
    return (each for each in plan.people.values() if each.candidate_id)


def _handed_in(plan: PlanAccount) -> Iterable[Account]:
    return (each for each in plan.people.values() if each.candidate_id and each.hand_in and each.hand_in.acknowledged)


def _stored_responses(url: str, plan: PlanAccount) -> list[tuple[str, int, Any]]:
    papers = [each.paper.got["paper_id"] for each in plan.people.values() if each.paper and each.paper.acknowledged]
    with psycopg.connect(url) as connection:
        return connection.execute(_RESPONSES, (papers,)).fetchall()
