"""luban log audit."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer

from luban.cli.clock import read_clocks
from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, progress, refusing
from luban.cli.log_audit import Kept, Website, believe, read_kept, run_audit, write_kept
from luban.cli.stack import Stack

app = typer.Typer(help="The public log of every certificate.", no_args_is_help=True)

TIMEOUT_SECONDS = 30.0


@app.callback()
def _log() -> None:
    """A group, though it has one command yet."""


@app.command("audit")
@refusing
def audit(
    url: Annotated[str | None, typer.Argument(help="A log's address, https://…/log; the own stack's without.")] = None,
    keep: Annotated[Path | None, typer.Option(help="File of what was seen; the log must go on from it.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="A key of the log (vkey), got elsewhere; may repeat.")] = None,
    witnesses: Annotated[int, typer.Option(help="How many of the log's witnesses must have signed.")] = 0,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Read a whole log, anybody's, and say what is wrong with it. Exit code 1 when something is.

    Without --key the first audit believes the keys that the log tells of itself; with --keep every later one believes
    only those and what --key adds (a log that has another key), and every checkpoint seen so far must still be a
    beginning of the log.
    """
    stack = None if url else Stack.read(data_dir)
    address = url or ""
    now = datetime.now(UTC)
    if stack:  # a demo's clock is its own
        address, now = f"{stack.urls['certificate']}/log", max(clock.now for clock in read_clocks(stack))
    with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client, progress(quiet=as_json) as report:
        report(f"reading {address}")
        site = Website(address, client)
        kept = read_kept(keep) if keep else None
        kept = kept.with_keys(key or ()) if kept else Kept(believe(site.keys(), key or (), witnesses))
        found = run_audit(site, kept, now)
    if keep and found.sound:
        write_kept(keep, kept.with_seen(found, now))
    if as_json:
        print_json(found.to_json())
    else:
        console.print("\n".join(found.words(language)), markup=False, highlight=False, soft_wrap=True)
    if not found.sound:
        raise typer.Exit(1)
