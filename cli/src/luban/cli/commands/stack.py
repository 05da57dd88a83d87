"""luban up, down, status, logs."""

from collections import deque
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from luban.cli.brokers import HELP, choose
from luban.cli.console import DEFAULT_DATA_DIR, DataDir, Json, console, print_json, progress, refusing
from luban.cli.launch import describe_stack, start_stack, stop_stack
from luban.cli.stack import Issuer, Options, Profile, Stack, StackError, logs_directory, prepare_directory, profile_of
from luban.cli.standing import read_standings

Database = Annotated[str | None, typer.Option(help="Administrator's URL of a PostgreSQL server to use.")]
Broker = Annotated[str | None, typer.Option(help=HELP)]
StackCopy = Annotated[Path | None, typer.Option("--stack", help="Write a copy of stack.json here.")]
ProfileOption = Annotated[
    Profile | None, typer.Option(help="Partitions; by default embedded with the embedded broker, else production.")
]
Replication = Annotated[
    int | None, typer.Option(min=1, help="Replicas of a topic: 3 in production on brokers that run already, else 1.")
]
OidcIssuer = Annotated[str | None, typer.Option(help="Trust this issuer instead of the local one.")]
OidcAudience = Annotated[str, typer.Option(help="The audience that its tokens name.")]
OidcJwks = Annotated[str | None, typer.Option(help="Its public keys: a file or an https address.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait until every service answers.")]


@refusing
def up(  # noqa: PLR0913, PLR0917 -- its options are its arguments
    data_dir: DataDir = DEFAULT_DATA_DIR,
    database: Database = None,
    broker: Broker = None,
    demo: Annotated[bool, typer.Option("--demo", help="A demo stack: its clock may be moved.")] = False,
    stack: StackCopy = None,
    profile: ProfileOption = None,
    replication: Replication = None,
    oidc_issuer: OidcIssuer = None,
    oidc_audience: OidcAudience = "luban",
    oidc_jwks: OidcJwks = None,
    timeout: Timeout = 120.0,
    as_json: Json = False,
) -> None:
    """Start PostgreSQL, the broker and every service, and wait until they answer."""
    engine, address = choose(broker)
    chosen: Profile = profile or ("production" if address else profile_of(engine))
    options = Options(
        data_dir=prepare_directory(data_dir),
        demo=demo,
        database=database,
        broker=address,
        engine=engine,
        profile=chosen,
        replication=replication or (3 if address and chosen == "production" else 1),
        issuer=_issuer(oidc_issuer, oidc_audience, oidc_jwks),
        stack_copy=stack.resolve() if stack else None,
    )
    with progress(quiet=as_json) as report:
        started = start_stack(options, report, timeout)
    if as_json:
        print_json(started.as_json())
    else:
        _print_stack(started)


@refusing
def down(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: Json = False) -> None:
    """Stop the stack gracefully. Nothing happens when none is running."""
    directory = data_dir.resolve()
    with progress(quiet=as_json) as report:
        stopped = stop_stack(directory, report)
    if as_json:
        print_json({"data_dir": str(directory), "stopped": stopped})
    else:
        console.print(f"stopped {directory}" if stopped else f"no stack is running on {directory}", highlight=False)


@refusing
def status(data_dir: DataDir = DEFAULT_DATA_DIR, as_json: Json = False) -> None:
    """Show each process, and what waits in each service. Exit code 1 when the stack is not running."""
    described = describe_stack(data_dir.resolve())
    described["services"] = read_standings(Stack.read(data_dir)) if described["running"] else []
    if as_json:
        print_json(described)
    else:
        _print_status(described)
    if not described["running"]:
        raise typer.Exit(1)


@refusing
def logs(
    process: Annotated[str, typer.Argument(help="exam.api, exam.worker, exam.migrate, postgres, broker, supervisor …")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
    lines: Annotated[int, typer.Option("-n", "--lines", min=1)] = 50,
) -> None:
    """Print the last lines of a process's log."""
    directory = logs_directory(data_dir.resolve())
    known = sorted(path.stem for path in directory.glob("*.log"))
    if process not in known:
        raise StackError(f"there is no log of {process!r}; there are {', '.join(known) or 'none'}")
    with (directory / f"{process}.log").open(errors="replace") as log:
        for line in deque(log, maxlen=lines):
            typer.echo(line, nl=False)


def _issuer(name: str | None, audience: str, jwks: str | None) -> Issuer | None:
    if name is None and jwks is None:
        return None
    if name is None or jwks is None:
        raise StackError("an external issuer needs both --oidc-issuer and --oidc-jwks")
    return Issuer(name, audience, jwks if "://" in jwks else str(Path(jwks).resolve()))


def _print_stack(stack: Stack) -> None:
    table = Table(title="the stack is up" + (" (demo)" if stack.demo else ""), title_justify="left", show_header=False)
    for service, url in stack.urls.items():
        table.add_row(service, url)
    table.add_row("broker", stack.broker)
    table.add_row("everything else", f"{stack.data_dir}/stack.json")
    console.print(table, highlight=False)


def _print_status(described: dict[str, Any]) -> None:
    console.print(described["stage"] + (f": {described['error']}" if described["error"] else ""), highlight=False)
    if not described["processes"]:
        return
    table = Table("process", "pid", "state", "restarts", "uptime s", "memory MiB")
    for each in described["processes"]:
        memory = "" if each["rss"] is None else f"{each['rss'] / 2**20:.0f}"
        cells = (each["name"], each["pid"] or "", each["state"], each["restarts"], each["uptime"] or "", memory)
        table.add_row(*map(str, cells))
    console.print(table, highlight=False)
    console.print(_table_of(described["services"]), highlight=False)


def _table_of(standings: list[dict[str, Any]]) -> Table:
    """What somebody looks at first: is it ready, is anything on its way, does anything wait for a person."""
    table = Table(
        Column("service", no_wrap=True), "worker", "behind", "unsent", "oldest s", "parked", "dead", "late timers"
    )
    for each in standings:
        cells = [each[name] for name in ("lag", "outbox", "outbox_seconds", "parked", "dead_letters", "timers")]
        table.add_row(each["service"], each["worker"], *("?" if cell is None else f"{cell:,.0f}" for cell in cells))
    return table
