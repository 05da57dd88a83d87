"""PostgreSQL and broker for tests and benchmarks: context managers, and pytest fixtures made of them.

The fixtures take the servers that tests/servers.py chose for the run: our own processes, or containers.

pytest-xdist runs every worker as a session of its own, so each worker has its own servers.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from luban.cli.apache import ApacheBroker
from luban.cli.broker import Broker, EmbeddedBroker
from luban.cli.postgres import EmbeddedPostgres, postgres_program
from luban.cli.stack import Engine, Profile, default_engine
from tests.containers import ContainerBroker, postgres_container
from tests.servers import Servers, choose, servers_of_run


class PostgresServer(Protocol):
    """A server of which we have the administrator's URL."""

    @property
    def admin_url(self) -> str: ...


class AnyBroker(Protocol):
    """A broker of any engine. What stops or restarts it works on a broker of the test's own only."""

    keeps_log: ClassVar[bool]

    @property
    def address(self) -> str: ...
    def start(self) -> object: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def lose_log(self) -> None: ...


Migration = Callable[[str], object]
"""Takes the URL of an empty database and brings it to the newest version; must close its connections."""


@contextmanager
def private_directory() -> Iterator[Path]:
    """A temporary directory that the account of the database can reach, also when tests run as root."""
    directory = Path(tempfile.mkdtemp(prefix="luban-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[EmbeddedPostgres]:
    """A server of its own in a temporary directory; not durable by default, which is faster."""
    with private_directory() as directory, EmbeddedPostgres(directory / "postgres", durable=durable) as server:
        yield server


def new_broker(engine: Engine, directory: Path) -> Broker:
    """A broker that is not started; Apache Kafka trades durability for speed."""
    return ApacheBroker(directory, durable=False) if engine == "apache" else EmbeddedBroker(directory)


@contextmanager
def running_broker(engine: Engine | None = None) -> Iterator[Broker]:
    """An empty broker of its own; of the engine that $LUBAN_UP_BROKER names where none is given."""
    with private_directory() as directory, new_broker(engine or default_engine(), directory) as server:
        yield server


def profile_of_broker(broker: AnyBroker) -> Profile:
    """As `luban up` chooses it: a broker that keeps its log gets production's partitions."""
    return "production" if broker.keeps_log else "embedded"


def postgres_tool(program: str, *arguments: str) -> bytes:
    """Runs one of PostgreSQL's own programs; what it wrote to standard output."""
    done = subprocess.run([str(postgres_program(program)), *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


class DatabaseFactory:
    """Makes fresh databases, each a copy of a template that its migration made once per server."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._templates: dict[Migration, str] = {}
        self._numbers = count(1)
        self._made: list[str] = []

    def __call__(self, migrate: Migration | None = None) -> str:
        """The URL of a new database: migrated, or empty without a migration. It is dropped when its test ends."""
        name = f"test_{next(self._numbers)}"
        self._create(name, template=self._template(migrate) if migrate else None)
        self._made.append(name)
        return self._url(name)

    def drop(self) -> None:
        """Drops every database made so far, with the sessions in it; templates stay."""
        while self._made:
            self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self._made.pop())))

    def _template(self, migrate: Migration) -> str:
        if migrate not in self._templates:
            name = f"template_{next(self._numbers)}"
            self._create(name, template=None)
            migrate(self._url(name))
            self._templates[migrate] = name
        return self._templates[migrate]

    def _create(self, name: str, template: str | None) -> None:
        source = sql.Identifier(template or "template1")
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(statement)

    def _url(self, name: str) -> str:
        return urlsplit(self._admin_url)._replace(path=f"/{name}").geturl()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """The run's choice; that of this machine where the run did not expect to need any."""
    return servers_of_run(pytestconfig) or choose()


@pytest.fixture(scope="session")
def postgres_server(servers: Servers) -> Iterator[PostgresServer]:
    """The worker's PostgreSQL server."""
    with postgres_container() if servers.containers else running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def broker(servers: Servers) -> Iterator[AnyBroker]:
    """The worker's broker; shared by its tests, so a test names its topics uniquely.

    Take `own_broker` to stop or restart one.
    """
    with ContainerBroker() if servers.containers else running_broker(servers.engine) as server:
        yield server


@pytest.fixture
def own_broker(servers: Servers) -> Iterator[AnyBroker]:
    """A broker for this test alone."""
    with ContainerBroker() if servers.containers else running_broker(servers.engine) as server:
        yield server


@pytest.fixture
def reachable_directory() -> Iterator[Path]:
    """A temporary directory that an embedded PostgreSQL can live in, whoever runs the tests."""
    with private_directory() as directory:
        yield directory


@pytest.fixture(scope="session")
def database_factory(postgres_server: PostgresServer) -> DatabaseFactory:
    """The worker's factory; keeps its templates for the whole session."""
    return DatabaseFactory(postgres_server.admin_url)


@pytest.fixture
def database(database_factory: DatabaseFactory) -> Iterator[DatabaseFactory]:
    """`database(migrate)` is the URL of a fresh database, dropped when the test ends."""
    yield database_factory
    database_factory.drop()
