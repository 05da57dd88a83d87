"""What the kernel counts: committed events by type and track, batches by what became of them."""

from uuid import UUID

from prometheus_client import REGISTRY

from luban.eventkit import metrics
from luban.eventkit.envelope import Pending
from luban.eventkit.lag import Lag
from luban.eventkit.pulse import Pulse
from luban.events.v1.certificate_pb2 import CertificateIssued
from luban.events.v1.registration_pb2 import PlanPublished
from luban.reference.track import Track

SOMEBODY = UUID(int=1)


def pending(payload: CertificateIssued | PlanPublished, track: Track | None) -> Pending:
    return Pending(payload, SOMEBODY, SOMEBODY, track, None, "test", SOMEBODY, None)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_events_are_counted_by_type_and_track() -> None:
    before = value("luban_events_recorded_total", type="CertificateIssued", track="SOCIAL")
    metrics.recorded([pending(CertificateIssued(), Track.SOCIAL)] * 3 + [pending(PlanPublished(), None)])
    assert value("luban_events_recorded_total", type="CertificateIssued", track="SOCIAL") == before + 3
    assert value("luban_events_recorded_total", type="PlanPublished", track="NONE") >= 1


def test_what_a_service_may_record_is_known_before_it_does() -> None:
    metrics.expect_events_of("certificate")
    for track in ("ENTERPRISE", "SOCIAL", "SPECIAL_ABILITY"):
        labels = {"type": "CertificateWithdrawn", "track": track}
        assert REGISTRY.get_sample_value("luban_events_recorded_total", labels) is not None
    metrics.expect_events_of("exam")
    reserved = {"type": "SeatAssigned", "track": "SOCIAL"}
    assert REGISTRY.get_sample_value("luban_events_recorded_total", reserved) is None


def test_a_broken_promise_shows_and_the_next_beat_ends_it() -> None:
    pulse = Pulse()
    assert pulse.overdue == 0
    pulse.beat(within=-1)
    assert pulse.overdue >= 1
    pulse.beat()
    assert pulse.overdue == 0


def test_lag_is_the_distance_to_each_end_that_is_known() -> None:
    lag = Lag()
    positions = {("t", 0): 3, ("t", 1): 7, ("t", 2): 5}
    lag.note(positions, lambda _: 10)
    assert lag.events is None, "no positions were taken yet"
    lag.begin()
    lag.note(positions, {("t", 0): 10, ("t", 1): 7, ("t", 2): None}.get)
    assert lag.events == {("t", 0): 7, ("t", 1): 0, ("t", 2): 0}
    lag.forget()
    assert lag.events is None
