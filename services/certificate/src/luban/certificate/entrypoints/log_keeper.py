"""The worker's loop that keeps the public log: looks for what the register recorded, and logs it."""

import logging
import threading

from luban.certificate.adapters.proving import Proving
from luban.certificate.adapters.public_log import newest
from luban.certificate.handlers.grow_log import MOST_AT_ONCE, grow_log, sign_newest
from luban.eventkit.dispatch import is_transient
from luban.eventkit.pulse import Pulse
from luban.eventkit.uow import Cause, UnitsOfWork
from luban.proofs.checkpoint import Checkpoint
from luban.reference.refusal import Conflict

_LOG = logging.getLogger("luban.public_log")

IDLE_SECONDS = 0.2
PAUSE_SECONDS = 1.0
GONE_BACK_SECONDS = 10.0


class LogKeeper:
    """Runs until stopped; several may run, and one at a time has the log."""

    def __init__(self, units: UnitsOfWork, proving: Proving) -> None:
        self._units, self._proving = units, proving
        self._signed = self._kept = False
        self.pulse = Pulse()

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; an outage of the database only pauses it, and a database of the past it does not sign."""
        while not stop.is_set():
            self.pulse.beat()
            try:
                if self.grow() < MOST_AT_ONCE:
                    stop.wait(IDLE_SECONDS)
            except Conflict as refusal:
                _LOG.error("the log waits: %s; see docs/runbook.md, The register, by the topics", refusal.en)
                stop.wait(GONE_BACK_SECONDS)
            except Exception as error:
                if not is_transient(error):
                    raise
                _LOG.warning("the log pauses: %s", type(error).__name__)
                stop.wait(PAUSE_SECONDS)

    def grow(self) -> int:
        """One batch; how many entries it had. The first time the newest checkpoint is signed by the current key."""
        with self._units.begin(Cause(actor="public-log")) as uow:
            self._signed = self._signed or sign_newest(uow, self._proving)
            grown = grow_log(uow, self._proving)
            found = newest(uow, self._proving.origin) if grown or not self._kept else None
        if found:
            self._keep(found[0])
        return grown

    def _keep(self, checkpoint: Checkpoint) -> None:
        try:
            self._proving.mark.keep(checkpoint)
            self._kept = True
        except OSError as error:
            _LOG.warning("how far the log was signed cannot be kept: %s", error.strerror)
