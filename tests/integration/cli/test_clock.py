"""The simulated clock moves in all databases to the same instant, forward only, and in a demo only."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from luban.cli.clock import advance, after, after_working_days, read_clocks
from luban.cli.stack import Stack, StackError
from luban.reference.shanghai import SHANGHAI
from luban.reference.working_days import national_calendar
from tests.embedded import DatabaseFactory
from tests.integration.cli.program import CLOCK, SET_ALLOWED
from tests.unit.cli.stacks import a_stack

DAY = timedelta(days=1)


def allowing(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(CLOCK)
        connection.execute(SET_ALLOWED, (True,))


def forbidding(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(CLOCK)
        connection.execute(SET_ALLOWED, (False,))


def stack_of(database: DatabaseFactory, first: Callable[[str], None], second: Callable[[str], None]) -> Stack:
    return replace(a_stack(), demo=True, databases={"registration": database(first), "exam": database(second)})


def test_all_clocks_move_to_the_same_instant(database: DatabaseFactory) -> None:
    stack = stack_of(database, allowing, allowing)
    before = datetime.now(UTC)
    instant = advance(stack, after(7 * DAY))
    clocks = read_clocks(stack)
    assert before + 7 * DAY <= instant <= clocks[0].now
    assert len({clock.ahead for clock in clocks}) == 1


def test_a_move_that_was_killed_halfway_is_healed_by_the_next(database: DatabaseFactory) -> None:
    stack = stack_of(database, allowing, allowing)
    with psycopg.connect(stack.databases["exam"]) as connection:
        connection.execute("UPDATE eventkit.simulated_clock SET ahead = interval '3 days'")
    advance(stack, after(DAY))
    assert {clock.ahead for clock in read_clocks(stack)} == {4 * DAY}


def test_working_days_end_at_midnight_in_shanghai(database: DatabaseFactory) -> None:
    stack = stack_of(database, allowing, allowing)
    today = read_clocks(stack)[0].now.astimezone(SHANGHAI).date()
    instant = advance(stack, after_working_days(5)).astimezone(SHANGHAI)
    assert (instant.hour, instant.minute) == (0, 0)
    assert national_calendar().working_days_between(today, (instant - DAY).date()) == 5


def test_the_clock_never_moves_back(database: DatabaseFactory) -> None:
    stack = stack_of(database, allowing, allowing)
    with pytest.raises(StackError, match="only moves forward"):
        advance(stack, after(-DAY))
    assert {clock.ahead for clock in read_clocks(stack)} == {timedelta()}


def test_a_stack_that_is_no_demo_is_refused(database: DatabaseFactory) -> None:
    stack = replace(stack_of(database, allowing, allowing), demo=False)
    with pytest.raises(StackError, match="no demo is never moved"):
        advance(stack, after(DAY))
    assert {clock.ahead for clock in read_clocks(stack)} == {timedelta()}


def test_one_database_that_forbids_it_keeps_all_clocks_still(database: DatabaseFactory) -> None:
    stack = stack_of(database, allowing, forbidding)
    with pytest.raises(StackError, match="databases of exam do not let"):
        advance(stack, after(DAY))
    assert {clock.ahead for clock in read_clocks(stack)} == {timedelta()}


def test_an_unmigrated_database_is_named(database: DatabaseFactory) -> None:
    stack = replace(a_stack(), demo=True, databases={"exam": database()})
    with pytest.raises(StackError, match="not migrated"):
        advance(stack, after(DAY))
