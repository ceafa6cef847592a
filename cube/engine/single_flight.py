"""Identical work at the same time is done once (single flight), and stopped without callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Start = Callable[[ExitStack], Coroutine[Any, Any, T]]
"""Starts work; what it enters into the stack is held until the work has ended."""


@dataclass
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 0


class Flights(Generic[T]):
    """Work under way by its key. For one event loop."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._flights

    async def join(self, key: str, start: Start[T]) -> T:
        """Result of the work that runs under ``key``, started unless it is under way.

        A cancelled caller leaves; when the last one has left, the work itself is cancelled.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._take_off(key, start)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if flight.waiters == 0:
                self._land(key, flight)
                flight.task.cancel()

    def _take_off(self, key: str, start: Start[T]) -> _Flight[T]:
        held = ExitStack()
        flight = _Flight(asyncio.create_task(start(held)))
        self._flights[key] = flight

        def land(task: asyncio.Task[T]) -> None:
            held.close()
            self._land(key, flight)
            if not task.cancelled():
                task.exception()  # The waiting callers have it; without any, asyncio would warn.

        flight.task.add_done_callback(land)
        return flight

    def _land(self, key: str, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
