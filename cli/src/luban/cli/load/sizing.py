"""How many people begin in a week: so many that a week's work takes a while, and that the year's weeks suffice."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from luban.cli.load.values import MOST_PEOPLE

FEWEST = 30
"""People of a wave: ten on each track."""
MOST = 15_000
FIRST = 150
_WEEK_SECONDS = 8.0
"""How long a week's work should take, at least; long enough that the stops between weeks do not count."""
_LONGEST_WEEK_SECONDS = 600.0
"""Papers must be begun within half an hour of a sitting's beginning."""
_REQUESTS_EACH = 15.0
"""About so many requests one person's way through the cycle costs."""
_PLAN_MOST = 500


@dataclass
class Sizing:
    """Until `count` people have begun, or for `seconds`. `rate` is the schedule's, None when flat out."""

    count: int | None
    seconds: float | None
    rate: float | None
    clock: Callable[[], float] = time.monotonic
    _began: float = field(init=False)
    _begun: int = field(init=False, default=0)
    _size: int = field(init=False, default=FIRST)
    _enough: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self._began = self.clock()
        if self.rate is not None:
            self._size = round(self.rate * _WEEK_SECONDS / _REQUESTS_EACH)

    def be_content(self) -> None:
        """Nobody new begins: what was begun is all that is wanted."""
        self._enough = True

    def wants_more(self) -> bool:
        """Whether less was begun than was asked."""
        if self._enough or (self.count is not None and self._begun >= self.count):
            return False
        return self.seconds is None or self.clock() < self._began + self.seconds

    def next_wave(self, weeks_left: int, last_week: float | None) -> int:
        """How many people begin now; 0 when enough have. `weeks_left` can still begin a wave, this one included.

        `last_week` is how long the last week's work took, in seconds; None in the first.
        """
        if not weeks_left or self._enough:
            return 0
        left = MOST_PEOPLE - self._begun
        if self.count is not None:
            left = min(left, self.count - self._begun)
        time_left = None if self.seconds is None else self._began + self.seconds - self.clock()
        if left <= 0 or (time_left is not None and time_left <= 0):
            return 0
        size = min(left, self._wanted(weeks_left, left, time_left, last_week))
        self._size, self._begun = max(size, FEWEST), self._begun + size
        return size

    def _wanted(self, weeks_left: int, left: int, time_left: float | None, last_week: float | None) -> int:
        target = _WEEK_SECONDS if time_left is None else max(_WEEK_SECONDS, time_left / weeks_left)
        target = min(target, _LONGEST_WEEK_SECONDS)
        size = self._size
        if self.rate is not None:
            size = round(self.rate * target / _REQUESTS_EACH)
        elif last_week:
            size = round(size * min(2.0, max(0.5, target / last_week)))
        if self.count is not None and time_left is None:
            size = max(size, -(-left // weeks_left))
        return max(FEWEST, min(MOST, size))


def shares(people: int, tracks: int) -> list[list[int]]:
    """How many people each plan of each track has: even shares, no plan above 500."""
    each = [people // tracks + (place < people % tracks) for place in range(tracks)]
    return [_plans(share) for share in each]


def _plans(people: int) -> list[int]:
    plans = -(-people // _PLAN_MOST)
    return [people // plans + (place < people % plans) for place in range(plans)] if plans else []
