"""The worker's loop that has certificates signed anew after a compromise; without one it has nothing to do."""

import logging

from luban.certificate.adapters.proving import Proving
from luban.certificate.handlers.sign_anew import sign_anew
from luban.eventkit.rounds import Rounds
from luban.eventkit.uow import Cause, UnitsOfWork

_LOG = logging.getLogger("luban.renewals")
_CAUSE = Cause("key-care")

EVERY_SECONDS = 30.0
"""A process that has not heard of the compromise yet may still sign."""


class Renewals(Rounds):
    """Several may run, and each takes its own share."""

    def __init__(self, units: UnitsOfWork, proving: Proving) -> None:
        super().__init__(_LOG, EVERY_SECONDS)
        self._units, self._history = units, proving.credentials.history

    def round(self) -> int:
        """One batch; how many certificates it had."""
        with self._units.begin(_CAUSE) as uow:
            return sign_anew(uow, self._history)
