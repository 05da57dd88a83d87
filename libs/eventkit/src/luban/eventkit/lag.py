"""How far a consumer is from the ends of its partitions, as the broker last said with the records it sent."""

import time
from collections.abc import Callable, Mapping

from luban.eventkit.positions import Place

EVERY_SECONDS = 1.0


class Lag:
    """Noted by the consumer's thread, read by any other."""

    def __init__(self) -> None:
        self.events: Mapping[Place, int] | None = None
        """Events not applied yet, by place; None until positions were taken."""
        self._begun = False
        self._noted_at = float("-inf")

    def begin(self) -> None:
        """The consumer has taken positions: from now on there is something to compare."""
        self._begun = True

    def note(self, positions: Mapping[Place, int], end_of: Callable[[Place], int | None]) -> None:
        """Compares positions with ends, once a second; an end that was not fetched yet counts as reached."""
        if not self._begun or time.monotonic() - self._noted_at < EVERY_SECONDS:
            return
        self._noted_at = time.monotonic()
        self.events = {place: max(0, (end_of(place) or 0) - position) for place, position in positions.items()}

    def forget(self) -> None:
        """The consumer left its group: nothing is known until it is back."""
        self.events, self._begun, self._noted_at = None, False, float("-inf")
