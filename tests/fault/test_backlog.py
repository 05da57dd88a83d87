"""How long a stack needs to be itself again with 10,000 events behind it: reported, not judged.

10,000 results are confirmed while the broker is stopped, so that the exam service's relay has all of them to send, and
again while the certificate worker is, so that they wait on the topic. From the end of the fault on, every event must be
sent, every certificate issued, told to the registration service and applied there, and nothing be left anywhere.
"""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import psycopg
import pytest

from bench.end_to_end import Run
from luban.cli.demo.clock import begin_at, move_to
from luban.cli.demo.gateway import Gateway
from luban.cli.demo.timetable import BEGINS_ON, Timetable
from luban.cli.fsck import run_fsck
from luban.cli.processes import wait_until
from luban.cli.stack import stack_file
from tests.fault.matrix import TABLE, title
from tests.fault.record import record_outcome
from tests.fault.recovery import await_quiet
from tests.fault.scene import BROKER, Scene, signal_all, struck_stack
from tests.fault.strikes import beyond_session
from tests.fault.test_kills import seed_of

pytestmark = pytest.mark.stack

EVENTS = 10_000
VICTIMS = (BROKER, "certificate.worker")
SECONDS = 180.0
CONFIRMED = "select count(*) from eventkit.journal where event_type = 'ResultConfirmed'"
UNSENT = "select count(*) from eventkit.outbox"


@pytest.fixture
def scene(reachable_directory: Path) -> Iterator[Scene]:
    with struck_stack(reachable_directory) as scene:
        yield scene


def test_ten_thousand_events_behind(scene: Scene, request: pytest.FixtureRequest) -> None:
    moments = Random(seed_of(request))
    with Gateway(stack_file(scene.directory)) as gateway:
        begin_at(gateway, Timetable.of(BEGINS_ON).begins)
        run = Run(scene.stack, gateway, EVENTS * len(VICTIMS), EVENTS)
        run.prepare()
        for number, (victim, plan_id) in enumerate(zip(VICTIMS, list(run.results), strict=True), 1):
            seconds = _recovery_of(scene, run, gateway, victim, plan_id, EVENTS * number, moments)
            print(f"{title(victim)}: {seconds:.1f} s")
            record_outcome(f"{EVENTS:,} events behind, {TABLE}", title(victim), "seconds to recover", f"{seconds:.1f}")
    with psycopg.connect(scene.stack.databases["certificate"]) as connection:
        assert connection.execute("select count(*) from certificate").fetchone() == (EVENTS * len(VICTIMS),)
    broken = [check for check in run_fsck(scene.stack) if not check.ok]
    assert not broken, broken


def _recovery_of(
    scene: Scene, run: Run, gateway: Gateway, victim: str, plan_id: str, confirmed: int, moments: Random
) -> float:
    """Seconds from the victim's waking until nothing waits anywhere."""
    ends_at = run.confirm(run.upload(plan_id))
    struck = scene.processes(victim)
    signal_all(struck, signal.SIGSTOP)
    stopped_at, seconds = time.monotonic(), beyond_session(scene, moments)
    move_to(gateway, ends_at)
    with psycopg.connect(scene.stack.databases["exam"], autocommit=True) as connection:

        def is_behind() -> bool:
            count, unsent = (connection.execute(query).fetchone() for query in (CONFIRMED, UNSENT))
            waiting = unsent == (EVENTS,) if victim == BROKER else unsent == (0,)
            return count == (confirmed,) and waiting and time.monotonic() > stopped_at + seconds

        assert wait_until(is_behind, SECONDS, every=0.1)
    signal_all(struck, signal.SIGCONT)
    return await_quiet(scene, time.monotonic())
