"""A bounded number of queries at a time, and a bounded queue before them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cube.engine.interrupt import Interrupter
from cube.errors import Overloaded, Stopping


@dataclass(frozen=True)
class Slot:
    """The right to run one query; ``waited`` is the time in the queue, in seconds."""

    waited: float
    interrupter: Interrupter = field(default_factory=Interrupter)


class Slots:
    """Hands out slots in the order of arrival. For one event loop.

    Args:
        size: queries that run at once.
        queue: queries that may wait; the next one is refused at once.
        wait_seconds: the longest wait.
    """

    def __init__(self, size: int, queue: int, wait_seconds: float) -> None:
        self._queue = queue
        self._wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(size)
        self._waiting = 0
        self._taken: set[Slot] = set()
        self._stopped = False

    @property
    def waiting(self) -> int:
        """Queries that wait for a slot."""
        return self._waiting

    @asynccontextmanager
    async def take(self) -> AsyncIterator[Slot]:
        """A slot for as long as the block runs.

        Raises:
            Overloaded: the queue is full, or the wait was too long.
            Stopping: the server stops.
        """
        started = time.perf_counter()
        await self._wait()
        slot = Slot(time.perf_counter() - started)
        self._taken.add(slot)
        try:
            if self._stopped:
                raise Stopping()
            yield slot
        finally:
            self._taken.remove(slot)
            self._free.release()

    def stop(self) -> None:
        """Interrupt what runs and refuse what waits or comes later."""
        self._stopped = True
        for slot in self._taken:
            slot.interrupter.stop(Stopping())

    async def _wait(self) -> None:
        if self._free.locked() and self._waiting >= self._queue:
            raise self._refuse(f"{self._waiting} queries wait already, as many as may")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            problem = f"the query waited {self._wait_seconds:g} seconds for others to finish"
            raise self._refuse(problem) from None
        finally:
            self._waiting -= 1

    def _refuse(self, problem: str) -> Overloaded:
        return Overloaded(problem, max(1, round(self._wait_seconds)))
