"""The outbox lets go of an event only once the broker has said that it has it."""

from contextlib import ExitStack

import pytest

from luban.eventkit import relay
from luban.eventkit.relay import Relay
from tests.embedded import AnyBroker
from tests.integration.eventkit.rig import LEAKS_SOCKETS, Rig, wait_until

pytestmark = LEAKS_SOCKETS


def test_what_was_not_acknowledged_stays_in_the_outbox(
    rig: Rig, own_broker: AnyBroker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(relay, "SEND_TIMEOUT_SECONDS", 2)
    full = Relay("exam", rig.source_settings.model_copy(update={"relay_batch": 3}))
    with rig.running_loops(full):
        rig.emit(1)
        wait_until(lambda: outbox(rig) == 0, "a relay at work")
        own_broker.pause()
        rig.emit(3)
        wait_until(lambda: "relay pauses" in caplog.text, "the relay giving up")
        assert outbox(rig) == 3
        own_broker.resume()
        wait_until(lambda: outbox(rig) == 0, "the acknowledgements")
    with rig.running_loops(rig.consumer()):
        rig.await_effects(4)


def test_a_relay_without_the_lock_sends_nothing_and_takes_over_when_it_is_free(rig: Rig) -> None:
    first, second = rig.relay(), rig.relay()
    with ExitStack() as until_the_end:
        with rig.running_loops(first):
            rig.emit(1)
            wait_until(lambda: outbox(rig) == 0, "a relay at work")
            until_the_end.enter_context(rig.running_loops(second))
            for _ in range(30):
                rig.emit(1)
                wait_until(lambda: outbox(rig) == 0, "each event on its own")
            # The outbox is empty a moment before the relay has counted.
            wait_until(lambda: (first.sent, second.sent) == (31, 0), "all sent by the first, none by the second")
        rig.emit(1)
        wait_until(lambda: outbox(rig) == 0, "the other one")
    assert (first.sent, second.sent) == (31, 1)


def outbox(rig: Rig) -> int:
    """Events that the relay still has to send."""
    return int(rig.rows("select count(*) from eventkit.outbox", side="source")[0][0])
