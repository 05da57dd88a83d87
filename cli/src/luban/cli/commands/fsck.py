"""luban fsck."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, progress, refusing
from luban.cli.fsck import Check, run_fsck
from luban.cli.stack import Stack


@refusing
def fsck(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    stack: Annotated[Path | None, typer.Option(help="A stack.json, instead of a data directory.")] = None,
    as_json: Json = False,
) -> None:
    """Prove the promises over all databases and topics, in numbers. Exit code 1 when one does not hold."""
    described = Stack.read_file(stack) if stack else Stack.read(data_dir)
    with progress(quiet=as_json) as report:
        checks = run_fsck(described, report)
    if as_json:
        print_json(
            {"ok": all(each.ok for each in checks), "checks": [{**asdict(each), "ok": each.ok} for each in checks]}
        )
    else:
        console.print(table_of(checks))
    if not all(each.ok for each in checks):
        raise typer.Exit(1)


def table_of(checks: list[Check]) -> Table:
    """One row per invariant."""
    table = Table(
        Column("invariant", overflow="fold"), Column("looked at", justify="right"), "holds", "first that break it"
    )
    for each in checks:
        holds = "[green]yes[/]" if each.ok else f"[red]no, {each.violations}[/]"
        table.add_row(each.name, f"{each.count:,}", holds, each.detail)
    return table
