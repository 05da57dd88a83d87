"""A service's worker: consumer, relay, retries and timers as threads of one process that stops as one."""

import logging
import signal
import threading
from collections.abc import Mapping
from typing import Protocol

from luban.eventkit.consumer import Consumer
from luban.eventkit.dispatch import Subscriptions
from luban.eventkit.relay import Relay
from luban.eventkit.retries import Retries
from luban.eventkit.settings import Settings
from luban.eventkit.timers import TimerHandler, Timers
from luban.eventkit.uow import UnitsOfWork

log = logging.getLogger(__name__)


class Loop(Protocol):
    """Something that runs until it is told to stop."""

    def run(self, stop: threading.Event) -> None:
        """Returns soon after the event is set."""


class Worker:
    """Runs loops side by side. When one fails, all stop and the process ends with an error: its supervisor starts it
    anew from what the database says."""

    def __init__(self, loops: Mapping[str, Loop]) -> None:
        self._loops = loops
        self._stop = threading.Event()
        self._failed: list[str] = []

    def run(self) -> int:
        """Runs until SIGTERM or SIGINT; the process's exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        threads = [
            threading.Thread(target=self._guard, args=(name, loop), name=name) for name, loop in self._loops.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(1)
        return 1 if self._failed else 0

    def _guard(self, name: str, loop: Loop) -> None:
        try:
            loop.run(self._stop)
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
