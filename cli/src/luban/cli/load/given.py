"""Checks of certificates that there are: what can be loaded on a stack whose clock nobody may move."""

import asyncio
import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from luban.cli.load.client import Caller, Client
from luban.cli.load.compare.checks import TRUE, untrue
from luban.cli.load.compare.run import Comparison
from luban.cli.load.compare.signatures import Keys, published
from luban.cli.load.compare.tally import Tally
from luban.cli.load.crew import Crew, Errand
from luban.cli.load.employers import MATCH, NO_MATCH, Employer, Question, ask, caller_of
from luban.cli.load.faults import LoadError
from luban.cli.load.figures import Figures
from luban.cli.load.ledger import FORMAT, RUN, Ledger
from luban.cli.load.pace import Schedule
from luban.cli.load.reading import HEADER, read_book
from luban.cli.load.run import Wishes
from luban.cli.load.target import Target
from luban.cli.load.world import OFFICE, Progress

MOST = 100_000
ONE_IN = 10
"""One check in so many of the first round is asked with a wrong factor; misses of one number are bounded."""
_FACTORS = ("name", "id_no")


@dataclass(frozen=True)
class Given:
    """Certificates that are valid, and the key to ask about them with."""

    questions: Sequence[Question]
    api_key: str = field(repr=False)


def read_given(certificates: Path, api_key: Path) -> Given:
    """Raises LoadError for files that are missing or say something else."""
    try:
        key = api_key.read_text(encoding="utf-8").strip()
        with certificates.open(encoding="utf-8-sig", newline="") as file:
            questions = [_question(row, number) for number, row in enumerate(csv.DictReader(file), 2)]
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"it cannot be read: {error}") from error
    if not questions or len(questions) > MOST:
        raise LoadError(f"{certificates} names {len(questions)} certificates; it must name 1 to {MOST:,}")
    if not key.isascii() or not key.isprintable() or not 0 < len(key) <= 200:
        raise LoadError(f"{api_key} holds no API key")
    return Given(questions, key)


async def check_given(
    target: Target, given: Given, wishes: Wishes, ledger: Ledger, progress: Progress, figures: Figures
) -> Comparison:
    """Asks as often or as long as was wished, and proves every answer."""
    ledger.run.fact(HEADER, {"format": FORMAT, "stack": str(target.file), "urls": dict(target.stack().urls)})
    client = Client(target, figures, wishes.patience)
    employer = Employer("", f"X-API-Key: {given.api_key}\r\n".encode())
    progress.stage = "checks of given certificates"
    try:
        async with Crew(wishes.clients, Schedule(wishes.rate)) as crew:
            caller = caller_of(employer, client, crew.schedule, ledger.run)
            stopped = await crew.do(_errands(given, wishes, caller, employer))
        for why in stopped:
            progress.stop("checks", why)
        progress.stage = "all were asked"
        figures.end()
        keys = published(await Caller(client, OFFICE, b"", ledger.run).read("certificate", "/v1/keys"))
        figures.keep(crew.schedule)
    finally:
        figures.end()
        client.close()
    return await asyncio.to_thread(_prove, ledger, keys)


def _prove(ledger: Ledger, keys: Keys) -> Comparison:
    record, tally = read_book(ledger.directory / f"{RUN}.jsonl"), Tally()
    answered = [each for each in record.of("verifications") if each.acknowledged]
    tally.add(TRUE, len(answered), untrue(RUN, answered, keys))
    return Comparison(tally.checks())


def _errands(given: Given, wishes: Wishes, caller: Caller, employer: Employer) -> Iterator[Errand]:
    """Round and round, until the count or the time is reached."""
    ends = time.monotonic() + wishes.seconds if wishes.seconds else None
    for turn, question in enumerate(islice(cycle(given.questions), wishes.count)):
        if ends is not None and time.monotonic() >= ends:
            return
        first_round = turn < len(given.questions)
        asked = _mistaken(question) if first_round and turn % ONE_IN == 0 else question
        yield partial(_ask, caller, asked, employer)


async def _ask(caller: Caller, question: Question, employer: Employer) -> None:
    await ask(caller, question, employer)


def _mistaken(question: Question) -> Question:
    return Question(question.certificate_no, question.factor, f"{question.value}误", NO_MATCH, None)


def _question(row: dict[str, str | None], number: int) -> Question:
    for factor in _FACTORS:
        value = (row.get(factor) or "").strip()
        if value and (row.get("certificate_no") or "").strip():
            return Question(str(row["certificate_no"]).strip(), factor, value, MATCH, None)
    raise LoadError(f"row {number}: a certificate is named by certificate_no and name or id_no")
