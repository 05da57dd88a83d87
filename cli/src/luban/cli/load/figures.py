"""Counts and latencies by kind of operation, in bounded memory.

Latencies are kept in HDR histograms, microseconds to an hour with two significant digits. Each is kept twice: from
the moment the request was due, which is the truth under an open loop (`latency_ms`), and from the moment it was sent,
which leaves out what a slow system kept from being sent (`uncorrected_ms`). Flat out there is no schedule, and both
are equal.
"""

import resource
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hdrh.histogram import HdrHistogram

from luban.cli.load.pace import Schedule

LONGEST_US = 3_600_000_000
DIGITS = 2
PERCENTILES = (50, 90, 99)


class Latencies:
    """A histogram of seconds."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, LONGEST_US, DIGITS)

    def record(self, seconds: float) -> None:
        """Anything beyond an hour counts as an hour."""
        self._histogram.record_value(min(max(int(seconds * 1e6), 1), LONGEST_US))

    def add(self, other: "Latencies") -> None:
        """Takes another's in."""
        self._histogram.add(other._histogram)

    def as_json(self) -> dict[str, float | None]:
        """p50, p90, p99 and max in milliseconds; None where nothing was recorded."""
        empty = not self._histogram.get_total_count()
        found = {f"p{share}": self._histogram.get_value_at_percentile(share) for share in PERCENTILES}
        found["max"] = self._histogram.get_max_value()
        return {name: None if empty else round(value / 1000, 2) for name, value in found.items()}


@dataclass
class Kind:
    """One kind of operation."""

    count: int = 0
    """Answered as it was due."""
    latencies: Latencies = field(default_factory=Latencies)
    uncorrected: Latencies = field(default_factory=Latencies)
    errors: Counter[str] = field(default_factory=Counter)
    """By kind: attempts without an answer, and answers that were not due."""
    in_doubt: int = 0
    retries: int = 0
    replayed: int = 0
    """Answers that were first given to an earlier attempt, which had been taken for lost."""

    def answered(self, due: float, sent: float, now: float) -> None:
        """An answer; the moments are the clock's of `pace`."""
        self.count += 1
        self.latencies.record(now - due)
        self.uncorrected.record(now - sent)

    def as_json(self, seconds: float) -> dict[str, Any]:
        """Everything; `seconds` is how long the load lasted."""
        return {
            "count": self.count,
            "rate": round(self.count / seconds, 2) if seconds else 0.0,
            "latency_ms": self.latencies.as_json(),
            "uncorrected_ms": self.uncorrected.as_json(),
            "errors": dict(self.errors),
            "in_doubt": self.in_doubt,
            "retries": self.retries,
            "replayed": self.replayed,
        }


class Figures:
    """Everything a load measures of itself."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.late = Latencies()
        """How late a client that was free sent what was due: the generator's own doing."""
        self._began, self._ended = time.perf_counter(), 0.0
        self._cpu = time.process_time()
        self._cpu_ended = 0.0
        self._asked: float | None = None
        self._kept: float | None = None

    def of(self, kind: str) -> Kind:
        """The figures of one kind."""
        found = self.kinds.get(kind)
        if found is None:
            found = self.kinds[kind] = Kind()
        return found

    def end(self) -> None:
        """The load is over; what comes after is not measured."""
        self._ended = self._ended or time.perf_counter()
        self._cpu_ended = self._cpu_ended or time.process_time()

    def keep(self, schedule: Schedule) -> None:
        """Takes down what a schedule came to."""
        self._asked, self._kept = schedule.rate, schedule.kept()

    @property
    def seconds(self) -> float:
        """How long the load lasted, or has lasted."""
        return (self._ended or time.perf_counter()) - self._began

    def total(self) -> Kind:
        """All kinds together."""
        total = Kind()
        for kind in self.kinds.values():
            total.count += kind.count
            total.in_doubt += kind.in_doubt
            total.retries += kind.retries
            total.replayed += kind.replayed
            total.errors += kind.errors
            total.latencies.add(kind.latencies)
            total.uncorrected.add(kind.uncorrected)
        return total

    def operations(self) -> dict[str, Any]:
        """Each kind's, in the order of their first appearance."""
        return {name: kind.as_json(self.seconds) for name, kind in self.kinds.items()}

    def client(self) -> Mapping[str, Any]:
        """What the generator itself used: CPU seconds, the share of one core, memory; how late it was; and the rate
        that was asked for beside the one that was kept while every client had something to send."""
        cpu = (self._cpu_ended or time.process_time()) - self._cpu
        return {
            "cpu_seconds": round(cpu, 2),
            "cpu_share_of_a_core": round(cpu / self.seconds, 3) if self.seconds else 0.0,
            "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            "late_ms": self.late.as_json(),
            "schedule": {"asked": self._asked, "kept": None if self._kept is None else round(self._kept, 2)},
        }
