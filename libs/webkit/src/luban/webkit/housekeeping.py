"""What a worker tidies up by itself: answers kept for idempotency keys longer than anybody repeats a request."""

import logging
import threading

from luban.eventkit.dispatch import is_transient
from luban.eventkit.uow import Cause, UnitsOfWork
from luban.webkit.idempotency import forget_old

_LOG = logging.getLogger("luban.housekeeping")

EVERY_SECONDS = 600
BATCH = 1000


class Housekeeping:
    """Runs now and then until stopped."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; an outage of the database only puts it off."""
        while not stop.is_set():
            try:
                self.tidy(stop)
            except Exception as error:
                if not is_transient(error):
                    raise
                _LOG.warning("put off: %s", type(error).__name__)
            stop.wait(EVERY_SECONDS)

    def tidy(self, stop: threading.Event) -> None:
        """Deletes old answers in small transactions until none is left."""
        while not stop.is_set():
            with self._units.begin(Cause(actor="housekeeping")) as uow:
                if forget_old(uow, BATCH) < BATCH:
                    return
