"""One database and one role for each service, on a server of which we have the administrator's URL."""

import secrets
from collections.abc import Collection, Iterable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from luban.cli.secret_files import read_json, write_json
from luban.cli.stack import StackError


def provision(
    admin_url: str, services: Iterable[str], passwords_file: Path, known: Collection[str] = ()
) -> dict[str, str]:
    """Makes what is missing and returns the URL of each service's database.

    A role owns its database and may connect to no other of ours. Passwords are made once and kept in `passwords_file`.
    Raises StackError when the database of a service that is `known` is gone: an empty one would not be what it was.
    """
    names = tuple(services)
    passwords = _passwords(names, passwords_file)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("SET createrole_self_grant TO 'set, inherit'")
        for name in names:
            if name in known:
                _refuse_gone(connection, name)
            _ensure_role(connection, role_of(name), passwords[name])
            _ensure_database(connection, role_of(name))
    return {name: _url(admin_url, role_of(name), passwords[name]) for name in names}


def role_of(service: str) -> str:
    """The name of a service's role, and of its database."""
    return f"luban_{service}"


def _passwords(services: Iterable[str], file: Path) -> dict[str, str]:
    kept: dict[str, str] = read_json(file, {})
    missing = {name: secrets.token_urlsafe(24) for name in services if name not in kept}
    if missing:
        write_json(file, kept | missing)
    return kept | missing


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    """Sends the password's verifier, so that the password itself is in no log of the server."""
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("CREATE" if found is None else "ALTER")
    statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}")
    connection.execute(statement.format(verb, sql.Identifier(role), sql.Literal(verifier)))


def _refuse_gone(connection: psycopg.Connection, service: str) -> None:
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", (role_of(service),)).fetchone() is None:
        raise StackError(
            f"the database {role_of(service)} is gone: put it back with `luban restore {service}` (docs/runbook.md,"
            " Backup and restore)"
        )


def _ensure_database(connection: psycopg.Connection, name: str) -> None:
    found = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
    identifier = sql.Identifier(name)
    if found is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(identifier, identifier))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))


def _url(admin_url: str, role: str, password: str) -> str:
    parts = urlsplit(admin_url)
    place = parts.netloc.rsplit("@", 1)[-1]
    return parts._replace(netloc=f"{role}:{password}@{place}", path=f"/{role}").geturl()
