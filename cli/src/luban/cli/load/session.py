"""What the command does, from its options to an outcome."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from luban.cli.demo import stack_runs
from luban.cli.demo.meter import Meter
from luban.cli.demo.stack_runs import Ground
from luban.cli.load.board import board
from luban.cli.load.compare.run import Comparison, compare
from luban.cli.load.faults import LoadError
from luban.cli.load.figures import Figures
from luban.cli.load.given import Given, check_given
from luban.cli.load.ledger import Ledger
from luban.cli.load.outcome import CHECKS_ONLY, COMPARISON_ONLY, WHOLE_CYCLE, Outcome
from luban.cli.load.run import Wishes, drive
from luban.cli.load.target import Target
from luban.cli.load.world import Progress
from luban.cli.stack import StackError, state_file


class Session:
    """One run of the command, told to people on `console`."""

    def __init__(self, target: Target, wishes: Wishes, quiet_seconds: float, console: Console) -> None:
        self._target, self._wishes = target, wishes
        self._quiet_seconds, self._console = quiet_seconds, console
        self._progress = Progress()

    async def load(self) -> Outcome:
        """Drives the whole cycle, and compares. Raises StackError when it cannot begin or go on."""
        self._target.require_whole_cycle()
        figures, progress = Figures(), self._progress
        with Ledger.create(self._wishes.ledger) as ledger, self._meter() as meter:
            self._console.print(f"Ledger: {self._wishes.ledger}", highlight=False, soft_wrap=True)
            try:
                async with board(self._console, figures, progress):
                    complete = await drive(self._target, self._wishes, ledger, progress, figures)
            except StackError as error:
                raise LoadError(f"{error}\n{self._what_is_left()}") from error
            usage = meter.usage()
            comparison = await self._compare(ledger)
        return Outcome(WHOLE_CYCLE, *self._places, figures, progress, complete, comparison, usage)

    async def compare(self) -> Outcome:
        """Compares a ledger that an earlier run left."""
        self._target.require_issuer()
        with Ledger.reopen(self._wishes.ledger) as ledger:
            comparison = await self._compare(ledger)
        return Outcome(COMPARISON_ONLY, *self._places, progress=self._progress, comparison=comparison)

    async def check(self, given: Given) -> Outcome:
        """Asks about certificates that there are."""
        figures, progress = Figures(), self._progress
        with Ledger.create(self._wishes.ledger) as ledger:
            async with board(self._console, figures, progress):
                found = await check_given(self._target, given, self._wishes, ledger, progress, figures)
        complete = not progress.stopped
        return Outcome(CHECKS_ONLY, *self._places, figures, progress, complete, found)

    def _what_is_left(self) -> str:
        where = f"--compare {self._wishes.ledger} --stack {self._target.file}"
        return f"What was acknowledged until then can be compared with `luban load {where}`"

    @property
    def _places(self) -> tuple[str, str]:
        return str(self._target.file), str(self._wishes.ledger)

    async def _compare(self, ledger: Ledger) -> Comparison:
        with self._console.status("waiting until the system is quiet") as status:
            return await compare(
                ledger, self._target, self._wishes.patience, self._wishes.clients, self._quiet_seconds, status.update
            )

    def _meter(self) -> Meter:
        return Meter(state_file(Path(self._target.stack().data_dir)))


@contextmanager
def own_stack(console: Console, *, keep: bool) -> Iterator[Ground]:
    """A demo stack started for this run, and stopped after it unless it is to be kept."""
    ground = stack_runs.ground_of(None, None)
    with console.status("starting a demo stack") as status:
        stack_runs.start(ground, status.update)
    try:
        yield ground
    except BaseException:
        console.print(f"The stack's logs and data are left in {ground.stack_file.parent}", soft_wrap=True)
        raise
    finally:
        if not keep:
            with console.status("stopping"):
                stack_runs.stop(ground)
