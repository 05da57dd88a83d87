"""What a demo came to: for build/demo.json and for the table."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from luban.cli.demo.cycle import Cycle
from luban.cli.demo.employers import MATCH, NO_MATCH, WITHDRAWN, Checks
from luban.cli.demo.figures import Differences, TrackFigures
from luban.cli.demo.meter import Usage
from luban.cli.fsck.check import Check
from luban.reference.track import Track


@dataclass(frozen=True)
class Outcome:
    """Everything the demo found out."""

    seed: int
    candidates: int
    cycles: Mapping[Track, Cycle]
    figures: Mapping[Track, TrackFigures]
    items: Mapping[str, int]
    """Of the bank: accepted and rejected."""
    responses: int
    checks: Checks
    fsck: Sequence[Check]
    stages: Mapping[str, float]
    usage: Usage
    differences: Differences

    @property
    def is_right(self) -> bool:
        """Whether every number is what the seed implies and every invariant holds."""
        return not self.differences.found and all(check.ok for check in self.fsck)

    @property
    def seconds(self) -> float:
        """From starting the stack to the last figure."""
        return round(sum(self.stages.values()), 2)

    def as_json(self) -> dict[str, Any]:
        """What stands in build/demo.json."""
        return {
            "seed": self.seed,
            "candidates": self.candidates,
            "tracks": {track.value: figures.as_json() for track, figures in self.figures.items()},
            "verifications": {name: self.checks.told[name] for name in (MATCH, NO_MATCH, WITHDRAWN)},
            "fsck": {
                "ok": all(check.ok for check in self.fsck),
                "checks": [{**asdict(check), "ok": check.ok} for check in self.fsck],
            },
            "seconds": self.seconds,
            "cpu_seconds": self.usage.cpu_seconds,
            "peak_rss_mb": self.usage.peak_rss_mb,
            "stages": dict(self.stages),
        }
