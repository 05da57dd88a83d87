"""The whole comparison, a plan at a time, so that memory does not grow with the number of people."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC

import psycopg

from luban.cli.clock import read_clocks
from luban.cli.fsck.check import Check
from luban.cli.load.client import Caller, Client, Patience
from luban.cli.load.compare.account import read_account
from luban.cli.load.compare.assessment import compare_assessment
from luban.cli.load.compare.checks import compare_checks, compare_revoked
from luban.cli.load.compare.entries import compare_entries
from luban.cli.load.compare.fsck import fsck
from luban.cli.load.compare.keys import compare_keys
from luban.cli.load.compare.numbers import Numbers
from luban.cli.load.compare.readings import Reader
from luban.cli.load.compare.register import compare_register
from luban.cli.load.compare.signatures import Keys, published
from luban.cli.load.compare.tally import Tally
from luban.cli.load.crew import Crew
from luban.cli.load.employers import Employer, give_key, revoke_key, spare_credit_code
from luban.cli.load.faults import LoadError, Stopped
from luban.cli.load.figures import Figures
from luban.cli.load.ledger import RUN, Ledger
from luban.cli.load.pace import Schedule
from luban.cli.load.reading import plan_books, read_book, read_run
from luban.cli.load.target import Target
from luban.cli.load.world import OFFICE, Credentials, hire
from luban.cli.stack import StackError

Report = Callable[[str], None]


@dataclass
class Comparison:
    """What it came to."""

    checks: list[Check] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What had not arrived when the time to wait was up."""
    fsck: list[Check] | None = None
    """None where databases and topics are not at hand."""

    @property
    def violations(self) -> int:
        """Of the ledger and of fsck."""
        return sum(each.violations for each in (*self.checks, *(self.fsck or ())))

    @property
    def ok(self) -> bool:
        """Whether system and ledger agree."""
        return not self.missing and not self.violations


async def compare(
    ledger: Ledger, target: Target, patience: Patience, clients: int, quiet_seconds: float, report: Report
) -> Comparison:
    """Waits until the system is quiet, at most `quiet_seconds`, and compares. Raises LoadError when it cannot."""
    read_run(ledger.directory)
    client = Client(target, Figures(), patience)
    try:
        async with Crew(clients, Schedule()) as crew:
            deadline = time.monotonic() + quiet_seconds
            databases = target.stack().databases
            reader = Reader(
                client=client,
                crew=crew,
                credentials=Credentials(target),
                now=await asyncio.to_thread(_now, target),
                deadline=deadline,
                exam_database=databases.get("exam"),
            )
            found = await _compare(ledger, reader, report)
    except Stopped as why:
        raise LoadError(f"the comparison could not be finished: {why}") from why
    finally:
        client.close()
    if target.is_described_by_luban:
        report("luban fsck")
        found.fsck = await fsck(target.file, deadline)
    return found


async def _compare(ledger: Ledger, reader: Reader, report: Report) -> Comparison:
    found, tally, numbers = Comparison(), Tally(), Numbers()
    office = Caller(reader.client, OFFICE, reader.credentials.of(hire("province_staff")), ledger.run)
    employer = await give_key(office, "负载对账", spare_credit_code(_block(ledger)))
    keys = published(await office.read("certificate", "/v1/keys"))
    books = plan_books(ledger.directory)
    for place, name in enumerate(books, 1):
        report(f"comparing plan {place} of {len(books)}")
        found.missing += await _compare_plan(ledger, reader, name, employer, keys, tally, numbers)
    numbers.compare(tally)
    await revoke_key(office, employer)
    run = read_run(ledger.directory)
    compare_keys(tally, run, await reader.keys(ledger.run))
    compare_revoked(tally, list(run.of("verifications")))
    found.checks = tally.checks()
    return found


async def _compare_plan(
    ledger: Ledger, reader: Reader, name: str, employer: Employer, keys: Keys, tally: Tally, numbers: Numbers
) -> list[str]:
    """What had not arrived. The checks that are made now are in the book too when it is read a second time."""
    path = ledger.directory / f"{name}.jsonl"
    plan = read_account(name, read_book(path))
    if plan is None or plan.plan_id is None:
        return []
    book = ledger.book(name)
    seen, missing = await reader.read(plan, plan.plan_id, book)
    await reader.check(plan, seen, employer, book)
    plan = read_account(name, read_book(path))
    assert plan is not None
    compare_entries(tally, plan, seen)
    compare_assessment(tally, plan, seen)
    compare_register(tally, plan, seen, keys)
    compare_checks(tally, plan, seen, keys)
    for row in seen.certificates:
        numbers.add(row["certificate_no"])
    ledger.put_away(name)
    return [f"{name}: {each}" for each in missing]


def _block(ledger: Ledger) -> int:
    facts = read_book(ledger.directory / f"{RUN}.jsonl").facts_of("block")
    return int(next(facts, {"block": 0})["block"])


def _now(target: Target) -> str | None:
    """The stack's clock as the services write instants."""
    stack = target.stack()
    if not stack.databases:
        return None
    try:
        now = max(clock.now for clock in read_clocks(stack))
    except (StackError, psycopg.Error):
        return None
    return now.astimezone(UTC).isoformat().replace("+00:00", "Z")
