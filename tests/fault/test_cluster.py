"""Three brokers, three replicas, two of them needed: one may be killed, restarted or lead the others at any time.

A relay and two consumers move events while it happens; a whole stack stands over it, under load.
"""

import gc
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaError

from luban.cli.fsck.topics import read_topics
from luban.cli.launch import start_stack, stop_stack
from luban.cli.stack import Options, Stack, prepare_directory
from luban.cli.topics import ensure_topics
from luban.contracts.catalogue import EXAM
from tests.embedded import DatabaseFactory, private_directory
from tests.fault.cluster import REPLICATION, Cluster
from tests.fault.record import record_outcome
from tests.fault.test_kills import ROOT, ended_within, seed_of
from tests.integration.eventkit.rig import LEAKS_SOCKETS, Rig, build_rig, wait_until
from tests.servers import Servers

pytestmark = [LEAKS_SOCKETS, pytest.mark.stack]
SECONDS = 120.0
AT_A_TIME = 40
MORE = 1000
"""Events that must take effect before a fault, during it and after it."""


@pytest.fixture(autouse=True)
def _no_socket_left() -> Iterator[None]:
    """What the clients left to the garbage collector is collected here, where it counts."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def cluster(servers: Servers) -> Iterator[Cluster]:
    """One cluster for all tests: each leaves it whole."""
    if servers.engine != "apache":
        pytest.skip("Apache Kafka was not asked for: LUBAN_UP_BROKER=apache runs this")
    with private_directory() as directory:
        cluster = Cluster(directory)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


@pytest.fixture
def rig(cluster: Cluster, database: DatabaseFactory, tmp_path: Path) -> Iterator[Rig]:
    """Two databases and topics of the test's own on the cluster."""
    rig = build_rig(database, cluster.address, tmp_path, "production", REPLICATION)
    cluster.await_full()
    yield rig
    rig.close()
    rig.renew_topic(EXAM, REPLICATION)


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> random.Random:
    """Chooses victims; its seed is printed."""
    return random.Random(seed_of(request))


class Load:
    """Records events for as long as it runs, and watches when they take effect."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.recorded = 0
        self.longest_pause = 0.0
        """Seconds in which no event took effect."""

    def record(self, stop: threading.Event) -> None:
        """A few at a time, without end."""
        while not stop.wait(0.02):
            self._rig.emit(AT_A_TIME)
            self.recorded += AT_A_TIME

    def watch(self, stop: threading.Event) -> None:
        """Looks ten times a second."""
        seen, seen_at = 0, time.monotonic()
        while not stop.wait(0.1):
            found, now = self._rig.count("effect"), time.monotonic()
            if seen:
                self.longest_pause = max(self.longest_pause, now - seen_at)
            if found > seen:
                seen, seen_at = found, now

    def await_more_effects(self, count: int = MORE) -> None:
        """Waits until so many more events took effect than had when it was asked."""
        goal = self._rig.count("effect") + count
        wait_until(lambda: self._rig.count("effect") >= goal, f"{goal} effects", SECONDS)


@contextmanager
def load_that_loses_nothing(rig: Rig, cluster: Cluster, fault: str) -> Iterator[Load]:
    """Events flow while the block runs. In the end each took effect once and stands in the topic, byte by byte."""
    load = Load(rig)
    stop = threading.Event()
    with rig.running_loops(rig.relay(), rig.consumer(), rig.consumer()):
        threads = [threading.Thread(target=work, args=(stop,)) for work in (load.record, load.watch)]
        for thread in threads:
            thread.start()
        try:
            load.await_more_effects()
            yield load
            load.await_more_effects()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        wait_until(lambda: rig.count("effect") >= load.recorded, f"all {load.recorded} effects", SECONDS)
        wait_until(lambda: outbox(rig) == 0, "an empty outbox", SECONDS)
    assert_everything_once(rig, cluster, load.recorded)
    outcome = f"{load.recorded:,} events, each once; no effect for {load.longest_pause:.1f} s at most"
    print(f"{fault}: {outcome}")
    record_outcome("cluster of three", fault, "outcome", outcome)


def assert_everything_once(rig: Rig, cluster: Cluster, recorded: int) -> None:
    """Journal, topic and effects say the same."""
    journal = {event for (event,) in rig.rows("select event_id from eventkit.journal", side="source")}
    effects = [event for (event,) in rig.rows("select event_id from effect")]
    assert len(journal) == recorded
    assert sorted(effects) == sorted(journal)
    assert rig.count("eventkit.parked") == rig.count("eventkit.dead_letter") == 0
    assert journal <= read_topics(cluster.address)[EXAM.name].digests.keys()


def outbox(rig: Rig) -> int:
    """Events that no broker has acknowledged yet."""
    return int(rig.rows("select count(*) from eventkit.outbox", side="source")[0][0])


def any_leader(cluster: Cluster, moments: random.Random) -> int:
    """A broker that leads some partition of the topic."""
    return cluster.leader(EXAM.name, moments.randrange(EXAM.production_partitions))


def the_controller(cluster: Cluster, moments: random.Random) -> int:
    """The broker that decides who leads."""
    return cluster.active_controller()


VICTIMS = {"a leader killed": any_leader, "the active controller killed": the_controller}


@pytest.mark.parametrize("fault", VICTIMS)
def test_a_killed_broker_is_done_without(rig: Rig, cluster: Cluster, moments: random.Random, fault: str) -> None:
    with load_that_loses_nothing(rig, cluster, fault) as load:
        number = VICTIMS[fault](cluster, moments)
        cluster.brokers[number].kill()
        load.await_more_effects()
        cluster.start()
        cluster.await_full()


def test_a_rolling_restart_goes_unnoticed(rig: Rig, cluster: Cluster, moments: random.Random) -> None:
    with load_that_loses_nothing(rig, cluster, "all three restarted in turn") as load:
        for number in moments.sample(list(cluster.brokers), len(cluster.brokers)):
            cluster.brokers[number].stop(seconds=30)
            load.await_more_effects(MORE // 2)
            cluster.start()
            cluster.await_full()


def test_one_of_three_acknowledges_nothing_and_nothing_is_lost(
    rig: Rig, cluster: Cluster, probe: str, moments: random.Random
) -> None:
    with load_that_loses_nothing(rig, cluster, "two of three killed"):
        for number in moments.sample(list(cluster.brokers), 2):
            cluster.brokers[number].kill()
        assert_nothing_is_acknowledged(cluster, probe)
        before = outbox(rig)
        wait_until(lambda: outbox(rig) >= before + MORE, "the outbox to fill", SECONDS)
        cluster.start()
        cluster.await_full()


@pytest.fixture
def probe(cluster: Cluster) -> str:
    """A topic like ours that nobody reads: what is sent there without an acknowledgement may still arrive."""
    topic = replace(EXAM, name="probe")
    ensure_topics(cluster.address, [topic], "production", REPLICATION)
    return topic.name


def assert_nothing_is_acknowledged(cluster: Cluster, topic: str) -> None:
    """One replica of three is not enough, on any partition."""
    limits = {"delivery_timeout_ms": 5_000, "request_timeout_ms": 4_000, "max_block_ms": 5_000, "retries": 0}
    producer = KafkaProducer(bootstrap_servers=cluster.address, acks="all", enable_idempotence=False, **limits)
    sent = [producer.send(topic, b"", partition=partition) for partition in range(EXAM.production_partitions)]
    for future in sent:
        with pytest.raises(KafkaError):
            future.get(timeout=15)
    producer.close(timeout=1)


def test_a_stack_over_a_cluster_outlives_the_kill_of_each_broker(
    cluster: Cluster, reachable_directory: Path, tmp_path: Path, moments: random.Random
) -> None:
    directory = prepare_directory(reachable_directory / "stack")
    options = Options(directory, demo=True, broker=cluster.address, profile="production", replication=REPLICATION)
    stack = start_stack(options, seconds=240)
    try:
        with running_load(stack, tmp_path) as load:
            for number in moments.sample(list(cluster.brokers), len(cluster.brokers)):
                assert not ended_within(load, moments.uniform(1.0, 3.0)), "the load was over before the kill"
                cluster.brokers[number].kill()
                ended_within(load, moments.uniform(2.0, 5.0))
                cluster.start()
                cluster.await_full()
            code = load.wait(SECONDS)
        assert code == 0, (tmp_path / "load.log").read_text(encoding="utf-8")[-4000:]
        report = json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))
    finally:
        stop_stack(directory)
    outcome = f"{report['total']['count']:,} operations, {report['certificates']} certificates, ledger and system agree"
    record_outcome("cluster of three", "each killed in turn under a whole stack", "outcome", outcome)
    assert report["certificates"] > 0


@contextmanager
def running_load(stack: Stack, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """`luban load` as an operator runs it; it compares its ledger with the system, and fsck is part of that."""
    command = [sys.executable, "-m", "luban.cli.main", "load", "--stack", f"{stack.data_dir}/stack.json"]
    options = ["--for", "40s", "--rate", "60", "--ledger", str(folder / "ledger"), "--json", str(folder / "load.json")]
    with (folder / "load.log").open("wb") as log:
        process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
