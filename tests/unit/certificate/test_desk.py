"""The desk answers everybody, each their own question, in batches."""

import asyncio
from collections.abc import Sequence

import pytest

from luban.certificate.entrypoints.desk import CROWD, MOST_IN_A_BATCH, Desk

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The product runs on asyncio."""
    return "asyncio"


async def test_what_arrives_while_a_batch_is_under_way_becomes_the_next_batch() -> None:
    batches: list[list[int]] = []
    free = asyncio.Event()

    async def answer(batch: Sequence[int]) -> list[int]:
        batches.append(list(batch))
        await free.wait()
        return [-each for each in batch]

    desk = Desk(answer, clerks=1)
    first = asyncio.create_task(desk.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(desk.ask(n)) for n in (2, 3)]
    await asyncio.sleep(0)
    free.set()
    assert [await first, *[await task for task in later]] == [-1, -2, -3]
    assert batches == [[1], [2, 3]]


async def test_nobody_is_forgotten_when_a_question_arrives_as_the_clerks_leave() -> None:
    async def answer(batch: Sequence[int]) -> list[int]:
        return list(batch)

    desk = Desk(answer, clerks=2)

    async def client(number: int) -> None:
        for step in range(200):
            assert await desk.ask(number * 1000 + step) == number * 1000 + step

    async with asyncio.timeout(30):
        await asyncio.gather(*[client(number) for number in range(7)])


async def test_a_batch_is_bounded() -> None:
    sizes: list[int] = []

    async def answer(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        return list(batch)

    desk = Desk(answer, clerks=1)
    await asyncio.gather(*[desk.ask(n) for n in range(MOST_IN_A_BATCH * 2 + 1)])
    assert sizes == [MOST_IN_A_BATCH, MOST_IN_A_BATCH, 1]


async def test_a_batch_that_fails_fails_its_own_questions_only() -> None:
    async def answer(batch: Sequence[int]) -> list[int]:
        if 0 in batch:
            raise ConnectionError
        return list(batch)

    desk = Desk(answer, clerks=1)
    with pytest.raises(ConnectionError):
        await desk.ask(0)
    assert await desk.ask(1) == 1


async def test_a_client_that_has_gone_disturbs_nobody() -> None:
    free = asyncio.Event()

    async def answer(batch: Sequence[int]) -> list[int]:
        await free.wait()
        return list(batch)

    desk = Desk(answer, clerks=1)
    gone, stays = asyncio.create_task(desk.ask(1)), asyncio.create_task(desk.ask(2))
    await asyncio.sleep(0)
    gone.cancel()
    free.set()
    assert await stays == 2


async def test_a_crowd_does_not_wait_for_a_batch_that_is_stuck() -> None:
    free = asyncio.Event()

    async def answer(batch: Sequence[int]) -> list[int]:
        if 0 in batch:
            await free.wait()
        return list(batch)

    desk = Desk(answer, clerks=2)
    stuck = asyncio.create_task(desk.ask(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await asyncio.gather(*[desk.ask(n) for n in range(1, CROWD + 1)])
    assert not stuck.done()
    free.set()
    assert await stuck == 0
