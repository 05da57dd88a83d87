"""/healthz (the process answers) and /readyz (what it needs is there)."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import anyio
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_LOG = logging.getLogger("luban.health")

CHECK_SECONDS = 2.0
Check = Callable[[], object]
"""Ready unless it raises or returns False; may block."""


async def healthz(_: Request) -> Response:
    """The process is alive and its event loop turns."""
    return JSONResponse({"status": "ok"})


def readyz(checks: Mapping[str, Check]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that runs every check at once, each for at most `CHECK_SECONDS`: 200 or 503 with each outcome."""
    # A check stuck on a dead network keeps its thread; its own few threads, so that requests keep theirs.
    limiter = CapacityLimiter(2 * len(checks) or 1)

    async def endpoint(_: Request) -> Response:
        outcomes: dict[str, bool] = {}
        async with anyio.create_task_group() as group:
            for name, check in checks.items():
                group.start_soon(_run, name, check, limiter, outcomes)
        ready = all(outcomes.values())
        status = "ok" if ready else "unavailable"
        return JSONResponse({"status": status, "checks": outcomes}, 200 if ready else 503)

    return endpoint


async def _run(name: str, check: Check, limiter: CapacityLimiter, outcomes: dict[str, bool]) -> None:
    outcomes[name] = False
    with anyio.move_on_after(CHECK_SECONDS):
        outcomes[name] = await to_thread.run_sync(
            partial(_passes, name, check), abandon_on_cancel=True, limiter=limiter
        )


def _passes(name: str, check: Check) -> bool:
    try:
        return check() is not False
    except Exception:
        _LOG.warning("check %s failed", name, exc_info=True)
        return False
