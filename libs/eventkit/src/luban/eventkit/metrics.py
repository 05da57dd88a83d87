"""What the kernel counts, once per batch or transaction, for Prometheus.

Labels are bounded and name no one: event types, tracks, outcomes. What a database can tell at any time (depths, ages)
is not counted here but read when asked, see `luban.eventkit.backlog`.
"""

from collections import Counter as Tally
from collections.abc import Collection
from operator import attrgetter

from prometheus_client import Counter, Histogram

from luban.contracts.catalogue import EVENTS, SPEC_OF_PAYLOAD
from luban.eventkit.envelope import Pending
from luban.reference.track import Track

NO_TRACK = "NONE"

RECORDED = Counter("luban_events_recorded", "Events committed to the journal, by type and track.", ["type", "track"])
SENT = Counter("luban_relay_sends", "Sends of events to the broker, by outcome.", ["outcome"])
ACKNOWLEDGED, UNACKNOWLEDGED = SENT.labels("acknowledged"), SENT.labels("failed")
RELAY_SECONDS = Histogram(
    "luban_relay_batch_seconds",
    "Seconds from a batch's reading out of the outbox to its striking out.",
    buckets=(0.005, 0.02, 0.1, 0.5, 1, 5, 30),
)
CONSUMED = Counter("luban_consumer_events", "Events a consumer has dealt with, by what became of them.", ["outcome"])
APPLIED, REPEAT, PARKED, REFUSED, UNDECODABLE = map(
    CONSUMED.labels, ("applied", "repeat", "parked", "refused", "undecodable")
)
BATCH_EVENTS = Histogram(
    "luban_consumer_batch_events", "Events in one transaction.", buckets=(1, 10, 100, 500, 1000, 2000, 5000)
)
BATCH_SECONDS = Histogram(
    "luban_consumer_batch_seconds", "Seconds of one transaction.", buckets=(0.005, 0.02, 0.1, 0.5, 1, 5, 30)
)
FENCED = Counter("luban_consumer_fenced", "Batches undone because somebody else had moved a position.")

_PAYLOAD, _TRACK = attrgetter("payload"), attrgetter("track")


def expect_events_of(service: str) -> None:
    """Begins the count of every event the service may record at 0, so that a rate sees the first."""
    for spec in EVENTS:
        if spec.topic.owner == service and not spec.reserved:
            for track in (*Track, NO_TRACK):
                RECORDED.labels(spec.name, track)


def recorded(pending: Collection[Pending]) -> None:
    """Counts what a transaction that has been committed recorded."""
    kinds = zip(map(type, map(_PAYLOAD, pending)), map(_TRACK, pending), strict=True)
    for (payload, track), count in Tally(kinds).items():
        RECORDED.labels(SPEC_OF_PAYLOAD[payload].name, track or NO_TRACK).inc(count)


def batch(events: int, seconds: float) -> None:
    """Measures a consumer's batch that has been committed."""
    BATCH_EVENTS.observe(events)
    BATCH_SECONDS.observe(seconds)


def consumed(*, applied: int, repeats: int, parked: int, refused: int) -> None:
    """Counts what became of a batch's events, once they are committed."""
    for counter, count in ((APPLIED, applied), (REPEAT, repeats), (PARKED, parked), (REFUSED, refused)):
        if count:
            counter.inc(count)


def sent(acknowledged: int, failed: int, seconds: float) -> None:
    """Counts a relay's batch."""
    RELAY_SECONDS.observe(seconds)
    ACKNOWLEDGED.inc(acknowledged)
    if failed:
        UNACKNOWLEDGED.inc(failed)
