"""What is looked up when a scrape asks: depths and ages from the database, lag and signs of life from the loops."""

from collections.abc import Iterator, Mapping

import psycopg
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from luban.eventkit.backlog import Backlog, BacklogReader
from luban.eventkit.inbox import Wait
from luban.eventkit.sealing import KeyRing
from luban.eventkit.worker import Worker
from luban.webkit.health import Readiness

_ZERO_PARKED: Mapping[str, int] = {str(wait): 0 for wait in Wait}
_ZERO_LETTERS: Mapping[str, int] = {"refused": 0, "undecodable": 0}


class _Asked(Collector):
    """A collector that is not asked before the first scrape."""

    def describe(self) -> list[Metric]:
        """Nothing in advance."""
        return []


class BacklogGauges(_Asked):
    """What waits in the service's database; absent while the database is."""

    def __init__(self, reader: BacklogReader, ring: KeyRing) -> None:
        self._reader = reader
        self._ring = ring

    def collect(self) -> Iterator[Metric]:
        """What there is."""
        try:
            backlog = self._reader.read()
        except psycopg.Error:
            return
        yield from _families(backlog)
        missing = {name: len(self._ring.missing(backlog.year + ahead)) for name, ahead in (("this", 0), ("next", 1))}
        yield _by("luban_sealing_keys_missing", "Keys that the key ring lacks of a year.", "year", missing)


def _families(backlog: Backlog) -> Iterator[Metric]:
    yield _single("luban_outbox_events", "Events that no broker has acknowledged yet.", backlog.outbox)
    yield _single("luban_outbox_oldest_seconds", "Age of the oldest of them.", backlog.outbox_seconds)
    parked, letters = {**_ZERO_PARKED, **backlog.parked}, {**_ZERO_LETTERS, **backlog.dead_letters}
    yield _by("luban_parked_events", "Events that wait, by reason.", "reason", parked)
    yield _by("luban_dead_letters", "Dead letters nobody has settled, by reason.", "reason", letters)
    yield _single("luban_timers_overdue", "Timers that are due and not done.", backlog.timers)
    yield _single("luban_timers_overdue_seconds", "How long the oldest of them is due.", backlog.timers_seconds)


class WorkerGauges(_Asked):
    """The loops of a worker."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def collect(self) -> Iterator[Metric]:
        """What there is."""
        text = "Seconds since a loop should have been heard of; 0 while it is well."
        pulses = {name: loop.pulse.overdue for name, loop in self._worker.loops.items()}
        yield _by("luban_loop_overdue_seconds", text, "loop", pulses)
        lag = GaugeMetricFamily(
            "luban_consumer_lag_events", "Events of a partition not applied yet.", labels=("topic", "partition")
        )
        for (topic, partition), events in (self._worker.lag or {}).items():
            lag.add_metric((topic, str(partition)), events)
        yield lag


class CheckGauges(_Asked):
    """What /readyz would say."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def collect(self) -> Iterator[Metric]:
        """What there is."""
        outcomes, _ = self._readiness.look()
        text = "Whether a check of /readyz passes: 1 or 0."
        yield _by("luban_check", text, "check", {name: float(passed) for name, passed in outcomes.items()})


def _single(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), value)
    return family
