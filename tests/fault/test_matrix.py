"""The fault matrix: every part of a stack struck in every way, at random moments, under load.

Each test is one stack and one load with many faults; what it proves, it proves of all of them together: at the end
the system is quiet, agrees with the ledger of every answer it gave, and `luban fsck` is clean.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from tests.fault.clocks import Clocks, running_postgres
from tests.fault.disks import small_disk
from tests.fault.matrix import ALL, KEEPS_LOG, TABLE, Column, absent, rows_of
from tests.fault.network import own_network
from tests.fault.run import record, run
from tests.fault.scene import BROKER, POSTGRES, PROCESSES, struck_stack
from tests.fault.strikes import STRIKES, Strike, fill
from tests.fault.test_kills import seed_of

pytestmark = pytest.mark.stack

ABSENT = absent(KEEPS_LOG)
DISK_MEBIBYTES, POSTGRES_MEBIBYTES = 64, 640
"""Of everything but the database; of the database: three databases, and the write-ahead log of a few minutes."""
CLOCK_REFUSALS = ("409 sitting-not-started", "409 sitting-late", "409 sitting-ended")
"""Whoever sits a paper while the database's clock is off by an hour is rightly told so: it is the only clock."""


def shuffled(columns: Sequence[Column], moments: Random) -> list[tuple[str, Column, Strike]]:
    """All cells of some columns, in another order every time."""
    blows = [(row, column, STRIKES[column]) for column in columns for row in rows_of(column, ABSENT)]
    moments.shuffle(blows)
    return blows


@pytest.mark.parametrize("columns", [(Column.KILLED, Column.RESTARTED), (Column.STOPPED,)])
def test_killed_restarted_or_stopped(
    columns: Sequence[Column], reachable_directory: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    seed = seed_of(request)
    moments = Random(seed)
    with struck_stack(reachable_directory) as scene:
        struck = run(scene, tmp_path, shuffled(columns, moments), moments)
    record(struck, TABLE, seed)


@pytest.mark.parametrize("column", [Column.CUT, Column.MUTE, Column.DEAF])
def test_cut_off(column: Column, reachable_directory: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seed = seed_of(request)
    moments = Random(seed)
    with own_network() as network, struck_stack(reachable_directory, network=network) as scene:
        struck = run(scene, tmp_path, shuffled([column], moments), moments)
    record(struck, TABLE, seed)


def test_disk_full(reachable_directory: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seed = seed_of(request)
    moments = Random(seed)
    with ExitStack() as exits:
        rest = exits.enter_context(small_disk(reachable_directory / "stack", DISK_MEBIBYTES))
        postgres = exits.enter_context(small_disk(reachable_directory / "stack" / "postgres", POSTGRES_MEBIBYTES))
        scene = exits.enter_context(struck_stack(reachable_directory))
        strike = fill({POSTGRES: postgres, ALL: rest})
        blows = [(row, Column.DISK, strike) for row in rows_of(Column.DISK, ABSENT)]
        struck = run(scene, tmp_path, blows, moments)
    record(struck, TABLE, seed)


def test_clock_stepped(reachable_directory: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    seed = seed_of(request)
    moments = Random(seed)
    names = (*PROCESSES, POSTGRES, *([BROKER] if KEEPS_LOG else []))
    clocks = Clocks(reachable_directory / "clocks", names)
    with (
        running_postgres(reachable_directory / "postgres", clocks, POSTGRES) as server,
        struck_stack(reachable_directory, clocks=clocks, database=server.admin_url) as scene,
    ):
        blows = shuffled([Column.FAST, Column.SLOW], moments)
        struck = run(scene, tmp_path, blows, moments, CLOCK_REFUSALS)
    record(struck, TABLE, seed)
