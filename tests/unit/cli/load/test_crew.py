"""Clients take up errands from every step in turn; one that stops somebody stops nobody else."""

import asyncio
from collections.abc import Iterable

import pytest

from luban.cli.load.crew import Crew, Errand
from luban.cli.load.faults import Refused, Stopped
from luban.cli.load.pace import Schedule


def test_every_errand_is_done_and_what_stopped_some_is_told() -> None:
    done: list[int] = []

    def errands() -> Iterable[Errand]:
        for number in range(50):

            async def errand(number: int = number) -> None:
                await asyncio.sleep(0)
                if number % 10 == 0:
                    raise Refused("POST exam/v1/papers", 409, "sitting-late")
                done.append(number)

            yield errand

    async def work() -> list[Stopped]:
        async with Crew(4, Schedule()) as crew:
            return await crew.do(errands())

    stopped = asyncio.run(work())
    assert len(done) == 45
    assert [str(why) for why in stopped] == ["POST exam/v1/papers: 409 sitting-late"] * 5


def test_steps_that_are_under_way_at_the_same_time_take_turns() -> None:
    order: list[str] = []

    def errands(step: str) -> Iterable[Errand]:
        async def errand() -> None:
            order.append(step)
            await asyncio.sleep(0)

        return [errand] * 20

    async def work() -> None:
        async with Crew(1, Schedule()) as crew:
            await asyncio.gather(crew.do(errands("registering")), crew.do(errands("checking")))

    asyncio.run(work())
    assert sorted(order[:10]) == ["checking"] * 5 + ["registering"] * 5


def test_never_more_at_once_than_there_are_clients() -> None:
    under_way, most = 0, 0

    async def errand() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    async def work() -> None:
        async with Crew(3, Schedule()) as crew:
            await crew.do([errand] * 30)

    asyncio.run(work())
    assert most == 3


def test_a_step_without_errands_is_over_at_once() -> None:
    async def work() -> list[Stopped]:
        async with Crew(2, Schedule()) as crew:
            return await crew.do([])

    assert asyncio.run(work()) == []


def test_a_failure_of_the_load_itself_ends_it() -> None:
    async def broken() -> None:
        raise KeyError("entry_id")

    async def work() -> None:
        async with Crew(2, Schedule()) as crew:
            await crew.do([broken])

    with pytest.raises(KeyError):
        asyncio.run(work())
