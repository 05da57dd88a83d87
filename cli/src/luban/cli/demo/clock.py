"""The demo's time: set once to the day it begins, then only moved forward."""

from datetime import datetime, timedelta
from typing import Protocol

import psycopg

from luban.cli.clock import advance, read_clocks
from luban.cli.demo.faults import DemoError
from luban.cli.demo.gateway import despite_restarts
from luban.cli.stack import Stack, StackError

_USED = "SELECT EXISTS (SELECT FROM eventkit.journal)"
_BEGIN = "UPDATE eventkit.simulated_clock SET ahead = %s"


class Described(Protocol):
    """Whoever knows a stack's description as it is now."""

    def stack(self) -> Stack:
        """The description."""


def begin_at(gateway: Described, instant: datetime) -> None:
    """Sets all clocks of a fresh demo stack to `instant`, which may lie in the past.

    Raises DemoError when the stack is no demo or anything has happened on it: what has happened keeps its order.
    """
    despite_restarts(lambda: _begin(gateway.stack(), instant), StackError, psycopg.OperationalError)


def _begin(stack: Stack, instant: datetime) -> None:
    if not stack.demo:
        raise DemoError("this stack is no demo: start one with `luban up --demo`")
    clocks = read_clocks(stack)
    fixed = [clock.service for clock in clocks if not clock.allowed]
    if fixed:
        raise DemoError(f"the databases of {', '.join(fixed)} do not let their clock be moved: they are no demo's")
    for service, url in stack.databases.items():
        _refuse_used(service, url)
    for url in stack.databases.values():
        with psycopg.connect(url) as connection:
            connection.execute(_BEGIN, (instant - clocks[0].real,))


def is_used(url: str) -> bool:
    """Whether anything has happened in a service's database."""
    with psycopg.connect(url) as connection:
        row = connection.execute(_USED).fetchone()
    return row is None or bool(row[0])


def _refuse_used(service: str, url: str) -> None:
    if is_used(url):
        raise DemoError(f"{service} has events already: the demo needs a fresh stack, on another data directory")


def move_to(gateway: Described, instant: datetime) -> None:
    """Moves all clocks to `instant` as `luban clock advance` does, over restarts of the stack."""
    despite_restarts(lambda: _move(gateway.stack(), instant), StackError, psycopg.OperationalError)


def _move(stack: Stack, instant: datetime) -> None:
    if not _have_reached(stack, instant):
        advance(stack, lambda now: max(instant, now + timedelta(seconds=1)))


def _have_reached(stack: Stack, instant: datetime) -> bool:
    """All of them: a move that was killed halfway has moved some."""
    return all(clock.now >= instant for clock in read_clocks(stack))
