"""So many clients at a time, who take up one person's errand after another, from every step in turn."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from luban.cli.load.faults import Stopped
from luban.cli.load.pace import Schedule

Errand = Callable[[], Awaitable[None]]
"""What one person does at one time, on the crew's schedule."""


class _Batch:
    """The errands of one step of one plan."""

    def __init__(self, errands: Iterable[Errand]) -> None:
        self.errands: Iterator[Errand] = iter(errands)
        self.under_way = 0
        self.stopped: list[Stopped] = []
        self.exhausted = False
        self.done: asyncio.Future[list[Stopped]] = asyncio.get_running_loop().create_future()

    def settle(self) -> None:
        """Tells who waits, once the last errand is over."""
        if self.exhausted and not self.under_way and not self.done.done():
            self.done.set_result(self.stopped)


class Crew:
    """The clients, as tasks that live as long as the block."""

    def __init__(self, clients: int, schedule: Schedule) -> None:
        self.schedule = schedule
        self._clients = clients
        self._batches: deque[_Batch] = deque()
        self._more = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._clients)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def do(self, errands: Iterable[Errand]) -> list[Stopped]:
        """Has all of them done; what stopped some of them. Any other failure of an errand is raised here."""
        batch = _Batch(errands)
        self._batches.append(batch)
        self._more.set()
        return await batch.done

    async def _work(self) -> None:
        while True:
            batch, errand = await self._next()
            try:
                await errand()
            except Stopped as stopped:
                batch.stopped.append(stopped)
            except Exception as error:  # whoever waits for the batch must hear of it
                if not batch.done.done():
                    batch.done.set_exception(error)
            finally:
                batch.under_way -= 1
                batch.settle()

    async def _next(self) -> tuple[_Batch, Errand]:
        """The next errand of the batch whose turn it is; waits, off the schedule, while there is none."""
        while (found := self._take()) is None:
            self._more.clear()
            with self.schedule.idle():
                await self._more.wait()
        return found

    def _take(self) -> tuple[_Batch, Errand] | None:
        while self._batches:
            batch = self._batches.popleft()
            errand = next(batch.errands, None)
            if errand is not None:
                batch.under_way += 1
                self._batches.append(batch)
                return batch, errand
            batch.exhausted = True
            batch.settle()
        return None
