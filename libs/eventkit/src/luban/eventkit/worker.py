"""A service's worker: consumer, relay, retries and timers as threads of one process that stops as one."""

import logging
import os
import signal
import threading
from collections.abc import Mapping
from typing import Protocol

from luban.eventkit.consumer import Consumer
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.positions import Place
from luban.eventkit.pulse import Pulse
from luban.eventkit.relay import Relay
from luban.eventkit.retries import Retries
from luban.eventkit.settings import Settings
from luban.eventkit.starting import CannotStartError
from luban.eventkit.timers import TimerHandler, Timers
from luban.eventkit.uow import UnitsOfWork

log = logging.getLogger(__name__)

FROZEN = 3
"""Exit code of a worker whose loop hung."""


class Loop(Protocol):
    """Something that runs until it is told to stop."""

    pulse: Pulse
    """Beaten again and again while it runs, also while it waits out an outage."""

    def run(self, stop: threading.Event) -> None:
        """Returns soon after the event is set."""


class Worker:
    """Runs loops side by side. When one fails, all stop and the process ends with an error: its supervisor starts it
    anew from what the database says."""

    def __init__(self, loops: Mapping[str, Loop]) -> None:
        self.loops = loops
        self._stop = threading.Event()
        self._failed: list[str] = []

    def run(self) -> int:
        """Runs until SIGTERM or SIGINT; the process's exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        threads = [
            threading.Thread(target=self._guard, args=(name, loop), name=name) for name, loop in self.loops.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(1)
                self._end_if_frozen()
        return 1 if self._failed else 0

    def _end_if_frozen(self) -> None:
        """A loop that hangs would neither work nor stop: what it had begun was not committed, so the process may go."""
        frozen = [name for name, loop in self.loops.items() if loop.pulse.overdue]
        if frozen:
            log.critical("not heard of for too long: %s; ending", ", ".join(frozen))
            os._exit(FROZEN)

    @property
    def troubles(self) -> dict[str, str]:
        """Loops that are not what they should be: they failed, or have not been heard of for too long."""
        frozen = {name: "frozen" for name, loop in self.loops.items() if loop.pulse.overdue}
        return frozen | dict.fromkeys(self._failed, "failed")

    @property
    def lag(self) -> Mapping[Place, int] | None:
        """Events not applied yet, by topic and partition; None while the consumer has no positions."""
        consumer = self.loops.get("consumer")
        return consumer.lag.events if isinstance(consumer, Consumer) else {}

    @property
    def broker_age(self) -> float:
        """Seconds since the broker last answered any loop."""
        return min(loop.broker_age for loop in self.loops.values() if isinstance(loop, Relay | Consumer))

    def _guard(self, name: str, loop: Loop) -> None:
        try:
            loop.run(self._stop)
        except CannotStartError as error:
            log.error("%s cannot go on: %s", name, error)  # noqa: TRY400  # its text is all there is to know
            self._failed.append(name)
        except Exception:
            log.exception("%s failed", name)
            self._failed.append(name)
        finally:
            self._stop.set()


def build_worker(
    service: str,
    settings: Settings,
    units: UnitsOfWork,
    subscriptions: Subscriptions | None,
    timers: Mapping[str, TimerHandler],
    others: Mapping[str, Loop],
) -> Worker:
    """The worker of a service; `others` are loops of its own."""
    loops: dict[str, Loop] = {"relay": Relay(service, settings), "timers": Timers(timers, units), **others}
    if subscriptions is not None:
        loops["consumer"] = Consumer(subscriptions, units, settings)
        loops["retries"] = Retries(subscriptions, units)
    return Worker(loops)
