"""A database server that takes no writes for a while: it replays its log after a restore, or is a standby."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from psycopg import sql

from luban.eventkit.timers import Timers
from luban.eventkit.uow import Cause, open_units
from tests.integration.eventkit.rig import LEAKS_SOCKETS, Rig, wait_until

pytestmark = LEAKS_SOCKETS


@contextmanager
def read_only(url: str) -> Iterator[None]:
    """No session of this database writes while the block runs."""
    set_to(url, "on")
    yield
    set_to(url, "off")


def set_to(url: str, state: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set default_transaction_read_only = off")
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("alter database {} set default_transaction_read_only = {}").format(name, sql.SQL(state))
        )
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


def test_relay_consumer_and_timers_wait_for_it(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "luban.eventkit")
    rig.emit(5)
    with rig.running_loops(rig.relay()):
        wait_until(lambda: rig.rows("select count(*) from eventkit.outbox", side="source") == [(0,)], "all sent")
    rig.emit(5)
    timers = Timers({"ring": lambda _, __: None}, rig.sink)
    expected = {"relay pauses", "database away, consumption pauses", "timers pause"}
    with ExitStack() as stack:
        with read_only(rig.source_settings.database), read_only(rig.sink_settings.database):
            stack.enter_context(rig.running_loops(rig.relay(), rig.consumer(), timers))
            wait_until(lambda: expected <= told(caplog), "each to meet it")
        rig.await_effects(10)


def test_a_connection_that_has_read_takes_the_servers_word_for_its_next_transaction(rig: Rig) -> None:
    one = open_units(rig.sink_settings, 1)
    with read_only(rig.sink_settings.database):
        with one.read(Cause("test")) as uow:
            assert uow.sql("select 1").fetchall() == [(1,)]
        with one.begin(Cause("test")) as uow:
            assert uow.sql("show transaction_read_only").fetchall() == [("on",)]
    with one.read(Cause("test")) as uow:
        assert uow.sql("show transaction_read_only").fetchall() == [("on",)]
    one.close()


def told(caplog: pytest.LogCaptureFixture) -> set[str]:
    """Who said that the database takes no writes."""
    return {record.getMessage().partition(":")[0] for record in caplog.records if "ReadOnly" in record.getMessage()}
