"""luban demo."""

from json import dumps
from pathlib import Path
from typing import Annotated

import typer

from luban.cli.brokers import choose
from luban.cli.console import console, progress, refusing
from luban.cli.demo import stack_runs, table
from luban.cli.demo.kinds import FEWEST
from luban.cli.demo.outcome import Outcome
from luban.cli.demo.run import Wishes, run_demo
from luban.cli.stack import Engine, StackError

Candidates = Annotated[int, typer.Option(min=FEWEST, max=5000, help="People a track.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed makes the same people and the same figures.")]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the stack running.")]
Broker = Annotated[str | None, typer.Option(help="The broker of its stack: embedded or apache.")]
DataDir = Annotated[Path | None, typer.Option(help="Where its stack keeps everything; a fresh directory by default.")]
StackFile = Annotated[Path | None, typer.Option("--stack", help="Use the running demo stack that this file describes.")]
JsonFile = Annotated[Path, typer.Option("--json", help="Where the figures are written.")]
Root = Annotated[Path, typer.Option(help="The checkout, for its data/item-banks.")]


@refusing
def demo(
    candidates: Candidates = 300,
    seed: Seed = 1,
    keep: Keep = False,
    broker: Broker = None,
    data_dir: DataDir = None,
    stack: StackFile = None,
    json: JsonFile = Path("build/demo.json"),
    root: Root = Path(),
) -> None:
    """Run a province's cycle on three tracks, from outside, and compare every figure with what the seed implies."""
    if stack is not None and data_dir is not None:
        raise StackError("give --stack or --data-dir, not both: a running stack keeps its own data")
    if stack is not None and broker is not None:
        raise StackError("give --stack or --broker, not both: a running stack has a broker")
    wishes = Wishes(candidates, seed, keep, root, data_dir, stack, _engine(broker))
    with progress(quiet=False) as report:
        outcome, ground = run_demo(wishes, report)
    _write(json, outcome)
    table.show(console, outcome)
    _say_where(wishes, ground, is_right=outcome.is_right)
    if not outcome.is_right:
        raise typer.Exit(1)


def _engine(broker: str | None) -> Engine:
    engine, address = choose(broker)
    if address:
        raise StackError("the demo runs a broker of its own; start the stack with `luban up --demo`, and give --stack")
    return engine


def _write(path: Path, outcome: Outcome) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps(outcome.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _say_where(wishes: Wishes, ground: stack_runs.Ground, *, is_right: bool) -> None:
    if wishes.keep and wishes.stack is None:
        where = ground.stack_file.parent
        console.print(f"The stack is still up: {where}; stop it with `luban down --data-dir {where}`", highlight=False)
    elif is_right and wishes.stack is None and wishes.data_dir is None:
        stack_runs.remove(ground)
