"""Timers: rows with a due time by the database's clock, each applied once, in a transaction of its own."""

import logging
import threading
from collections.abc import Callable, Mapping
from uuid import UUID

from luban.eventkit.dispatch import is_transient
from luban.eventkit.pulse import Pulse
from luban.eventkit.starting import CannotStartError
from luban.eventkit.tracing import work_span
from luban.eventkit.uow import Cause, UnitOfWork, UnitsOfWork

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 300

TimerHandler = Callable[[UnitOfWork, UUID], None]

DUE = """
select kind, subject_id, correlation_id, traceparent from eventkit.timer
where done_at is null and try_at <= eventkit.now() and due_at <= eventkit.now() and kind = any(%s)
order by due_at, kind, subject_id limit 1 for update skip locked
"""
DONE = "update eventkit.timer set done_at = eventkit.now() where kind = %s and subject_id = %s"
LATER = """
update eventkit.timer set attempts = attempts + 1,
    try_at = eventkit.now() + make_interval(secs => least(power(2, attempts), %s))
where kind = %s and subject_id = %s and done_at is null
"""


class Timers:
    """Fires due timers until stopped. A handler locks its aggregate and looks again at state and deadline."""

    def __init__(self, handlers: Mapping[str, TimerHandler], units: UnitsOfWork) -> None:
        self._handlers = handlers
        self._units = units
        self.pulse = Pulse()

    def run(self, stop: threading.Event) -> None:
        """Runs until stopped; an outage of the database only pauses it."""
        while not stop.is_set():
            self.pulse.beat()
            try:
                fired = self.fire_next()
            except Exception as error:
                if not is_transient(error):
                    raise
                log.warning("timers pause: %s", type(error).__name__)
                stop.wait(1)
                continue
            if not fired:
                stop.wait(IDLE_SECONDS)

    def fire_next(self) -> bool:
        """Fires one due timer; False when none is due. What a handler raises puts its timer off."""
        claimed: tuple[str, UUID] | None = None
        try:
            with self._units.begin(Cause(actor="timer")) as uow:
                due = uow.sql(DUE, (list(self._handlers),)).fetchone()
                if due is None:
                    return False
                *claim, correlation, traceparent = due
                claimed = (claim[0], claim[1])
                uow.sql(DONE, claimed)  # before its handler, which may set it anew, even for a time that has come
                with work_span(f"timer {claimed[0]}", traceparent) as followed:
                    uow.cause = Cause("timer", correlation_id=correlation, traceparent=followed)
                    self._handlers[claimed[0]](uow, claimed[1])
        except Exception as error:
            if claimed is None or is_transient(error) or isinstance(error, CannotStartError):
                raise
            log.exception("timer %s of %s failed", *claimed, extra={"fields": {"kind": claimed[0]}})
            self._put_off(*claimed)
        return True

    def _put_off(self, kind: str, subject_id: UUID) -> None:
        with self._units.begin(Cause(actor="timer")) as uow:
            uow.sql(LATER, (LONGEST_RETRY_SECONDS, kind, subject_id))
