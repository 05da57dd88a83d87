"""A stack of a benchmark's own, in an empty directory, that stands at the demo's first day."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from luban.cli.demo.clock import begin_at
from luban.cli.demo.gateway import Gateway
from luban.cli.demo.timetable import BEGINS_ON, Timetable
from luban.cli.fsck import run_fsck
from luban.cli.launch import start_stack, stop_stack
from luban.cli.stack import Options, Stack, prepare_directory, stack_file
from tests.embedded import private_directory


@dataclass(frozen=True)
class Fresh:
    """What a benchmark needs of its stack."""

    directory: Path
    stack: Stack
    gateway: Gateway

    def check(self) -> None:
        """Raises AssertionError unless fsck holds."""
        broken = [check for check in run_fsck(self.stack) if not check.ok]
        assert not broken, broken


@contextmanager
def fresh_stack() -> Iterator[Fresh]:
    """Stopped and deleted at the end."""
    with private_directory() as folder:
        directory = prepare_directory(folder / "stack")
        stack = start_stack(Options(directory, demo=True))
        try:
            with Gateway(stack_file(directory)) as gateway:
                begin_at(gateway, Timetable.of(BEGINS_ON).begins)
                yield Fresh(directory, stack, gateway)
        finally:
            stop_stack(directory)
