"""luban replay."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, progress, refusing
from luban.cli.stack import Options, Service, Stack, StackError

Flags = tuple[str, ...]


@refusing
def replay(
    service: Annotated[list[str] | None, typer.Argument(help="Which services; all by default.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Apply the topics from their start; what was applied are repeats.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make one service's read state anew from the topics, and compare it.")
    ] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: Json = False,
) -> None:
    """Feed parked events and dead letters through their handlers again. Exit code 1 when some were refused again."""
    if from_start and rebuild:
        raise StackError("--from-start or --rebuild, not both")
    if rebuild and len(service or ()) != 1:
        raise StackError("name the one service whose read state is to be made anew: registration has one")
    chosen = {"--dry-run": dry_run, "--from-start": from_start, "--rebuild": rebuild}
    results = _replay(data_dir, service, tuple(flag for flag, given in chosen.items() if given), quiet=as_json)
    if as_json:
        print_json(results)
    else:
        _show(results, dry_run=dry_run)
    if any(result["exit_code"] for result in results):
        raise typer.Exit(1)


def _replay(data_dir: DataDir, names: list[str] | None, flags: Flags, *, quiet: bool) -> list[dict[str, Any]]:
    stack, options = Stack.read(data_dir), Options.read(data_dir.resolve())
    results = []
    with progress(quiet=quiet) as report:
        for each in _chosen(options.services, names):
            report(f"replaying {each.name}")
            results.append(_run(each, stack, flags))
    return results


def _chosen(services: tuple[Service, ...], names: list[str] | None) -> list[Service]:
    known = {service.name: service for service in services}
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise StackError(f"no service is called {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names or known]


def _run(service: Service, stack: Stack, flags: Flags) -> dict[str, Any]:
    environment = {**os.environ, **stack.environment(service.name)}
    done = subprocess.run(  # noqa: S603 -- the stack's own program
        [*service.command, "replay", *flags], env=environment, capture_output=True, text=True, check=False
    )
    try:
        outcome = json.loads(done.stdout)
    except ValueError:
        outcome = {"error": _reason(done.stderr)}
    return {"service": service.name, "exit_code": done.returncode, **outcome}


def _reason(log: str) -> str:
    """What the last line of a service's log says."""
    last = (log.strip().splitlines() or ["it ended without a word"])[-1]
    try:
        return str(json.loads(last)["message"])
    except (ValueError, KeyError, TypeError):
        return last


def _show(results: list[dict[str, Any]], *, dry_run: bool) -> None:
    table = Table(
        "service", *(Column(name, justify="right") for name in ("applied", "repeats", "refused", "undecodable"))
    )
    for result in results:
        if "error" in result:
            raise StackError(f"{result['service']}: {result['error']}")
        counts = (result["applied"], result["repeats"], len(result["refused"]), result["undecodable"])
        table.add_row(result["service"], *map(str, counts))
    console.print("What would happen; nothing was changed:" if dry_run else "Done:")
    console.print(table)
    for result in results:
        for name, made in result["tables"].items():
            console.print(f"{name}: {_compared(made)}", highlight=False)
        for refused in result["refused"][:20]:
            console.print("refused: {event_type} {event_id}: {detail}".format(**refused), highlight=False)


def _compared(made: Mapping[str, Any]) -> str:
    same = made["checksum_before"] == made["checksum_after"]
    return f"{made['rows_after']:,} rows, " + (
        "the same as before" if same else f"not the {made['rows_before']:,} before"
    )
