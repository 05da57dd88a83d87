"""The log's newest checkpoint in this process's memory, for answers that cannot wait for another query."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from luban.certificate.adapters.public_log import NEWEST_NOTE
from luban.eventkit.async_uow import AsyncUnitsOfWork

_LOG = logging.getLogger("luban.public_log")

EVERY_SECONDS = 1.0


class CheckpointSeen:
    """Looks every second; between two looks an answer bears the checkpoint before."""

    def __init__(self, units: AsyncUnitsOfWork) -> None:
        self._units = units
        self.note: str | None = None
        """None until the first look found one."""

    async def look(self) -> None:
        """Raises psycopg.OperationalError while the database is away."""
        async with self._units.begin() as uow:
            row = await (await uow.sql(NEWEST_NOTE)).fetchone()
        self.note = row[0] if row else None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Looks again and again while the block runs. A look that has begun is let end: a statement that is cancelled
        in a pipeline leaves its connection waiting."""
        stop = asyncio.Event()
        task = asyncio.create_task(self._watch(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    async def _watch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.look()
            except psycopg.Error as error:
                _LOG.warning("the checkpoint is looked at later: %s", type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
