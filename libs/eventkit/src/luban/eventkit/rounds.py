"""A worker's loop that does one round of work after another."""

import logging
import threading
from abc import ABC, abstractmethod

from luban.eventkit.dispatch import is_transient
from luban.eventkit.pulse import Pulse


class Rounds(ABC):
    """Runs until stopped: again at once while there is work, and after a while when there was none.

    An outage of the database only puts a round off.
    """

    def __init__(self, log: logging.Logger, every_seconds: float) -> None:
        self._log, self._every_seconds = log, every_seconds
        self.pulse = Pulse()

    @abstractmethod
    def round(self) -> int:
        """Does what is due, some of it; how much that was."""

    def run(self, stop: threading.Event) -> None:
        """Raises what a round raises, unless that may pass."""
        while not stop.is_set():
            self.pulse.beat()
            try:
                busy = self.round() > 0
            except Exception as error:
                if not is_transient(error):
                    raise
                self._log.warning("put off: %s", type(error).__name__)
                busy = False
            if not busy:
                stop.wait(self._every_seconds)
