"""Every service has a database of its own, and no other service's role can enter it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from luban.cli.provision import provision, role_of
from tests.embedded import PostgresServer

SERVICES = ("first", "second")
"""Names of this test alone: others start whole stacks on the same server."""


@pytest.fixture
def provisioned(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[dict[str, str]]:
    yield provision(postgres_server.admin_url, SERVICES, tmp_path / "passwords.json")
    with psycopg.connect(postgres_server.admin_url, autocommit=True) as connection:
        for name in map(role_of, SERVICES):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def test_a_role_works_in_its_own_database(provisioned: dict[str, str]) -> None:
    with psycopg.connect(provisioned["second"]) as connection:
        connection.execute("CREATE SCHEMA eventkit")
        connection.execute("CREATE TABLE eventkit.journal (id int)")


def test_a_role_cannot_enter_another_services_database(provisioned: dict[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(provisioned["second"], dbname=role_of("first"))


def test_a_role_is_no_administrator(provisioned: dict[str, str]) -> None:
    with (
        psycopg.connect(provisioned["second"], autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE DATABASE another")


def test_provisioning_again_keeps_data_and_passwords(
    postgres_server: PostgresServer, provisioned: dict[str, str], tmp_path: Path
) -> None:
    with psycopg.connect(provisioned["second"]) as connection:
        connection.execute("CREATE TABLE kept (what text)")
    again = provision(postgres_server.admin_url, SERVICES, tmp_path / "passwords.json")
    assert {name: again[name] for name in SERVICES} == provisioned
    with psycopg.connect(again["second"]) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
