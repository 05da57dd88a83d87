"""The simulated clock of a demo stack: the same instant in every service's database."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from luban.cli.stack import Stack, StackError
from luban.reference.shanghai import shanghai_day
from luban.reference.working_days import national_calendar

_READ = "SELECT clock_timestamp(), ahead, allowed FROM eventkit.simulated_clock"
_MOVE = "UPDATE eventkit.simulated_clock SET ahead = %s"


@dataclass(frozen=True)
class Clock:
    """A service's clock: its instant, how far it runs ahead of the real one, whether it may be moved."""

    service: str
    real: datetime
    ahead: timedelta
    allowed: bool

    @property
    def now(self) -> datetime:
        """What the service takes for now."""
        return self.real + self.ahead


def read_clocks(stack: Stack) -> list[Clock]:
    """The clock of every service. Raises StackError when a database is not migrated."""
    with _transactions(stack) as connections:
        return [_read(service, connection) for service, connection in connections]


def advance(stack: Stack, target: Callable[[datetime], datetime]) -> datetime:
    """Moves all clocks to `target(now)` and returns it. Nothing is moved unless all can be.

    Where the clocks differ (a move that was killed halfway) the one furthest ahead counts. Raises StackError on a stack
    that is no demo, on one whose databases do not allow it, and for a target that is not later than now.
    """
    if not stack.demo:
        raise StackError("the clock of a stack that is no demo is never moved; start one with `luban up --demo`")
    with _transactions(stack) as connections:
        clocks = [_read(service, connection, lock=True) for service, connection in connections]
        _refuse_fixed(clocks)
        now = clocks[0].real + max(clock.ahead for clock in clocks)
        instant = target(now)
        if instant <= now:
            raise StackError(f"the clock only moves forward: {instant.isoformat()} is not later than {now.isoformat()}")
        for _, connection in connections:
            connection.execute(_MOVE, (instant - clocks[0].real,))
    return instant


def after(duration: timedelta) -> Callable[[datetime], datetime]:
    """A target so much later than now."""
    return lambda now: now + duration


def after_working_days(count: int) -> Callable[[datetime], datetime]:
    """The target 24:00 Shanghai of the `count`-th working day after today: the end of a publicity that begins today."""
    return lambda now: national_calendar().publicity_end(shanghai_day(now), count)


@contextmanager
def _transactions(stack: Stack) -> Iterator[Sequence[tuple[str, psycopg.Connection]]]:
    """One transaction in each database, committed at the end; an error before rolls all of them back."""
    with ExitStack() as exits:
        try:
            yield [(name, exits.enter_context(_connect(url))) for name, url in stack.databases.items()]
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
            raise StackError("a database has no clock: it is not migrated, start the stack with `luban up`") from error
        except psycopg.OperationalError as error:
            raise StackError(f"a database cannot be reached, is the stack running? {error}") from error


def _connect(url: str) -> psycopg.Connection:
    """Seconds to connect in, milliseconds for an acknowledgement: a database that is cut off is an error, no wait."""
    return psycopg.connect(url, connect_timeout=10, tcp_user_timeout=15_000)


def _read(service: str, connection: psycopg.Connection, *, lock: bool = False) -> Clock:
    row = connection.execute(_READ + (" FOR UPDATE" if lock else "")).fetchone()
    if row is None:
        raise StackError(f"the database of {service} has no clock")
    return Clock(service, *row)


def _refuse_fixed(clocks: Sequence[Clock]) -> None:
    fixed = [clock.service for clock in clocks if not clock.allowed]
    if fixed:
        raise StackError(f"the databases of {', '.join(fixed)} do not let their clock be moved: they are no demo's")
