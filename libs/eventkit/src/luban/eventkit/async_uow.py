"""The unit of work for routes that live on the event loop: one transaction, the same clock, no events.

For what must answer thousands of requests a second from few connections. Whatever changes an aggregate goes through
`luban.eventkit.uow`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg_pool import AsyncConnectionPool

from luban.eventkit import connecting

OPENING_SECONDS = 5.0


class AsyncUnitOfWork:
    """One open transaction, its statements sent in a pipeline: what is not read yet costs no round trip."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def now(self) -> datetime:
        """The database's clock at this moment, with the demo's lead; aware, UTC."""
        cursor = await self.sql("select eventkit.now()")
        row = await cursor.fetchone()
        assert row is not None
        moment: datetime = row[0]
        return moment

    async def sql(self, query: str, parameters: Mapping[str, Any] | None = None) -> AsyncCursor[Any]:
        """Sends a statement and returns before its result is there; fetching waits for it. Results are binary."""
        return await self._connection.cursor(binary=True).execute(query, parameters)


class AsyncUnitsOfWork:
    """Opens units of work over a pool of its own. Open it in the application's lifespan."""

    def __init__(self, address: str, size: int) -> None:
        """`address` is a postgresql:// address, `size` the number of connections."""
        self._pool = AsyncConnectionPool(
            address,
            min_size=size,
            max_size=size,
            open=False,
            timeout=OPENING_SECONDS,
            kwargs={"autocommit": True, "options": connecting.COMMITS, **connecting.CLIENT},
        )

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Connects, and closes the connections at the end. A database that is away is waited for by `begin`."""
        await self._pool.open(wait=False)
        try:
            yield
        finally:
            await self._pool.close()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncUnitOfWork]:
        """A transaction that is committed when the block has ended, and rolled back when it raises.

        Begin and commit are sent with the statements beside them, where psycopg's own transactions would wait for an
        answer to each; what fails in between is raised at the end, and the connection rolls back when it is given back.

        Raises what AWAY names (PoolTimeout among them) when the database is away.
        """
        async with self._pool.connection() as connection, connection.pipeline():
            await connection.execute("begin")
            yield AsyncUnitOfWork(connection)
            await connection.execute("commit")


AWAY = (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction)
"""What a unit of work raises while the database is away, or takes no writes since it is in recovery."""
