"""luban load."""

import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any

import typer
import uvloop

from luban.cli.console import console, errors, refusing
from luban.cli.demo import stack_runs
from luban.cli.demo.stack_runs import Ground
from luban.cli.load.client import Patience
from luban.cli.load.durations import seconds_of
from luban.cli.load.faults import LoadError
from luban.cli.load.given import Given, read_given
from luban.cli.load.goals import FIGURES, KINDS, OF_THE_RUN, parse_goals
from luban.cli.load.outcome import Outcome, show
from luban.cli.load.run import Wishes
from luban.cli.load.session import Session, own_stack
from luban.cli.load.sizing import FEWEST
from luban.cli.load.target import Target
from luban.cli.load.values import MOST_PEOPLE
from luban.cli.stack import stack_file

DEFAULT_COUNT = 300
_ARRIVAL_SECONDS = 180.0
_FIGURES = ", ".join((*FIGURES, *OF_THE_RUN))
_GOAL = f"What must be reached, such as entries.rate>=50, verifications.p99_ms<=500 or errors<=0: [KIND.]FIGURE, >=, <=, >, < or ==, and a number. KINDs: {', '.join(KINDS)}. FIGUREs: {_FIGURES}. May be given several times."  # noqa: E501 -- help is one line

DataDir = Annotated[Path | None, typer.Option(help="The data directory of a running stack.")]
StackFile = Annotated[
    Path | None, typer.Option("--stack", help="A stack.json, or a file of your own with the services' `urls`.")
]
LedgerDir = Annotated[
    Path | None,
    typer.Option(
        "--ledger", help="A fresh directory for the ledger; one of its own below the temporary ones by default."
    ),
]
Compare = Annotated[Path | None, typer.Option(help="Only compare the ledger that an earlier run left here.")]
Count = Annotated[int | None, typer.Option(min=FEWEST, max=MOST_PEOPLE, help="Candidates; checks with --certificates.")]
For = Annotated[
    str | None, typer.Option("--for", help="Begin new candidates for so long (90s, 10m); those begun are seen through.")
]
Rate = Annotated[
    float | None,
    typer.Option(
        min=1, max=100_000, help="Operations a second, on a schedule that answers do not move; else flat out."
    ),
]
Clients = Annotated[int, typer.Option(min=1, max=4096, help="So many act at the same time.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed on a fresh stack makes the same people and fates.")]
Goals = Annotated[list[str] | None, typer.Option("--goal", help=_GOAL)]
PatienceFor = Annotated[str, typer.Option(help="How long a command without an answer is sent again.")]
Timeout = Annotated[str, typer.Option(help="How long one attempt may take.")]
Quiet = Annotated[str, typer.Option("--quiet-within", help="How long the system has to become quiet at the end.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Where the figures are written.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave a stack that was started for this run running.")]
Certificates = Annotated[
    Path | None,
    typer.Option(help="Only check the valid certificates in this CSV file (certificate_no and name or id_no)."),
]
ApiKey = Annotated[Path | None, typer.Option(help="A file with the employer's key that --certificates are asked with.")]


@refusing
def load(  # noqa: PLR0913, PLR0917 -- its options are its arguments
    context: typer.Context,
    data_dir: DataDir = None,
    stack: StackFile = None,
    ledger: LedgerDir = None,
    compare: Compare = None,
    count: Count = None,
    for_: For = None,
    rate: Rate = None,
    clients: Clients = 16,
    seed: Seed = 1,
    goal: Goals = None,
    patience: PatienceFor = "2m",
    timeout: Timeout = "10s",
    quiet_within: Quiet = "2m",
    json_file: JsonFile = None,
    keep: Keep = False,
    certificates: Certificates = None,
    api_key: ApiKey = None,
) -> None:
    """Load a stack as candidates, raters, assessors, employers and the province, and compare it with a ledger.

    Everybody acts through the public APIs, on all three tracks. Every command is written to the ledger before it is
    sent, every answer before its client goes on; a command without an answer is sent again with the same
    Idempotency-Key. At the end the system must agree with the ledger: nothing acknowledged lost, nothing doubled.

    Without --stack and --data-dir a demo stack is started for the run. Exit code 1 when ledger and system disagree,
    when less was done than was asked, or when a goal is missed.
    """
    _refuse_contradictions(context)
    goals, given = parse_goals(goal or ()), read_given(certificates, api_key) if certificates and api_key else None
    wishes = Wishes(
        ledger=compare or ledger or Path(tempfile.gettempdir()) / f"luban-load-{token_hex(4)}",
        count=count or (None if for_ else DEFAULT_COUNT),
        seconds=seconds_of(for_) if for_ else None,
        rate=rate,
        clients=clients,
        seed=seed,
        patience=Patience(seconds_of(timeout), seconds_of(patience), max(_ARRIVAL_SECONDS, seconds_of(patience))),
    )
    quiet_seconds = seconds_of(quiet_within)
    with ExitStack() as exits:
        ground = None if stack or data_dir else exits.enter_context(own_stack(errors, keep=keep))
        session = Session(Target(_stack_file(stack, data_dir, ground)), wishes, quiet_seconds, errors)
        outcome = uvloop.run(_work(session, given, only_compare=compare is not None))
    outcome.goals = goals
    report = outcome.report()
    _write(json_file, report)
    show(console, outcome, report)
    _say_where(outcome, ground, keep=keep, ok=report["ok"])
    if not report["ok"]:
        raise typer.Exit(1)


def _refuse_contradictions(context: typer.Context) -> None:
    """Raises LoadError for options that say different things."""
    chosen = {
        _OPTION_OF.get(name, f"--{name.replace('_', '-')}")
        for name in context.params
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    }
    for name, others, why in _CONTRADICTIONS:
        if name in chosen and (found := chosen & others):
            raise LoadError(f"{name} does not go with {', '.join(sorted(found))}: {why}")
    for name, needed, why in _NEEDED:
        if name in chosen and not chosen & needed:
            raise LoadError(f"{name} needs {' or '.join(sorted(needed))}: {why}")


_OPTION_OF = {"for_": "--for", "json_file": "--json"}
"""Where an option is not called as its parameter is."""
_CONTRADICTIONS = (
    ("--stack", {"--data-dir"}, "each says where the stack is described"),
    ("--keep", {"--stack", "--data-dir"}, "a stack that runs already is left running anyhow"),
    ("--certificates", {"--seed"}, "nothing is made up for checks of given certificates"),
    (
        "--compare",
        {"--ledger", "--count", "--for", "--rate", "--seed", "--goal", "--certificates", "--keep"},
        "it drives no load, it only compares the ledger of an earlier one",
    ),
)
_NEEDED = (
    ("--compare", {"--stack", "--data-dir"}, "a ledger is compared with the stack that it was written on"),
    ("--certificates", {"--stack", "--data-dir"}, "they are checked on the stack that issued them"),
    ("--certificates", {"--api-key"}, "checks are asked with an employer's key"),
    ("--api-key", {"--certificates"}, "a load of the whole cycle makes keys of its own"),
)


def _stack_file(stack: Path | None, data_dir: Path | None, ground: Ground | None) -> Path:
    if ground is not None:
        return ground.stack_file
    return stack.resolve() if stack else stack_file((data_dir or Path()).resolve())


async def _work(session: Session, given: Given | None, *, only_compare: bool) -> Outcome:
    if only_compare:
        return await session.compare()
    return await session.check(given) if given is not None else await session.load()


def _write(path: Path | None, report: Mapping[str, Any]) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _say_where(outcome: Outcome, ground: Ground | None, *, keep: bool, ok: bool) -> None:
    """The ledger always stays; the data of a stack of its own unless all was right."""
    console.print(f"Ledger: {outcome.ledger}", highlight=False, soft_wrap=True)
    if ground is None:
        return
    where = ground.stack_file.parent
    if keep:
        console.print(f"The stack is still up: stop it with `luban down --data-dir {where}`", highlight=False)
    elif ok:
        stack_runs.remove(ground)
    else:
        console.print(f"The stack's logs and data are left in {where}", highlight=False, soft_wrap=True)
