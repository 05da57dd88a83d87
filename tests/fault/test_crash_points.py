"""Every crash point, not a sample: nothing is lost or doubled wherever a relay or a consumer is struck."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.embedded import DatabaseFactory, running_broker, running_postgres
from tests.fault.crash_points import Lane, Strike, Subject, lanes_on, require_strace, strike_everywhere
from tests.fault.record import record_outcome

LANES = 8
CORE = {
    "relay": {"to broker", "from broker", "from database delete from eventkit.outbox"},
    "consumer": {"from broker", "to database copy register_entry", "to database update eventkit.consumer_offset"},
}
"""What a batch cannot do without."""
# kafka-python leaves sockets of connections that broke to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lane]]:
    require_strace()
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        brokers = [stack.enter_context(running_broker()).address for _ in range(LANES)]
        made = lanes_on(DatabaseFactory(postgres.admin_url), brokers, tmp_path_factory.mktemp("lanes"))
        yield made
        for lane in made:
            lane.source.close()
            lane.sink.close()


@pytest.mark.parametrize("how", ["kill", "error"])
@pytest.mark.parametrize("subject", ["relay", "consumer"])
def test_no_system_call_is_a_bad_moment(lanes: list[Lane], subject: Subject, how: Strike) -> None:
    for lane in lanes:
        lane.hangs = 0
    walk = strike_everywhere(lanes, subject, how)
    hangs = sum(lane.hangs for lane in lanes)
    struck = Counter(walk.struck)
    outcome = f"{struck.total()} calls of {len(struck)} purposes" + (f", {hangs} hung" if hangs else "")
    print(f"{subject}, {how}: {outcome}:", *sorted(struck.items()), sep="\n  ")
    broken = [check for lane in lanes for check in lane.fsck() if not check.ok]
    assert not broken, broken
    for lane in lanes:
        numbers = lane.numbers()
        assert [int(number[-6:]) for number in numbers] == list(range(1, len(lane.expected) + 1))
    assert not walk.missed(), "seen and never struck"
    assert struck.keys() >= CORE[subject], "a batch without these is none"
    record_outcome("crash points", subject, how, outcome)
