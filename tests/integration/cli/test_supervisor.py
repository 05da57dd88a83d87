"""A stack as processes: in order, one per directory, restarted, stopped whole, and up again after any kill."""

import json
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import get_args

import psutil
import psycopg
import pytest
from kafka import KafkaAdminClient

from luban.cli.launch import describe_stack, start_stack, stop_stack
from luban.cli.processes import wait_until
from luban.cli.stack import Options, Profile, Service, Stack, StackError, logs_directory, prepare_directory, state_file
from luban.contracts.catalogue import TOPICS
from tests.embedded import AnyBroker, PostgresServer, private_directory
from tests.integration.cli import program
from tests.servers import Servers

pytestmark = pytest.mark.stack
SECONDS = 30.0


def services() -> tuple[Service, ...]:
    return tuple(Service(name, (sys.executable, program.__file__)) for name in ("registration", "exam"))


@pytest.fixture
def options(reachable_directory: Path) -> Iterator[Options]:
    data_dir = prepare_directory(reachable_directory / "data")
    yield Options(data_dir=data_dir, services=services(), demo=True)
    stop_stack(data_dir)


@pytest.fixture(scope="module")
def running() -> Iterator[Options]:
    """One running stack for the tests that leave it running."""
    with private_directory() as directory:
        options = Options(data_dir=prepare_directory(directory / "data"), services=services(), demo=True)
        start_stack(options)
        yield options
        stop_stack(options.data_dir)


def keeps_log(options: Options) -> bool:
    """Whether the stack's broker has its log on the disk."""
    return options.engine == "apache"


def marked(options: Options) -> list[int]:
    """Every process of the stack that is left."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(options.data_dir) in " ".join([*process.cmdline(), process.environ().get("LUBAN_STACK", "")]):
                found.append(process.pid)
    return found


def process_state(options: Options, name: str) -> dict[str, object]:
    return next(each for each in describe_stack(options.data_dir)["processes"] if each["name"] == name)


def restarted(options: Options, name: str, old_pid: int) -> Callable[[], bool]:
    def condition() -> bool:
        now = process_state(options, name)
        return now["state"] == "running" and now["pid"] != old_pid

    return condition


def test_a_second_up_is_refused_and_harms_nothing(running: Options) -> None:
    stack = Stack.read(running.data_dir)
    with pytest.raises(StackError, match=r"is running on .* already"):
        start_stack(running)
    assert Stack.read(running.data_dir) == stack
    assert describe_stack(running.data_dir)["stage"] == "running"


def test_a_killed_service_is_started_again(running: Options) -> None:
    stack = Stack.read(running.data_dir)
    os.kill(stack.pids["exam.worker"], signal.SIGKILL)
    assert wait_until(restarted(running, "exam.worker", stack.pids["exam.worker"]), SECONDS)
    assert process_state(running, "exam.worker")["restarts"] == 1
    assert Stack.read(running.data_dir).pids["exam.worker"] == process_state(running, "exam.worker")["pid"]


def test_what_cannot_be_told_is_told_later_and_the_stack_is_tended_meanwhile(running: Options) -> None:
    stack, state = Stack.read(running.data_dir), state_file(running.data_dir)
    state.unlink()
    state.mkdir()  # as good as a full disk: the new file cannot take its place
    os.kill(stack.pids["exam.worker"], signal.SIGKILL)
    log = logs_directory(running.data_dir) / "supervisor.log"
    assert wait_until(lambda: log.read_text(encoding="utf-8").count("cannot tell how the stack is") >= 2, SECONDS)
    state.rmdir()
    assert wait_until(
        lambda: state.exists() and restarted(running, "exam.worker", stack.pids["exam.worker"])(), SECONDS
    )
    assert not list(running.data_dir.glob(".state.json.*"))


def test_a_killed_database_is_started_again_with_what_was_committed(running: Options) -> None:
    stack = Stack.read(running.data_dir)
    with psycopg.connect(stack.databases["exam"]) as connection:
        connection.execute("INSERT INTO kept VALUES ('a mark')")
    os.kill(stack.pids["postgres"], signal.SIGKILL)
    assert wait_until(restarted(running, "postgres", stack.pids["postgres"]), SECONDS)
    with psycopg.connect(stack.databases["exam"]) as connection:
        assert connection.execute("SELECT what FROM kept").fetchall() == [("a mark",)]


def test_a_killed_broker_comes_back_with_its_topics_where_it_keeps_its_log(running: Options) -> None:
    stack = Stack.read(running.data_dir)
    before = topic_ids(stack.broker)
    os.kill(stack.pids["broker"], signal.SIGKILL)
    assert wait_until(restarted(running, "broker", stack.pids["broker"]), SECONDS)
    after = topic_ids(stack.broker)
    assert {topic.name for topic in TOPICS} <= set(after)
    assert (after == before) is keeps_log(running)


def test_the_log_is_there_after_down_and_up_where_it_is_kept(options: Options) -> None:
    before = topic_ids(start_stack(options).broker)
    stop_stack(options.data_dir)
    after = topic_ids(start_stack(options).broker)
    assert (after == before) is keeps_log(options)


def test_the_number_of_partitions_is_for_life(options: Options) -> None:
    start_stack(options)
    stop_stack(options.data_dir)
    other = next(profile for profile in get_args(Profile) if profile != options.profile)
    with pytest.raises(StackError, match=f"a decision for life.*give --profile {options.profile}"):
        start_stack(replace(options, profile=other))


def test_a_stack_may_change_its_engine_and_keeps_its_partitions(options: Options, servers: Servers) -> None:
    if servers.engine == "embedded":
        pytest.skip("Apache Kafka was not asked for: LUBAN_UP_BROKER=apache runs this")
    start_stack(replace(options, engine="embedded", profile="embedded"))
    stop_stack(options.data_dir)
    stack = start_stack(replace(options, engine="apache", profile="embedded"))
    assert psutil.Process(stack.pids["broker"]).name() == "java"


def test_a_stack_comes_up_describes_itself_and_goes_down(options: Options) -> None:
    said: list[str] = []
    stack = start_stack(options, said.append)
    file = options.data_dir / "stack.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == stack.as_json()
    names = {"supervisor", "postgres", "broker", "registration.api", "registration.worker", "exam.api", "exam.worker"}
    assert set(stack.pids) == names
    assert [said.index(stage) for stage in ("starting PostgreSQL", "migrating the databases", "ready")] == sorted(
        said.index(stage) for stage in ("starting PostgreSQL", "migrating the databases", "ready")
    )
    described = describe_stack(options.data_dir)
    assert described["stage"] == "running"
    assert all(each["rss"] > 0 for each in described["processes"])
    assert stop_stack(options.data_dir) is True
    assert marked(options) == []
    assert describe_stack(options.data_dir)["stage"] == "stopped"
    assert stop_stack(options.data_dir) is False


def test_a_stack_comes_back_with_its_data_and_ports_after_everything_was_killed(options: Options) -> None:
    stack = start_stack(options)
    with psycopg.connect(stack.databases["exam"]) as connection:
        connection.execute("INSERT INTO kept VALUES ('a result')")
    for pid in sorted(stack.pids.values(), key=lambda pid: pid != stack.pids["supervisor"]):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    again = start_stack(options)
    with psycopg.connect(again.databases["exam"]) as connection:
        assert connection.execute("SELECT what FROM kept").fetchall() == [("a result",)]
    assert (again.urls, again.databases) == (stack.urls, stack.databases)
    assert not set(stack.pids.values()) & {process.pid for process in psutil.process_iter()}


def test_children_die_with_a_killed_supervisor(options: Options) -> None:
    stack = start_stack(options)
    os.kill(stack.pids["supervisor"], signal.SIGKILL)
    others = [stack.pids[name] for name in ("postgres", "broker", "exam.api", "exam.worker")]
    assert wait_until(lambda: not any(map(psutil.pid_exists, others)), SECONDS)
    assert describe_stack(options.data_dir)["stage"] == "killed"


def test_down_clears_what_a_killed_supervisor_left(options: Options) -> None:
    stack = start_stack(options)
    os.kill(stack.pids["supervisor"], signal.SIGKILL)
    assert wait_until(lambda: not psutil.pid_exists(stack.pids["exam.api"]), SECONDS)
    assert stop_stack(options.data_dir) is True  # the child that the service had let go of
    assert marked(options) == []


def test_a_stack_goes_down_though_the_wall_clock_was_set(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    start_stack(options)
    now = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: now - 1.0)  # what Linux tells once the clock lost a second
    assert stop_stack(options.data_dir) is True
    assert marked(options) == []


def topic_ids(broker: str) -> dict[str, str]:
    client = KafkaAdminClient(bootstrap_servers=broker)
    found = {topic["name"]: topic["topic_id"] for topic in client.describe_topics()}
    client.close()
    return found


def test_a_failing_migration_stops_the_start_and_says_why(options: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_MIGRATION", "fails")
    with pytest.raises(StackError, match="relation entry has no column level"):
        start_stack(options)
    assert marked(options) == []
    assert describe_stack(options.data_dir)["stage"] == "failed"


def test_a_service_that_keeps_ending_stops_the_start_and_says_why(
    options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_API", "ends")
    with pytest.raises(StackError, match=r"api keeps ending .*\n.*no key ring"):
        start_stack(options)
    assert marked(options) == []


def test_a_stack_whose_key_ring_is_gone_does_not_start_with_a_new_one(options: Options) -> None:
    start_stack(options)
    stop_stack(options.data_dir)
    ring = options.data_dir / "keys/keyring.json"
    kept = ring.read_bytes()
    ring.unlink()
    with pytest.raises(StackError, match="put it back from its backup"):
        start_stack(options)
    assert not ring.exists()
    ring.write_bytes(kept)
    start_stack(options)


def test_a_demo_directory_never_becomes_a_real_one(options: Options) -> None:
    start_stack(options)
    stop_stack(options.data_dir)
    with pytest.raises(StackError, match="holds a demo stack"):
        start_stack(Options(data_dir=options.data_dir, services=services(), demo=False))


def test_external_servers_are_used_and_left_alone(
    options: Options, reachable_directory: Path, postgres_server: PostgresServer, own_broker: AnyBroker
) -> None:
    stack = start_stack(
        Options(
            data_dir=options.data_dir,
            services=services(),
            database=postgres_server.admin_url,
            broker=own_broker.address,
            stack_copy=reachable_directory / "copy.json",
        )
    )
    assert {"postgres", "broker"} & set(stack.pids) == set()
    assert Stack.read_file(reachable_directory / "copy.json") == stack
    stop_stack(options.data_dir)
    with psycopg.connect(postgres_server.admin_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
