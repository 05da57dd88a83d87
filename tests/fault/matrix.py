"""The fault matrix as data: what is struck, how, and which cells cannot be, with the reason."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from luban.cli.stack import SERVICE_NAMES, Options
from tests.fault.scene import BROKER, POSTGRES, PROCESSES

KEEPS_LOG = Options(Path()).profile == "production"
"""As `luban up` chooses it: a broker that keeps its log gets production's partitions."""
TABLES = {"embedded broker": False, "Apache Kafka": True}
"""Of the docs, and whether the broker of each keeps its log."""
TABLE = next(name for name, keeps_log in TABLES.items() if keeps_log == KEEPS_LOG)
SEED = "seed"
"""The last row: of the run that struck a column."""

RELAY, ALL = "relay, mid-batch", "all at once"
APIS, WORKERS = PROCESSES[:3], PROCESSES[3:]
ROWS = (*APIS, *WORKERS, RELAY, POSTGRES, BROKER, ALL)
TITLES = {
    **{f"{name}.api": f"{name} API" for name in SERVICE_NAMES},
    **{f"{name}.worker": f"{name} worker" for name in SERVICE_NAMES},
    RELAY: "relay in the middle of a batch",
    POSTGRES: "PostgreSQL",
}


def title(row: str) -> str:
    """As the table has it."""
    return TITLES.get(row, row)


class Column(StrEnum):
    """How it is struck."""

    KILLED = "kill -9"
    STOPPED = "stopped and woken"
    CUT = "cut off"
    MUTE = "nothing gets out"
    DEAF = "nothing gets in"
    DISK = "disk full"
    RESTARTED = "restarted"
    FAST = "clock +1 h"
    SLOW = "clock −1 h"


ONLY_BROKER = "asked of the broker; a process of a service that is killed is restarted too"
NO_DISK = "keeps nothing on a disk but its log, and that disk is full in the last row"
NO_CLOCK = "the relay reads no wall clock: events bear the database's time, and its process's clock is the worker's row"
NO_SHIM = "linked statically, so its clock cannot be stepped alone; nothing of ours reads it"


def absent(keeps_log: bool) -> Mapping[tuple[str, Column], str]:
    """Cells that cannot be with a broker that keeps its log, or with one that does not, and why."""
    found = {(row, Column.RESTARTED): ONLY_BROKER for row in ROWS if row != BROKER}
    found |= {(row, Column.DISK): NO_DISK for row in ROWS if row not in (POSTGRES, ALL)}
    for column in (Column.FAST, Column.SLOW):
        found[RELAY, column] = NO_CLOCK
        if not keeps_log:
            found[BROKER, column] = NO_SHIM
    return found


def rows_of(column: Column, gone: Mapping[tuple[str, Column], str]) -> list[str]:
    """What can be struck so."""
    return [row for row in ROWS if (row, column) not in gone]
