"""How far each service is with its work: from its database, and from its worker where that answers."""

from contextlib import suppress
from typing import Any

import httpx
import psycopg

from luban.cli.stack import Stack
from luban.eventkit.backlog import LIMITS, read_backlog

_SECONDS = 4.0


def read_standings(stack: Stack) -> list[dict[str, Any]]:
    """Per service: `worker` in words, `lag` in events, and what waits; None for what cannot be asked."""
    with httpx.Client(trust_env=False, timeout=_SECONDS) as client:
        return [
            {"service": service, **_of_worker(client, stack.monitoring.get(f"{service}.worker")), **_of_database(url)}
            for service, url in stack.databases.items()
        ]


def _of_worker(client: httpx.Client, address: str | None) -> dict[str, Any]:
    with suppress(httpx.HTTPError, ValueError):
        if address:
            said = client.get(f"{address}/readyz").json()
            wrong = [name for name, passed in said["checks"].items() if not passed]
            words = f"not ready: {', '.join(wrong)}" if wrong else "ready"
            return {"worker": words, "lag": said["shown"]["lag_events"]}
    return {"worker": "no answer", "lag": None}


def _of_database(url: str) -> dict[str, Any]:
    try:
        with psycopg.connect(url, autocommit=True, **LIMITS) as connection:
            found = read_backlog(connection)
    except psycopg.Error:
        return dict.fromkeys(("outbox", "outbox_seconds", "parked", "dead_letters", "timers"))
    return {
        "outbox": found.outbox,
        "outbox_seconds": round(found.outbox_seconds, 1),
        "parked": sum(found.parked.values()),
        "dead_letters": sum(found.dead_letters.values()),
        "timers": found.timers,
    }
