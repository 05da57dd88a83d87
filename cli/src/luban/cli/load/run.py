"""One load, from a stack that may have to be started to the verdict."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from luban.cli.clock import read_clocks
from luban.cli.demo.clock import begin_at, is_used
from luban.cli.demo.timetable import BEGINS_ON
from luban.cli.load.client import Client, Patience
from luban.cli.load.conveyor import Conveyor
from luban.cli.load.crew import Crew
from luban.cli.load.faults import LoadError, Stopped
from luban.cli.load.figures import Figures
from luban.cli.load.ledger import FORMAT, Ledger
from luban.cli.load.pace import Schedule
from luban.cli.load.plans import filing
from luban.cli.load.reading import HEADER
from luban.cli.load.sizing import Sizing
from luban.cli.load.target import Target
from luban.cli.load.values import Values
from luban.cli.load.weeks import Week, calendar_from, first_day
from luban.cli.load.world import Credentials, Progress, World, hire


@dataclass(frozen=True)
class Wishes:
    """What a load was asked for."""

    ledger: Path
    count: int | None = 300
    """People."""
    seconds: float | None = None
    rate: float | None = None
    """Operations a second; None is flat out."""
    clients: int = 16
    seed: int = 1
    patience: Patience = field(default_factory=Patience)


async def drive(target: Target, wishes: Wishes, ledger: Ledger, progress: Progress, figures: Figures) -> bool:
    """The load itself; whether as much was done as was asked. Raises StackError when it cannot go on."""
    client = Client(target, figures, wishes.patience)
    try:
        async with Crew(wishes.clients, Schedule(wishes.rate)) as crew:
            world = World(
                target=target,
                client=client,
                crew=crew,
                ledger=ledger,
                values=Values(0, wishes.seed),
                credentials=Credentials(target),
                progress=progress,
                province=hire("province_staff"),
            )
            ledger.run.fact(HEADER, _header(target, wishes))
            weeks = await asyncio.to_thread(_calendar, target)
            sizing = Sizing(wishes.count, wishes.seconds, wishes.rate)
            conveyor = Conveyor(world, weeks, sizing)
            await _prepare(world, conveyor, wishes.seed)
            with _content_when_asked(sizing):
                await conveyor.run()
            figures.keep(crew.schedule)
            return not conveyor.calendar_ended and not progress.stopped
    finally:
        figures.end()
        client.close()


@contextmanager
def _content_when_asked(sizing: Sizing) -> Iterator[None]:
    """At the first SIGINT or SIGTERM nobody new begins, and those begun are seen through; the second ends the run."""
    loop, numbers = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}

    def hear() -> None:
        sizing.be_content()
        unhear()

    def unhear() -> None:
        for number in numbers:
            if loop.remove_signal_handler(number):
                signal.signal(number, before[number])

    for number in numbers:
        loop.add_signal_handler(number, hear)
    try:
        yield
    finally:
        unhear()


def _header(target: Target, wishes: Wishes) -> dict[str, Any]:
    asked = {**asdict(wishes), "ledger": str(wishes.ledger)}
    return {"format": FORMAT, "stack": str(target.file), "urls": dict(target.stack().urls), "asked": asked}


def _calendar(target: Target) -> list[Week]:
    """The weeks there are; a stack on which nothing has happened is set to the demo's spring first."""
    stack = target.stack()
    try:
        if not any(is_used(url) for url in stack.databases.values()):
            begin_at(target, Week(BEGINS_ON).morning)
            return calendar_from(BEGINS_ON)
        now = max(clock.now for clock in read_clocks(target.stack()))
    except psycopg.Error as error:
        raise LoadError(f"the stack's databases do not answer: {error}") from error
    return calendar_from(first_day(now))


async def _prepare(world: World, conveyor: Conveyor, seed: int) -> None:
    """Bodies, project, bank and employers; without them there is nothing to load."""
    with world.stage("filing bodies, filling the bank, giving keys"):
        try:
            await filing.claim_block(world, seed)
            await filing.file_bodies(world)
            await filing.fill_bank(world)
            await conveyor.invite_employers()
        except Stopped as why:
            raise LoadError(f"the load cannot begin: {why}") from why
