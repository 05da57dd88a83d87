"""The open loop: what is due does not move with the answers."""

import asyncio
from collections.abc import Callable

import pytest

from luban.cli.load.pace import Schedule


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def schedule(time: Time) -> Callable[[float | None], Schedule]:
    return lambda rate: Schedule(rate, time, time.sleep)


def test_requests_are_due_at_the_rate(time: Time, schedule: Callable[[float | None], Schedule]) -> None:
    four_a_second = schedule(4.0)

    async def send() -> list[tuple[float, float]]:
        return [(await four_a_second.slot(), time.now) for _ in range(3)]

    assert asyncio.run(send()) == [(100.0, 100.0), (100.25, 100.25), (100.5, 100.5)]


def test_while_all_clients_wait_for_answers_requests_become_due_and_are_sent_at_once_afterwards(
    time: Time, schedule: Callable[[float | None], Schedule]
) -> None:
    ten_a_second = schedule(10.0)

    async def send() -> list[tuple[float, float]]:
        await ten_a_second.slot()
        time.now += 10.0  # an answer took so long
        return [(await ten_a_second.slot(), time.now) for _ in range(3)]

    found = asyncio.run(send())
    assert [due for due, _ in found] == pytest.approx([100.1, 100.2, 100.3])
    assert [sent for _, sent in found] == [110.0] * 3


def test_what_a_client_without_work_did_not_send_is_not_made_up_for(
    time: Time, schedule: Callable[[float | None], Schedule]
) -> None:
    ten_a_second = schedule(10.0)

    async def send() -> float:
        await ten_a_second.slot()
        with ten_a_second.idle():
            time.now += 10.0
        return await ten_a_second.slot()

    assert asyncio.run(send()) == 110.0


def test_one_idle_client_is_enough_for_nobody_to_be_kept_waiting(
    time: Time, schedule: Callable[[float | None], Schedule]
) -> None:
    ten_a_second = schedule(10.0)

    async def send() -> float:
        await ten_a_second.slot()
        with ten_a_second.idle():
            time.now += 10.0
            return await ten_a_second.slot()

    assert asyncio.run(send()) == 110.0


def test_a_pause_that_a_client_chose_is_idle(time: Time, schedule: Callable[[float | None], Schedule]) -> None:
    ten_a_second = schedule(10.0)

    async def send() -> float:
        await ten_a_second.slot()
        await ten_a_second.rest(5.0)
        return await ten_a_second.slot()

    assert asyncio.run(send()) == 105.0


def test_flat_out_everything_is_due_when_it_is_sent(time: Time, schedule: Callable[[float | None], Schedule]) -> None:
    flat_out = schedule(None)

    async def send() -> list[float]:
        first = await flat_out.slot()
        time.now += 10.0
        return [first, await flat_out.slot()]

    assert asyncio.run(send()) == [100.0, 110.0]


def test_the_rate_that_was_kept_leaves_idle_time_out(time: Time, schedule: Callable[[float | None], Schedule]) -> None:
    ten_a_second = schedule(10.0)

    async def send() -> None:
        for _ in range(21):
            await ten_a_second.slot()
        with ten_a_second.idle():
            time.now += 100.0

    asyncio.run(send())
    assert ten_a_second.kept() == pytest.approx(10.5)
