"""The live figures on the terminal: where the load is, and what each kind of operation has come to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from luban.cli.load.figures import Figures, Kind
from luban.cli.load.world import Progress
from luban.reference.shanghai import SHANGHAI

_EVERY_SECONDS = 1.0
_LINE_EVERY_SECONDS = 15.0
"""Where there is no terminal to draw on."""
_HEADINGS = ("count", "a second", "p50 ms", "p99 ms", "max ms", "in doubt", "retries")


@asynccontextmanager
async def board(console: Console, figures: Figures, progress: Progress) -> AsyncIterator[None]:
    """Shows the figures while the block runs."""
    show = _draw if console.is_terminal else _tell
    task = asyncio.create_task(show(console, figures, progress))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def table(figures: Figures) -> Table:
    """One row per kind."""
    table = Table("operation", box=SIMPLE_HEAD)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right")
    table.add_column("errors", overflow="fold")
    for name, kind in figures.kinds.items():
        table.add_row(name, *_row(kind, figures.seconds))
    table.add_section()
    table.add_row("all", *_row(figures.total(), figures.seconds))
    return table


def _row(kind: Kind, seconds: float) -> list[str]:
    found = kind.as_json(seconds)
    latency = [found["latency_ms"][name] for name in ("p50", "p99", "max")]
    errors = ", ".join(f"{count} × {name}" for name, count in kind.errors.items())
    return [
        f"{kind.count:,}",
        f"{found['rate']:,.1f}",
        *("-" if each is None else f"{each:,.1f}" for each in latency),
        f"{kind.in_doubt:,}",
        f"{kind.retries:,}",
        errors,
    ]


def headline(figures: Figures, progress: Progress) -> str:
    """Where the load is, in a line."""
    stands = f"{progress.now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if progress.now else "-"
    return (
        f"{figures.seconds:,.0f} s · {progress.stage} · the stack's clock: {stands} · {progress.people_begun:,} people "
        f"begun, {progress.people_through:,} through, {progress.certificates:,} certificates, "
        f"{progress.stopped:,} stopped"
    )


async def _draw(console: Console, figures: Figures, progress: Progress) -> None:
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            live.update(Group(Text(headline(figures, progress)), table(figures)), refresh=True)
            await asyncio.sleep(_EVERY_SECONDS)


async def _tell(console: Console, figures: Figures, progress: Progress) -> None:
    while True:
        await asyncio.sleep(_LINE_EVERY_SECONDS)
        console.print(headline(figures, progress), highlight=False, soft_wrap=True)
