"""Two workers of one service on a whole stack, under load: one relay sends, the consumers share the partitions, and one
that sleeps with a batch in hand while the other takes its partitions over is fenced when it wakes.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psycopg
import pytest

from luban.cli.fsck.topics import consumed_by, topic_of_owner
from luban.cli.processes import wait_until
from luban.contracts.catalogue import EVENT_TOPICS
from luban.eventkit.positions import Place
from luban.eventkit.relay import LOCK_CLASS
from tests.fault.load import Load, running_load
from tests.fault.matrix import TABLE
from tests.fault.network import Network, own_network
from tests.fault.record import record_outcome
from tests.fault.recovery import await_recovery, behind
from tests.fault.scene import POSTGRES, Scene, signal_all, struck_stack
from tests.fault.second_worker import GROUP, SecondWorker, Worker, first_worker, second_worker
from tests.fault.strikes import beyond_session
from tests.fault.test_kills import seed_of

pytestmark = pytest.mark.stack

SERVICE = "exam"
"""Consumes one topic and sends to another."""
SECONDS = 90.0
SENT, FENCED = "luban_relay_sends_total", "luban_consumer_fenced_total"
IN_HAND_SECONDS = 0.8
"""A consumer that could would have begun to apply an event long before."""


@dataclass(frozen=True)
class Pair:
    """The supervisor's worker, and one that was started by hand."""

    scene: Scene
    network: Network
    first: Worker
    second: SecondWorker

    def every_place(self) -> set[Place]:
        """All partitions that the service reads."""
        profile = self.scene.stack.profile
        topics = [topic for topic in EVENT_TOPICS if topic.name in consumed_by(SERVICE)]
        return {(topic.name, number) for topic in topics for number in range(topic.partitions(profile))}

    def await_shared(self) -> None:
        """Until each applies some partitions, no partition has two, and none is left."""

        def shared() -> bool:
            first, second = self.first.places(), self.second.places()
            return bool(first and second) and not first & second and first | second == self.every_place()

        assert wait_until(shared, SECONDS, every=0.3), (self.first.places(), self.second.places())

    def await_alone(self) -> None:
        """Until the first applies all partitions, and nothing waits for it."""

        def alone() -> bool:
            return self.first.places() == self.every_place() and not self.waiting(self.every_place())

        assert wait_until(alone, SECONDS, every=0.3), self.first.places()

    def waiting(self, places: set[Place]) -> int:
        """Events on the topics that are not applied."""
        found = 0
        for owner in ("registration", "exam", "certificate"):
            partitions = {number for topic, number in places if topic == topic_of_owner(owner)}
            found += behind(self.scene.stack, owner, SERVICE, partitions) if partitions else 0
        return found

    @contextmanager
    def asleep_with_a_batch_in_hand(self) -> Iterator[None]:
        """The second is stopped where it has read records and cannot begin its transaction: its way to the database is
        cut for that moment. What it has sent by then, a first question on its connection, arrives afterwards.
        """
        places, port = self.second.places(), self.scene.end_of(POSTGRES).ports[0]
        with self.network.cut_between(GROUP, port):
            assert wait_until(lambda: self._keeps_waiting(places), SECONDS, every=0.05)
            signal_all([self.second.process], signal.SIGSTOP)
        yield
        signal_all([self.second.process], signal.SIGCONT)

    def _keeps_waiting(self, places: set[Place]) -> bool:
        until = time.monotonic() + IN_HAND_SECONDS
        while self.waiting(places):
            if time.monotonic() >= until:
                return True
            time.sleep(0.05)
        return False

    def holders(self) -> int:
        """Relays that hold the lock."""
        query = (
            "select count(*) from pg_locks join pg_database d on d.oid = database where datname = current_database()"
            f" and locktype = 'advisory' and classid = {LOCK_CLASS} and granted"
        )
        with psycopg.connect(self.scene.stack.databases[SERVICE], autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> Random:
    """Its seed is printed."""
    return Random(seed_of(request))


@pytest.fixture
def pair(reachable_directory: Path, tmp_path: Path) -> Iterator[Pair]:
    """Both at work on one stack."""
    with own_network() as network, struck_stack(reachable_directory, network=network) as scene:
        network.mark([GROUP])
        with second_worker(scene, SERVICE, tmp_path) as second:
            made = Pair(scene, network, first_worker(scene, SERVICE), second)
            made.await_shared()
            yield made


def test_one_relay_sends_consumers_share_and_a_sleeper_is_fenced(pair: Pair, tmp_path: Path, moments: Random) -> None:
    with running_load(pair.scene, tmp_path, moments.randrange(1000)) as load:
        _one_relay_sends(pair, load)
        fenced = _the_sleeper_is_fenced(pair, load, moments)
        _the_other_relay_takes_over(pair, load)
        load.end()
    record_outcome(f"two workers, {TABLE}", SERVICE, "batches of a sleeper that were fenced", f"{fenced:.0f}")


def _one_relay_sends(pair: Pair, load: Load) -> None:
    before = pair.first.count(SENT)
    assert wait_until(lambda: pair.first.count(SENT) > before, SECONDS, every=0.3)
    assert pair.holders() == 1
    assert pair.second.count(SENT) == 0
    assert load.drives


def _the_sleeper_is_fenced(pair: Pair, load: Load, moments: Random) -> float:
    """How often it was."""
    with pair.asleep_with_a_batch_in_hand():
        load.go_on(beyond_session(pair.scene, moments))
        pair.await_alone()
        applied = pair.first.count("luban_consumer_events_total", outcome="applied")
        assert applied > 0
    assert wait_until(lambda: pair.second.count(FENCED) > 0, SECONDS, every=0.3)
    assert pair.second.said("fenced")
    pair.await_shared()
    return pair.second.count(FENCED)


def _the_other_relay_takes_over(pair: Pair, load: Load) -> None:
    signal_all(pair.scene.processes(f"{SERVICE}.worker")[:1], signal.SIGKILL)
    assert wait_until(lambda: pair.second.count(SENT) > 0, SECONDS, every=0.3)
    await_recovery(pair.scene, time.monotonic())
    assert pair.holders() == 1
    assert load.drives
