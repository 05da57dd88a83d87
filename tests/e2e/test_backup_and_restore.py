"""Each service's database is lost in turn and put back from yesterday's backup, while the rest of the stack goes on.

PostgreSQL and the broker are servers of the test's own, as in production: they outlive what happens to a database.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from luban.cli.demo.gateway import Gateway, wait_for
from luban.cli.fsck import run_fsck
from luban.cli.launch import start_stack, stop_stack
from luban.cli.postgres import EmbeddedPostgres, client_environment, postgres_program
from luban.cli.processes import ProcessError, wait_until
from luban.cli.provision import role_of
from luban.cli.stack import Options, Stack, prepare_directory, stack_file
from tests.embedded import private_directory, running_broker
from tests.enterprise import Cycle, Enterprise, begin

pytestmark = pytest.mark.stack

SERVICES = ("registration", "exam", "certificate")
PUT_BACK_SECONDS = 60


@dataclass
class World:
    """A stack over servers of ours, an enterprise that works on it, and where backups go."""

    stack: Stack
    server: EmbeddedPostgres
    enterprise: Enterprise
    backup: Path
    cycles: list[Cycle] = field(default_factory=list)

    @property
    def admin(self) -> str:
        return self.stack.admin_database

    def luban(self, *arguments: str) -> tuple[int, str]:
        """The command, as an operator gives it: exit code and all it said."""
        command = [sys.executable, "-m", "luban.cli.main", *arguments, "--data-dir", self.stack.data_dir]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, "COLUMNS": "300"}
        )
        return done.returncode, done.stdout + done.stderr

    def work(self, workers: int = 3) -> None:
        """One more cycle, from a plan to certificates."""
        self.cycles.append(self.enterprise.cycle(workers))

    def ready(self, service: str) -> bool:
        """Whether its API says that it could do its job and takes commands."""
        answer = httpx.get(f"{self.stack.urls[service]}/readyz", timeout=10, trust_env=False)
        return answer.status_code == 200 and answer.json()["shown"]["accepts_commands"]

    def await_ready(self, service: str) -> None:
        assert wait_until(lambda: self.ready(service), PUT_BACK_SECONDS), self.log(f"{service}.worker")

    def log(self, process: str) -> str:
        return (Path(self.stack.data_dir) / "logs" / f"{process}.log").read_text()[-3000:]

    def drop(self, service: str) -> str:
        """Somebody's mistake; the instant before it."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            ((before,),) = connection.execute("select clock_timestamp()").fetchall()
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(role_of(service))))
        return str(before.isoformat())

    def everything_stands(self) -> None:
        """Every certificate that was ever given is there, unchanged, and every promise holds."""
        register = self.enterprise.province.at("certificate")
        listed = (each for cycle in self.cycles for each in register.all("/v1/certificates", plan_id=cycle.plan_id))
        found = {each["certificate_id"]: each["certificate_no"] for each in listed}
        given = [each for cycle in self.cycles for each in cycle.certificates]
        assert len(given) == len({each["certificate_no"] for each in given})
        assert [each for each in given if found.get(each["certificate_id"]) != each["certificate_no"]] == []
        wait_for("every invariant", lambda: all(check.ok for check in run_fsck(self.stack)) or None)


@contextmanager
def receiving_wal(server: EmbeddedPostgres, directory: Path) -> Iterator[None]:
    """pg_receivewal, which every commit waits for."""
    environment = {**os.environ, **client_environment(server.admin_url)}
    command = [str(postgres_program("pg_receivewal")), f"--directory={directory}", "--slot=luban_wal"]
    subprocess.run([*command, "--create-slot", "--if-not-exists"], env=environment, check=True)
    receiver = subprocess.Popen(
        [*command, "--synchronous", "--dbname=application_name=luban_wal"], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        with psycopg.connect(server.admin_url, autocommit=True) as connection:
            connection.execute("alter system set synchronous_standby_names = 'luban_wal'")
            connection.execute("select pg_reload_conf()")
            synchronous = "select count(*) from pg_stat_replication where sync_state = 'sync'"
            assert wait_until(lambda: connection.execute(synchronous).fetchall() == [(1,)], 30)
        yield
    finally:
        receiver.terminate()
        receiver.wait(30)


def base_backup(server: EmbeddedPostgres, directory: Path) -> None:
    """pg_basebackup, as it is taken every night."""
    environment = {**os.environ, **client_environment(server.admin_url)}
    command = [str(postgres_program("pg_basebackup")), f"--pgdata={directory}", "--checkpoint=fast"]
    subprocess.run(command, env=environment, check=True)


def dump(server: EmbeddedPostgres, service: str, file: Path) -> None:
    environment = {**os.environ, **client_environment(server.admin_url)}
    command = [str(postgres_program("pg_dump")), "--format=custom", f"--file={file}", role_of(service)]
    subprocess.run(command, env=environment, check=True)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One day of work, a night's backups, and another day of work."""
    with private_directory() as directory, running_broker() as broker:
        server = EmbeddedPostgres(directory / "postgres")
        server.start()
        backup = directory / "backup"
        (backup / "wal").mkdir(parents=True)
        with receiving_wal(server, backup / "wal"):
            data_dir = prepare_directory(directory / "stack")
            options = Options(data_dir, demo=True, database=server.admin_url, broker=broker.address)
            stack = start_stack(options, seconds=240)
            try:
                with Gateway(stack_file(data_dir)) as gateway:
                    begin(gateway)
                    made = World(stack, server, Enterprise(gateway), backup)
                    made.work()
                    base_backup(server, backup / "base")
                    for service in SERVICES:
                        dump(server, service, backup / f"{service}.dump")
                    made.work()
                    made.enterprise.withdraw(made.cycles[0].certificates[0]["certificate_id"])
                    made.enterprise.withdraw(made.cycles[1].certificates[0]["certificate_id"])
                    yield made
            finally:
                stop_stack(data_dir)
                server.kill()


def register_of(world: World) -> Any:
    """What the world was told of certificates."""
    with psycopg.connect(world.stack.databases["certificate"]) as connection:
        return connection.execute(
            "select certificate_id, certificate_no, result_id, state, withdrawn_on, withdrawal_reason, scores,"
            " name_hash from certificate order by certificate_id"
        ).fetchall()


def refuses_yesterdays_dump(world: World, service: str) -> None:
    """A database without its WAL is found out, says so, takes no command, and is not made up from events."""
    code, said = world.luban("restore", service, "--dump", str(world.backup / f"{service}.dump"))
    assert code == 0, said
    assert wait_until(lambda: "restored from the past" in world.log(f"{service}.worker"), PUT_BACK_SECONDS)
    assert not world.ready(service)
    code, said = world.luban("recover", service, "--dry-run")
    assert (code, "the journal lacks" in said) == (1, True), said
    code, said = world.luban("recover", service)
    assert (code, "Restore the database with its WAL" in said) == (1, True), said
    assert not world.ready(service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_that_was_dropped_comes_back_to_its_last_commit(world: World, service: str) -> None:
    before = world.drop(service)
    if service != "certificate":
        refuses_yesterdays_dump(world, service)
    base, wal = str(world.backup / "base"), str(world.backup / "wal")
    code, said = world.luban("restore", service, "--base", base, "--wal", wal, "--until", before)
    assert code == 0, said
    world.await_ready(service)
    world.everything_stands()
    world.work()
    world.everything_stands()


def test_a_server_that_is_lost_with_its_disk_comes_back_to_its_last_commit(world: World) -> None:
    told = register_of(world)
    directory = world.server.directory
    world.server.kill()
    shutil.rmtree(directory / "cluster")
    with pytest.raises(ProcessError, match="put a backup of them there"):
        world.server.start()
    shutil.copytree(world.backup / "base", directory / "cluster", symlinks=True)
    for segment in (world.backup / "wal").iterdir():
        shutil.copyfile(segment, directory / "cluster/pg_wal" / segment.name.removesuffix(".partial"))
    with (directory / "cluster/postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'false'\nsynchronous_standby_names = ''\n")
    (directory / "cluster/recovery.signal").touch()
    world.server.start()
    assert register_of(world) == told
    for service in SERVICES:
        world.await_ready(service)
    world.everything_stands()
    world.work()
    world.everything_stands()


def test_a_register_of_yesterday_is_brought_to_today_by_the_topics(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = register_of(world)
    world.drop("certificate")
    assert world.luban("restore", "certificate", "--dump", str(world.backup / "certificate.dump"))[0] == 0
    assert wait_until(lambda: "restored from the past" in world.log("certificate.worker"), PUT_BACK_SECONDS)
    assert not world.ready("certificate")
    assert len(register_of(world)) < len(today)
    code, said = world.luban("recover", "certificate")
    assert code == 0, said
    assert register_of(world) == today
    world.await_ready("certificate")
    gone_back = ["certificate: the public log goes on from all that it has signed"]
    wait_for(
        "nothing but the log broken",
        lambda: [check.name for check in run_fsck(world.stack) if not check.ok] == gone_back or None,
    )
    data_dir = Path(world.stack.data_dir)
    stop_stack(data_dir)
    monkeypatch.setenv("LUBAN_LOG_ORIGIN", "luban.example/log-2")
    start_stack(Options.read(data_dir), seconds=240)
    world.await_ready("certificate")
    world.everything_stands()
    world.work()
    world.everything_stands()
