"""The embedded PostgreSQL and broker keep their promises to the tests and to the stack."""

import os
import socket
import stat
from pathlib import Path

import psycopg
import pytest

from luban.cli.broker import broker_binary
from luban.cli.postgres import EmbeddedPostgres
from luban.cli.processes import ProcessError
from tests.embedded import DatabaseFactory, PostgresServer


def make_register(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE register (number text PRIMARY KEY)")


def test_two_databases_of_one_migration_share_nothing(database: DatabaseFactory) -> None:
    first, second = database(make_register), database(make_register)
    with psycopg.connect(first) as connection:
        connection.execute("INSERT INTO register VALUES ('Y000037001000123')")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT count(*) FROM register").fetchone() == (0,)


def test_a_database_is_dropped_with_the_sessions_in_it(postgres_server: PostgresServer) -> None:
    databases = DatabaseFactory(postgres_server.admin_url)
    url = databases()
    with psycopg.connect(url) as open_session:
        databases.drop()
        with pytest.raises(psycopg.OperationalError):
            open_session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_wrong_password_is_refused(postgres_server: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_server.admin_url, password="another")


def test_a_committed_row_survives_a_kill_of_the_server(reachable_directory: Path) -> None:
    server = EmbeddedPostgres(reachable_directory / "postgres")
    with server:
        make_register(server.admin_url)
        with psycopg.connect(server.admin_url) as connection:
            connection.execute("INSERT INTO register VALUES ('1')")
        server.kill()
        server.start()
        with psycopg.connect(server.admin_url) as connection:
            assert connection.execute("SELECT number FROM register").fetchall() == [("1",)]


def test_the_durable_profile_is_durable(reachable_directory: Path) -> None:
    with EmbeddedPostgres(reachable_directory / "postgres") as server, psycopg.connect(server.admin_url) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()
            for name in ("fsync", "synchronous_commit", "full_page_writes")
        }
    assert shown == {"fsync": ("on",), "synchronous_commit": ("on",), "full_page_writes": ("on",)}


def test_a_database_below_a_closed_directory_works_too(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with (
        EmbeddedPostgres(closed / "postgres", durable=False) as server,
        psycopg.connect(server.admin_url) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_server_that_cannot_listen_says_so_and_leaves_nothing(reachable_directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = EmbeddedPostgres(reachable_directory / "postgres", port=taken.getsockname()[1], durable=False)
        with pytest.raises(ProcessError, match="Address already in use"):
            server.start()
    assert server.child is None


def test_the_broker_needs_no_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CALF_TANSU_BIN", raising=False)
    monkeypatch.setenv("HOME", "/nowhere/at/all")
    assert os.access(broker_binary(tmp_path), os.X_OK)


def test_a_wheel_without_execute_bits_is_copied_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CALF_TANSU_BIN", raising=False)
    monkeypatch.setattr("luban.cli.broker.os.access", lambda *_: False)
    copy = broker_binary(tmp_path)
    assert copy.parent == tmp_path
    assert copy.stat().st_mode & stat.S_IXUSR
    assert broker_binary(tmp_path) == copy


def test_a_named_broker_program_is_used_verbatim(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "broker"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    monkeypatch.setenv("CALF_TANSU_BIN", str(program))
    assert broker_binary(tmp_path) == program
