"""Putting one service's database back: from a dump, or to an instant out of a base backup and the WAL since.

The database is restored beside its place and takes it when whole. Services may run meanwhile: they wait, and record
nothing before their journal was compared with its topic (luban.eventkit.comparison).
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from luban.cli.postgres import EmbeddedPostgres, client_environment, postgres_program
from luban.cli.processes import ProcessError
from luban.cli.provision import role_of
from luban.cli.secret_files import write_secret
from luban.cli.stack import Stack, StackError

RECOVERY_SECONDS = 24 * 3600.0
_SEGMENT = re.compile(r"[0-9A-F]{24}(\.partial)?|[0-9A-F]{8}\.history")
_CHECKPOINT = re.compile(r"^Time of latest checkpoint: +(?P<at>.+)$", re.MULTILINE)
_STARTED = re.compile(r"START WAL LOCATION: (?P<lsn>[0-9A-F]+/[0-9A-F]+) \(file (?P<timeline>[0-9A-F]{8})")
_COMMIT = re.compile(r"lsn: (?P<lsn>[0-9A-F]+/[0-9A-F]+), .*desc: COMMIT (?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+)")
_END_SESSIONS = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
_Report = Callable[[str], None]


def restore_dump(stack: Stack, service: str, dump: Path, report: _Report) -> str:
    """Puts a service's database back from a file of `pg_dump --format=custom`.

    Returns the name that a database in its place has now, empty when there was none. Raises StackError.
    """
    if not dump.is_file():
        raise StackError(f"there is no dump {dump}")
    name = role_of(service)
    fresh = f"{name}_restored"
    report(f"restoring {fresh}")
    with _administrator(stack) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(fresh)))
        owned = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0")
        connection.execute(owned.format(sql.Identifier(fresh), sql.Identifier(name)))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(fresh)))
        _run("pg_restore", stack.admin_database, "--exit-on-error", "--dbname", fresh, str(dump))
        report(f"putting it in the place of {name}")
        return _swap(connection, name, fresh)


def restore_to(stack: Stack, service: str, base: Path, wal: Path, until: datetime | None, report: _Report) -> str:
    """Puts a service's database back as it was at `until`, or as far as the WAL goes. As `restore_dump` otherwise.

    `base` is a directory of pg_basebackup, `wal` one of pg_receivewal or of an archive_command.
    """
    with tempfile.TemporaryDirectory(prefix="luban-restore-", dir=_roomy(stack)) as folder:
        directory = Path(folder)
        directory.chmod(0o711)
        report("recovering a server of its own from the base backup and the WAL")
        server = _side_server(stack, directory, base, wal, until)
        dump = directory / "dump"
        try:
            server.start(RECOVERY_SECONDS)
            report(f"taking {role_of(service)} out of it")
            _run("pg_dump", server.admin_url, "--format=custom", "--file", str(dump), role_of(service))
        finally:
            server.stop()
        return restore_dump(stack, service, dump, report)


def _side_server(stack: Stack, directory: Path, base: Path, wal: Path, until: datetime | None) -> EmbeddedPostgres:
    cluster = directory / "cluster"
    if not (base / "PG_VERSION").is_file():
        raise StackError(f"{base} is no base backup: pg_basebackup makes one")
    shutil.copytree(base, cluster, symlinks=True)
    segments = [path for path in wal.iterdir() if _SEGMENT.fullmatch(path.name)] if wal.is_dir() else []
    for path in segments:
        shutil.copyfile(path, cluster / "pg_wal" / path.name.removesuffix(".partial"))
    target = f"{_target(cluster, until)}\n" if until else ""
    with (cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        # The segments stand in pg_wal already. Nobody receives this server's own.
        file.write(f"restore_command = 'false'\nsynchronous_standby_names = ''\narchive_mode = off\n{target}")
        file.write("recovery_target_action = 'promote'\nhot_standby = off\n")
    (cluster / "recovery.signal").touch()
    write_secret(directory / "password", unquote(urlsplit(stack.admin_database).password or ""))
    return EmbeddedPostgres(directory)


def _target(cluster: Path, until: datetime) -> str:
    """The setting that ends the recovery with the last transaction that was committed by then.

    A target time would not do: on a quiet server it also lets through what a later transaction did before its commit,
    and DROP DATABASE removes its files before it commits.
    """
    began = _said(_CHECKPOINT, "pg_controldata", str(cluster))
    if until < datetime.strptime(began["at"], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC):
        raise StackError(f"the base backup is younger than {until.isoformat()}: take an older one")
    started = _STARTED.search((cluster / "backup_label").read_text(encoding="utf-8"))
    if started is None:
        raise StackError("the base backup does not say where its WAL begins")
    place = (f"--path={cluster / 'pg_wal'}", f"--timeline={int(started['timeline'], 16)}", f"--start={started['lsn']}")
    limit = until.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    commits = _COMMIT.finditer(_looked_at("pg_waldump", *place, "--rmgr=Transaction"))
    reached = [found["lsn"] for found in commits if found["at"] <= limit]
    return f"recovery_target_lsn = '{reached[-1]}'" if reached else "recovery_target = 'immediate'"


def _said(pattern: re.Pattern[str], program: str, *arguments: str) -> re.Match[str]:
    found = pattern.search(_looked_at(program, *arguments))
    if found is None:
        raise ProcessError(f"{program} did not say what it should")
    return found


def _looked_at(program: str, *arguments: str) -> str:
    """What a program says of files, in UTC. Its exit code tells nothing: pg_waldump fails where the WAL ends."""
    command = [str(postgres_program(program)), *arguments]
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout  # noqa: S603 -- PostgreSQL's own


def _swap(connection: psycopg.Connection, name: str, fresh: str) -> str:
    """Nobody may come in between: sessions are ended, and none is let in until the names are changed."""
    there = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is not None
    aside = f"{name}_until_{datetime.now(UTC):%Y%m%dt%H%M%S}" if there else ""
    for database in (*([name] if there else []), fresh):
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(database)))
        connection.execute(_END_SESSIONS, (database,))
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    if there:
        connection.execute(rename.format(sql.Identifier(name), sql.Identifier(aside)))
    connection.execute(rename.format(sql.Identifier(fresh), sql.Identifier(name)))
    connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))
    return aside


@contextmanager
def _administrator(stack: Stack) -> Iterator[psycopg.Connection]:
    try:
        with psycopg.connect(stack.admin_database, autocommit=True) as connection:
            yield connection
    except psycopg.Error as error:
        raise StackError(f"the database server refused: {error}") from error


def _run(program: str, server: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 -- PostgreSQL's own programs
        [str(postgres_program(program)), *arguments],
        env={**os.environ, **client_environment(server)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ProcessError(f"{program} failed: {done.stderr.strip()[-1000:]}")


def _roomy(stack: Stack) -> str | None:
    """Where the stack keeps its own data, if that is here: a temporary directory may be too small for a copy."""
    return stack.data_dir if os.access(stack.data_dir, os.W_OK) else None
