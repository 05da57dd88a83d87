"""The worker's loop that calls webhooks. No transaction is open while a call is under way."""

import asyncio
import logging
from collections.abc import Sequence

from prometheus_client import Counter

from luban.certificate.adapters.calling import Caller, NotDeliveredError
from luban.certificate.handlers.deliver import Call, settle_call, take
from luban.eventkit.rounds import Rounds
from luban.eventkit.uow import Cause, UnitsOfWork

_LOG = logging.getLogger("luban.deliveries")
_CAUSE = Cause("webhooks")
_CALLS = Counter("luban_webhook_calls", "Calls of employers' webhooks, by outcome.", ["outcome"])
_DELIVERED, _FAILED = _CALLS.labels("DELIVERED"), _CALLS.labels("FAILED")

EVERY_SECONDS = 2.0


class Deliveries(Rounds):
    """Several may run, and each takes its own share of the calls."""

    def __init__(self, units: UnitsOfWork, caller: Caller, *, demo: bool) -> None:
        super().__init__(_LOG, EVERY_SECONDS)
        self._units = units
        self._caller = caller
        self._demo = demo

    def round(self) -> int:
        """Makes the calls that are due, at most a handful at once; how many."""
        with self._units.begin(_CAUSE) as uow:
            calls = take(uow, demo=self._demo)
        if not calls:
            return 0
        outcomes = asyncio.run(self._make(calls))
        with self._units.begin(_CAUSE) as uow:
            for call, (outcome, delivered) in zip(calls, outcomes, strict=True):
                settle_call(uow, call, outcome, delivered=delivered)
        return len(calls)

    async def _make(self, calls: Sequence[Call]) -> list[tuple[str, bool]]:
        return list(await asyncio.gather(*map(self._make_one, calls)))

    async def _make_one(self, call: Call) -> tuple[str, bool]:
        try:
            status = await self._caller.post(call.target, call.headers, call.body)
        except NotDeliveredError as error:
            _FAILED.inc()
            return str(error), False
        _DELIVERED.inc()
        return f"status-{status}", True
