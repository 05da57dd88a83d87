"""One demo from a stack that is started to the outcome."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from kafka.errors import KafkaError

from luban.cli.demo import stack_runs
from luban.cli.demo.faults import DemoError
from luban.cli.demo.gateway import Gateway, despite_restarts
from luban.cli.demo.item_files import ItemFile, find_item_files
from luban.cli.demo.meter import Meter
from luban.cli.demo.outcome import Outcome
from luban.cli.demo.scenario import Scenario
from luban.cli.demo.stack_runs import Ground
from luban.cli.demo.stages import Stages
from luban.cli.fsck import run_fsck
from luban.cli.stack import Engine, Stack, StackError


@dataclass(frozen=True)
class Wishes:
    """What the demo was asked for. Without `stack` it starts one, in `data_dir` or a fresh directory, on `engine`."""

    candidates: int
    seed: int
    keep: bool
    root: Path
    data_dir: Path | None = None
    stack: Path | None = None
    engine: Engine = "embedded"


def run_demo(wishes: Wishes, report: Callable[[str], None]) -> tuple[Outcome, Ground]:
    """Raises StackError when it cannot be started or cannot go on; the data stay where they are then."""
    files = find_item_files(wishes.root)
    ground = stack_runs.ground_of(wishes.stack, wishes.data_dir)
    try:
        return _run(wishes, files, ground, Stages(report)), ground
    except StackError as error:
        raise DemoError(f"{error}\nIts logs and data are left in {ground.stack_file.parent}") from error


def _run(wishes: Wishes, files: Sequence[ItemFile], ground: Ground, stages: Stages) -> Outcome:
    with Meter(ground.state_file) as meter, _stack(wishes, ground, stages):
        with Gateway(ground.stack_file) as gateway:
            scenario = Scenario(gateway, stages, files, wishes.candidates, wishes.seed)
            scenario.run()
        with stages.stage("invariants proved"):
            checks = despite_restarts(
                lambda: run_fsck(Stack.read_file(ground.stack_file)), psycopg.OperationalError, KafkaError
            )
        return Outcome(
            seed=wishes.seed,
            candidates=wishes.candidates,
            cycles=scenario.cycles,
            figures=scenario.figures,
            items=scenario.items,
            responses=scenario.responses,
            checks=scenario.checks,
            fsck=checks,
            stages=stages.seconds,
            usage=meter.usage(),
            differences=scenario.differences,
        )


@contextmanager
def _stack(wishes: Wishes, ground: Ground, stages: Stages) -> Iterator[None]:
    """Runs while something is done, and after it only if that is wished; somebody else's is left alone."""
    if wishes.stack is not None:
        yield
        return
    with stages.stage("stack started"):
        stack_runs.start(ground, stages.report, wishes.engine)
    try:
        yield
    finally:
        if not wishes.keep:
            stages.report("stopping")
            stack_runs.stop(ground)
