"""/healthz (the process is alive) and /readyz (it could do its job): who is asked, for how long, and what is told."""

import logging
import time
from collections.abc import Callable, Mapping
from threading import Thread
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_LOG = logging.getLogger("luban.health")

CHECK_SECONDS = 2.0
Check = Callable[[], object]
"""Passes unless it raises or returns False; may block."""


class Readiness:
    """Whether everything is there that a process needs. Every check has a thread while it runs, and never two."""

    def __init__(self, checks: Mapping[str, Check], shown: Mapping[str, Check] | None = None) -> None:
        """`checks` decide; what `shown` return is told beside them and decides nothing, None where it fails."""
        self._checks = checks
        self._asked = {**(shown or {}), **checks}
        self._running: dict[str, _Asking] = {}

    def look(self) -> tuple[dict[str, bool], dict[str, Any]]:
        """Runs all at once, each for at most `CHECK_SECONDS`: which passed, and what is shown."""
        begun = {name: self._ask(name) for name in self._asked}
        deadline = time.monotonic() + CHECK_SECONDS
        for asking in begun.values():
            asking.join(max(0.0, deadline - time.monotonic()))
        outcomes = {name: begun[name].passed for name in self._checks}
        return outcomes, {name: asking.value for name, asking in begun.items() if name not in self._checks}

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz."""
        outcomes, shown = self.look()
        ready = all(outcomes.values())
        body: dict[str, Any] = {"status": "ok" if ready else "unavailable", "checks": outcomes}
        return 200 if ready else 503, body | ({"shown": shown} if shown else {})

    def _ask(self, name: str) -> "_Asking":
        """One that is stuck, on a dead network for example, is not joined by a second."""
        running = self._running.get(name)
        if running is None or not running.is_alive():
            running = self._running[name] = _Asking(name, self._asked[name])
            running.start()
        return running


class _Asking(Thread):
    """One check under way; no reason for a process not to end."""

    def __init__(self, name: str, check: Check) -> None:
        super().__init__(name=f"check-{name}", daemon=True)
        self._check = check
        self.passed = False
        self.value: object = None

    def run(self) -> None:
        try:
            self.value = self._check()
            self.passed = self.value is not False
        except Exception:
            _LOG.warning("%s failed", self.name, exc_info=True)


async def healthz(_: Request) -> Response:
    """The process is alive and its event loop turns."""
    return JSONResponse({"status": "ok"})


def readyz(readiness: Readiness) -> Callable[[Request], Any]:
    """The endpoint: 200 or 503 with each outcome. Requests keep their own threads."""
    limiter = CapacityLimiter(4)

    async def endpoint(_: Request) -> Response:
        status, body = await to_thread.run_sync(readiness.answer, limiter=limiter)
        return JSONResponse(body, status)

    return endpoint
