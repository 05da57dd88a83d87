"""What a worker tidies up by itself: answers kept longer than anybody repeats a request, counts of days long past."""

import logging
import threading

from luban.eventkit.dispatch import is_transient
from luban.eventkit.pulse import PROMISE_SECONDS, Pulse
from luban.eventkit.uow import Cause, UnitsOfWork
from luban.webkit import idempotency, quota

_LOG = logging.getLogger("luban.housekeeping")

EVERY_SECONDS = 600
BATCH = 1000


class Housekeeping:
    """Runs now and then until stopped."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units
        self.pulse = Pulse()

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; an outage of the database only puts it off."""
        while not stop.is_set():
            try:
                self.tidy(stop)
            except Exception as error:
                if not is_transient(error):
                    raise
                _LOG.warning("put off: %s", type(error).__name__)
            self.pulse.beat(EVERY_SECONDS + PROMISE_SECONDS)
            stop.wait(EVERY_SECONDS)

    def tidy(self, stop: threading.Event) -> None:
        """Deletes what is old in small transactions until none is left."""
        for forget_old in (idempotency.forget_old, quota.forget_old):
            while not stop.is_set():
                self.pulse.beat()
                with self._units.begin(Cause(actor="housekeeping")) as uow:
                    if forget_old(uow, BATCH) < BATCH:
                        break
