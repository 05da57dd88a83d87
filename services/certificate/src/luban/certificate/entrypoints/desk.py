"""Gathers what arrives at the same time into one transaction: while one batch is under way, the next one fills.

There is no waiting for a batch to fill: a lone request is a batch of one. A transaction costs as much as a dozen
requests, so a second one is begun only when a crowd waits for the first.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")

MOST_IN_A_BATCH = 256
CROWD = 16


class Desk(Generic[Asked, Given]):
    """Answers questions by batches, several batches at once."""

    def __init__(self, answer: Callable[[Sequence[Asked]], Awaitable[Sequence[Given]]], clerks: int) -> None:
        """`answer` gives one answer for each question, in order; what it raises, every question of the batch raises."""
        self._answer = answer
        self._clerks = clerks
        self._waiting: list[tuple[Asked, asyncio.Future[Given]]] = []
        self._at_work = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Asked) -> Given:
        """The answer, once its batch is done."""
        future: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._at_work == 0 or (self._at_work < self._clerks and len(self._waiting) >= CROWD):
            self._at_work += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _work(self) -> None:
        """Until nothing waits. No await stands between that last look and leaving work, or a question that arrives
        then would find everybody at work and nobody to answer it."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST_IN_A_BATCH], self._waiting[MOST_IN_A_BATCH:]
                await self._settle(batch)
        finally:
            self._at_work -= 1

    async def _settle(self, batch: Sequence[tuple[Asked, asyncio.Future[Given]]]) -> None:
        """Futures that are done already belong to clients that have gone."""
        try:
            answers = await self._answer([question for question, _ in batch])
        except Exception as error:  # whatever it is, those who wait must hear of it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), given in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(given)
