"""From work to answers on the event loop: the cache, work done once, slots, threads.

    the cache -> the same work under way -> a slot -> a thread -> DuckDB

The version is held until the last byte.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from bankcrm.settings import Settings
from cube.engine.cache import Answer, AnswerCache
from cube.engine.interrupt import Interrupter
from cube.engine.single_flight import Flights
from cube.engine.slots import Slot, Slots
from cube.engine.threads import Threads
from cube.engine.warehouse import Version, Warehouse

STREAM_SECONDS = 600.0
"""How long a stream may take from its first to its last byte, slow readers included."""

_PLANNERS = 2
T = TypeVar("T")


class InParts(Protocol):
    """An answer in parts, each computed when it is asked for."""

    parts: Generator[bytes, None, None]


S = TypeVar("S", bound=InParts)


@dataclass(frozen=True)
class Work:
    """An answer to compute, on a version that the caller holds.

    Args:
        key: stands for all that the answer depends on; equal keys are computed once.
        fresh: do not take it from the cache.
    """

    version: Version
    key: str
    compute: Callable[[Interrupter], Answer]
    fresh: bool = False


@dataclass(frozen=True)
class Served:
    """An answer and where it came from: ``cache`` is ``hit``, ``shared`` or ``miss``.

    ``waited`` are the seconds until it had a slot, ``computed`` those after.
    """

    answer: Answer
    cache: str
    waited: float = 0.0
    computed: float = 0.0


@dataclass(frozen=True)
class OpenStream(Generic[S]):
    """A stream with its first part, and the seconds it waited for its slot."""

    stream: S
    first: bytes
    waited: float
    rest: Callable[[], Coroutine[Any, Any, bytes | None]]


class Dispatcher:
    """Does the work of one server. For one event loop.

    Streams have slots of their own: the download of a year does not keep dashboards waiting.
    """

    def __init__(self, warehouse: Warehouse, settings: Settings) -> None:
        running, waiting = settings.cube_queries, settings.cube_queue
        self._warehouse = warehouse
        self._slots = Slots(running, waiting, settings.cube_wait_seconds)
        self._streams = Slots(max(1, running // 2), waiting, settings.cube_wait_seconds)
        self._planners = Threads(_PLANNERS)
        self._workers = Threads(running + max(1, running // 2))
        self._cache = AnswerCache(settings.cube_cache_bytes)
        self._flights: Flights[Served] = Flights()

    @property
    def waiting(self) -> int:
        """Queries that wait for a slot."""
        return self._slots.waiting

    async def run(self, work: Callable[[], T]) -> T:
        """Result of short work that needs no slot."""
        return await self._planners.run(work)

    async def answer(self, work: Work) -> Served:
        """An answer, taken from the cache or computed once for all who ask now.

        Raises:
            Overloaded: too many queries run and wait.
            Exception: whatever the work raises.
        """
        # A reader of the version before must not drop the answers of the current one.
        keeps = self._warehouse.is_current(work.version)
        kept = self._cache.get(work.version.name, work.key) if keeps else None
        if kept is not None and not work.fresh:
            return Served(kept, "hit")
        shared = work.key in self._flights
        served = await self._flights.join(work.key, partial(self._start, work))
        return Served(served.answer, "shared") if shared else served

    def take_stream(self) -> AbstractAsyncContextManager[Slot]:
        """A slot among the streams, for as long as the block runs.

        Raises:
            Overloaded: too many streams run and wait.
        """
        return self._streams.take()

    @asynccontextmanager
    async def stream(self, start: Callable[[Interrupter], S]) -> AsyncIterator[OpenStream[S]]:
        """An answer in parts, the first of them computed. The block must end in `STREAM_SECONDS`.

        Raises:
            Overloaded: too many streams run and wait.
            Exception: whatever the start raises; the parts too.
        """
        async with self._streams.take() as slot, asyncio.timeout(STREAM_SECONDS):
            run = partial(self._workers.run, interrupter=slot.interrupter)
            stream = await run(partial(start, slot.interrupter))
            following = partial(run, partial(next, stream.parts, None))
            try:
                yield OpenStream(stream, await following() or b"", slot.waited, following)
            finally:
                stream.parts.close()

    def stop(self) -> None:
        """Interrupt what runs; nothing new is begun."""
        self._slots.stop()
        self._streams.stop()

    def close(self) -> None:
        """Wait for what runs."""
        self._planners.close()
        self._workers.close()

    def _start(self, work: Work, held: ExitStack) -> Coroutine[Any, Any, Served]:
        held.enter_context(self._warehouse.hold(work.version))
        return self._compute(work)

    async def _compute(self, work: Work) -> Served:
        async with self._slots.take() as slot:
            stop: Interrupter = slot.interrupter
            started = time.perf_counter()
            answer = await self._workers.run(partial(work.compute, stop), stop)
            computed = time.perf_counter() - started
        self._cache.put(work.version.name, work.key, answer)
        return Served(answer, "miss", slot.waited, computed)
