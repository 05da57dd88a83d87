"""luban clock show, luban clock advance."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.table import Table

from luban.cli.clock import advance, after, after_working_days, read_clocks
from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, refusing
from luban.cli.stack import Stack, StackError
from luban.reference.shanghai import SHANGHAI

app = typer.Typer(help="The clock of the stack's databases, the only one there is.", no_args_is_help=True)


@app.command("show")
@refusing
def show(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: Json = False) -> None:
    """Show what every service takes for now."""
    clocks = read_clocks(Stack.read(data_dir))
    if as_json:
        print_json(
            [
                {"service": c.service, "now": c.now.isoformat(), "ahead_seconds": c.ahead.total_seconds()}
                | {"allowed": c.allowed}
                for c in clocks
            ]
        )
        return
    table = Table("service", "now (Shanghai)", "ahead", "may be moved")
    for clock in clocks:
        table.add_row(clock.service, _local(clock.now), str(clock.ahead), "yes" if clock.allowed else "no")
    console.print(table, highlight=False)


@app.command("advance")
@refusing
def advance_clock(
    days: Annotated[float | None, typer.Option(help="So many days later.")] = None,
    to: Annotated[str | None, typer.Option(help="ISO 8601; Shanghai time unless it names a zone.")] = None,
    working_days: Annotated[int | None, typer.Option(help="24:00 of the nth working day after today.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Move the clock of a demo stack forward, in all its databases to the same instant."""
    instant = advance(Stack.read(data_dir), _target(days, to, working_days))
    if as_json:
        print_json({"now": instant.isoformat()})
    else:
        console.print(f"it is now {_local(instant)} in Shanghai", highlight=False)


def _target(days: float | None, to: str | None, working_days: int | None) -> Callable[[datetime], datetime]:
    if sum(given is not None for given in (days, to, working_days)) != 1:
        raise StackError("give exactly one of --days, --to and --working-days")
    if days is not None:
        return after(timedelta(days=days))
    if working_days is not None:
        return _positive_working_days(working_days)
    return _until(to or "")


def _positive_working_days(count: int) -> Callable[[datetime], datetime]:
    if count < 1:
        raise StackError("--working-days counts from 1")
    return after_working_days(count)


def _until(text: str) -> Callable[[datetime], datetime]:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise StackError(f"{text!r} is no ISO 8601 instant, such as 2026-12-01T09:00") from None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)
    return lambda _: aware


def _local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds")
