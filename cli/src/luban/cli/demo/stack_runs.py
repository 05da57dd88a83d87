"""The stack the demo runs on: its own, or one that runs already."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from luban.cli.launch import start_stack, stop_stack
from luban.cli.stack import (
    Engine,
    Options,
    Stack,
    default_engine,
    prepare_directory,
    profile_of,
    stack_file,
    state_file,
)


@dataclass(frozen=True)
class Ground:
    """Where a stack is described, and where its supervisor says how it does."""

    stack_file: Path
    state_file: Path


def ground_of(stack: Path | None, data_dir: Path | None) -> Ground:
    """A running stack's where one is named, else that of a fresh directory."""
    if stack is not None:
        return Ground(stack.resolve(), state_file(Path(Stack.read_file(stack.resolve()).data_dir)))
    directory = prepare_directory(data_dir or Path(tempfile.mkdtemp(prefix="luban-demo-")))
    return Ground(stack_file(directory), state_file(directory))


def start(ground: Ground, report: Callable[[str], None], engine: Engine | None = None) -> None:
    """Starts a demo stack of its own; on the broker that nobody had to name where none is given."""
    chosen = engine or default_engine()
    options = Options(data_dir=ground.stack_file.parent, demo=True, engine=chosen, profile=profile_of(chosen))
    start_stack(options, report)


def stop(ground: Ground) -> None:
    """Stops it; whoever supervises it by now."""
    stop_stack(ground.stack_file.parent)


def remove(ground: Ground) -> None:
    """Removes the directory of a stack that was made for one run."""
    shutil.rmtree(ground.stack_file.parent)
