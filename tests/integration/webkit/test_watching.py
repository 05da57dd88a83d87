"""A worker answers its operators: alive, ready, and how far behind; over HTTP, with real loops on a real broker."""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.envelope import Received
from luban.eventkit.pulse import Pulse
from luban.eventkit.uow import UnitOfWork
from luban.eventkit.worker import Worker, build_worker
from luban.events.v1 import exam_pb2
from luban.webkit import monitoring, watching
from luban.webkit.monitoring import MonitoringServer, Page
from luban.webkit.watching import Watching
from tests.embedded import AnyBroker, DatabaseFactory
from tests.integration.eventkit.rig import EXAM_EVENTS, SUBSCRIPTIONS, Rig, build_rig, on_corrected, wait_until


class ImpatientPulse(Pulse):
    """Promises to beat every half second, so that a test need not wait."""

    def beat(self, within: float = 0.5) -> None:
        super().beat(within)


@contextmanager
def answering(pages: Mapping[str, Page]) -> Iterator[int]:
    """The port at which they are answered."""
    server = MonitoringServer("127.0.0.1", 0, pages)
    server.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and body."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def ready(port: int) -> dict[str, Any]:
    """What /readyz says."""
    said: dict[str, Any] = json.loads(ask(port, "/readyz")[1])
    return said


@pytest.fixture
def rig(database: DatabaseFactory, own_broker: AnyBroker, tmp_path: Path) -> Iterator[Rig]:
    """Two databases, one broker."""
    built = build_rig(database, own_broker.address, tmp_path)
    yield built
    built.source.close()
    built.sink.close()


@contextmanager
def watched(rig: Rig, subscriptions: Subscriptions = SUBSCRIPTIONS, **changes: Any) -> Iterator[tuple[int, Worker]]:
    """The consuming side's worker, and the port at which it answers."""
    settings = rig.sink_settings.model_copy(update=changes)
    worker = build_worker("certificate", settings, rig.sink, subscriptions, {}, {})
    watching = Watching("none", worker, rig.sink, settings, CollectorRegistry())
    with closing(watching), answering(watching.pages) as port:
        yield port, worker


def test_a_worker_is_ready_once_it_has_its_positions(rig: Rig) -> None:
    with watched(rig) as (port, worker):
        assert ask(port, "/readyz")[0] == 503
        assert ready(port)["checks"] == {"database": True, "broker": False, "loops": True, "lag": False}
        rig.emit(3)
        with rig.running_loops(rig.relay(), *worker.loops.values()):
            rig.await_effects(3)
            wait_until(lambda: ask(port, "/readyz")[0] == 200, "readiness")
            wait_until(lambda: ready(port)["shown"]["lag_events"] == 0, "no lag")
            shown = ask(port, "/metrics")[1]
        assert ready(port)["shown"]["backlog"]["outbox"] == 0
    for line in ('luban_check{check="broker"} 1.0', "luban_outbox_events 0.0", 'luban_parked_events{reason="gap"} 0.0'):
        assert line in shown
    assert 'luban_consumer_lag_events{partition="3",topic="luban.exam.v1"} 0.0' in shown


def test_a_worker_without_its_broker_lives_and_is_not_ready(
    rig: Rig, own_broker: AnyBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "BROKER_SECONDS", 2.0)
    with watched(rig) as (port, worker), rig.running_loops(*worker.loops.values()):
        wait_until(lambda: ask(port, "/readyz")[0] == 200, "readiness")
        own_broker.pause()
        wait_until(lambda: not ready(port)["checks"]["broker"], "the broker missed")
        assert ready(port)["checks"]["database"]
        assert ask(port, "/healthz") == (200, '{"status": "ok"}')
        own_broker.resume()
        wait_until(lambda: ask(port, "/readyz")[0] == 200, "readiness again")


def test_a_worker_too_far_behind_is_not_ready(rig: Rig) -> None:
    with watched(rig, ready_lag=-1) as (port, worker), rig.running_loops(*worker.loops.values()):
        wait_until(lambda: ready(port)["checks"]["broker"], "the broker heard of")
        wait_until(lambda: ready(port)["shown"]["lag_events"] == 0, "positions")
        assert ready(port)["checks"]["lag"] is False


def test_a_loop_that_hangs_shows_in_healthz_and_its_end_too(rig: Rig) -> None:
    go_on, hangs = threading.Event(), threading.Event()

    def hang(uow: UnitOfWork, batch: Sequence[Received[Any]]) -> None:
        hangs.set()
        go_on.wait(60)

    hanging = Subscriptions(
        "certificate",
        handles={exam_pb2.ResultConfirmed: hang, exam_pb2.ResultCorrected: on_corrected},
        ignores=EXAM_EVENTS,
    )
    rig.emit(1)
    with watched(rig, hanging) as (port, worker):
        for loop in worker.loops.values():
            loop.pulse = ImpatientPulse()
        with rig.running_loops(rig.relay(), worker.loops["consumer"]):
            assert hangs.wait(30)
            wait_until(lambda: "consumer" in ask(port, "/healthz")[1], "the frozen consumer")
            status, body = ask(port, "/healthz")
            assert (status, json.loads(body)["loops"]["consumer"]) == (503, "frozen")
            assert ready(port)["checks"]["loops"] is False
            go_on.set()
            wait_until(lambda: "consumer" not in ask(port, "/healthz")[1], "the consumer going on")


def test_no_more_than_a_few_are_heard_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "MOST_AT_ONCE", 1)
    go_on, asked = threading.Event(), threading.Event()

    def slow() -> tuple[int, str, bytes]:
        asked.set()
        go_on.wait(60)
        return 200, "text/plain", b"at last"

    with answering({"/slow": slow, "/fast": lambda: (200, "text/plain", b"")}) as port:
        answers: list[tuple[int, str]] = []
        first = threading.Thread(target=lambda: answers.append(ask(port, "/slow")))
        first.start()
        assert asked.wait(30)
        with pytest.raises(ConnectionError):
            ask(port, "/fast")
        go_on.set()
        first.join(30)
        assert answers == [(200, "at last")]
        wait_until(lambda: _status(port, "/fast") == 200, "a place that is free again")
        wait_until(lambda: _status(port, "/nowhere") == 404, "a place that is free once more")


def _status(port: int, path: str) -> int | None:
    """None where all places are taken: one is free again only after its answer has been read."""
    try:
        return ask(port, path)[0]
    except ConnectionError:
        return None
