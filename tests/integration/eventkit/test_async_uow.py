"""Units of work on the event loop: what fails in one leaves nothing of it, and the connection is good for the next."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from luban.eventkit.async_uow import AsyncUnitsOfWork
from tests.embedded import DatabaseFactory

pytestmark = pytest.mark.anyio

TABLE = "create table kept (n integer unique deferrable initially deferred check (n > 0))"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def address(database: DatabaseFactory) -> str:
    url = database()
    with psycopg.connect(url) as connection:
        connection.execute(TABLE)
    return url


@pytest.fixture
async def units(address: str) -> AsyncIterator[AsyncUnitsOfWork]:
    """With one connection, so that whoever comes next gets the one that failed."""
    units = AsyncUnitsOfWork(address, 1)
    async with units.open():
        yield units


async def _keep(units: AsyncUnitsOfWork, *numbers: int) -> None:
    async with units.begin() as uow:
        for number in numbers:
            await uow.sql("insert into kept values (%(n)s)", {"n": number})


def _kept(address: str) -> list[int]:
    with psycopg.connect(address) as connection:
        return [row[0] for row in connection.execute("select n from kept order by n").fetchall()]


async def test_a_block_that_ends_is_committed(units: AsyncUnitsOfWork, address: str) -> None:
    await _keep(units, 1, 2)
    assert _kept(address) == [1, 2]


async def test_a_block_that_raises_leaves_nothing(units: AsyncUnitsOfWork, address: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with units.begin() as uow:
            await uow.sql("insert into kept values (1)")
            raise ZeroDivisionError
    await _keep(units, 2)
    assert _kept(address) == [2]


async def test_a_statement_that_fails_unread_fails_the_block(units: AsyncUnitsOfWork, address: str) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await _keep(units, 1, -1, 2)
    await _keep(units, 3)
    assert _kept(address) == [3]


async def test_a_commit_that_fails_fails_the_block(units: AsyncUnitsOfWork, address: str) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        await _keep(units, 1, 1)
    await _keep(units, 2)
    assert _kept(address) == [2]


async def test_a_failure_that_is_swallowed_is_not_taken_for_a_commit(units: AsyncUnitsOfWork, address: str) -> None:
    with pytest.raises(psycopg.Error):
        async with units.begin() as uow:
            await uow.sql("insert into kept values (1)")
            with pytest.raises(psycopg.errors.CheckViolation):
                await (await uow.sql("insert into kept values (-1) returning n")).fetchall()
    await _keep(units, 2)
    assert _kept(address) == [2]
