"""luban restore."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, console, progress, refusing
from luban.cli.restoring import restore_dump, restore_to
from luban.cli.stack import Stack, StackError
from luban.reference.shanghai import SHANGHAI


@refusing
def restore(
    service: Annotated[str, typer.Argument(help="Whose database is put back.")],
    base: Annotated[Path | None, typer.Option(help="A directory that pg_basebackup made.")] = None,
    wal: Annotated[Path | None, typer.Option(help="The directory of the WAL received since.")] = None,
    until: Annotated[str | None, typer.Option(help="ISO 8601 instant; by default as far as the WAL goes.")] = None,
    dump: Annotated[Path | None, typer.Option(help="A file of pg_dump --format=custom, instead.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Put one service's database back, from a base backup and WAL or from a dump. Services may run meanwhile."""
    stack = Stack.read(data_dir)
    if service not in stack.databases:
        raise StackError(f"no service is called {service}; there are {', '.join(stack.databases)}")
    with progress(quiet=False) as report:
        if dump and not (base or wal or until):
            aside = restore_dump(stack, service, dump, report)
        elif base and wal and not dump:
            aside = restore_to(stack, service, base, wal, _instant(until), report)
        else:
            raise StackError("give --base with --wal, or --dump")
    console.print(f"the database of {service} is back", highlight=False)
    if aside:
        console.print(f"what stood in its place is kept as {aside}; drop it when nobody needs it", highlight=False)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise StackError(f"{text!r} is no ISO 8601 instant, such as 2026-12-01T09:00") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)
