"""Faults struck one after another under one load, and what each came to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fault.load import Load, running_load
from tests.fault.matrix import SEED, Column, title
from tests.fault.record import record_outcome
from tests.fault.recovery import await_recovery
from tests.fault.scene import Scene
from tests.fault.strikes import Strike

GAP_SECONDS = (0.3, 1.5)
"""Between a recovery and the next fault."""


@dataclass(frozen=True)
class Struck:
    """One cell, struck and recovered from."""

    row: str
    column: Column
    recovery: float
    """Seconds from the end of the fault until the stack was itself again."""
    in_doubt: int
    """Commands without an answer when the fault ended."""

    def __str__(self) -> str:
        return f"held, {self.recovery:.1f} s, {self.in_doubt}"


def strike_one(scene: Scene, load: Load, strike: Strike, row: str, column: Column, moments: Random) -> Struck:
    """At a random moment of a load at work."""
    before = load.unanswered()
    load.go_on(moments.uniform(*GAP_SECONDS))
    ended = strike(scene, load, row, moments)
    in_doubt = len(load.unanswered() - before)
    struck = Struck(row, column, await_recovery(scene, ended), in_doubt)
    assert load.drives, load.said()
    print(f"{title(row)}, {column}: {struck}", flush=True)
    return struck


def run(
    scene: Scene,
    directory: Path,
    blows: Iterable[tuple[str, Column, Strike]],
    moments: Random,
    refusals: Collection[str] = (),
) -> list[Struck]:
    """Strikes all of them under one load, then lets it end and compare. Fails unless everything holds."""
    with running_load(scene, directory, moments.randrange(1000)) as load:
        struck = [strike_one(scene, load, strike, row, column, moments) for row, column, strike in blows]
        load.end(refusals)
    return struck


def record(struck: Iterable[Struck], table: str, seed: int) -> None:
    """Into the table, once the whole run is known to have lost and doubled nothing."""
    for each in struck:
        record_outcome(table, title(each.row), each.column, str(each))
        record_outcome(table, SEED, each.column, str(seed))
