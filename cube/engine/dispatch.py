"""From requests to answers on the event loop: the cache, work done once, slots, threads.

    plan (a thread) -> the client's copy -> the cache -> the same work under way -> a slot -> DuckDB

The version is held from the plan to the last byte.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from bankcrm.settings import Settings
from cube.engine.cache import Answer, AnswerCache
from cube.engine.interrupt import Interrupter
from cube.engine.single_flight import Flights
from cube.engine.slots import Slot, Slots
from cube.engine.threads import Threads
from cube.engine.warehouse import Version
from cube.server.request import Request
from cube.server.service import Prepared, Service, Stream

STREAM_SECONDS = 600.0
"""How long a stream may take from its first to its last byte, slow readers included."""

_PLANNERS = 2
T = TypeVar("T")


@dataclass(frozen=True)
class Work:
    """An answer to compute, on a version that whoever asks holds.

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
    """An answer and how it came about: ``cache`` is ``hit``, ``shared`` or ``miss``.

    ``waited`` are the seconds until it had a slot, ``computed`` those after.
    """

    answer: Answer
    cache: str
    waited: float = 0.0
    computed: float = 0.0


@dataclass(frozen=True)
class OpenStream:
    """A stream with its first part, and the seconds it waited for its slot."""

    stream: Stream
    first: bytes
    waited: float
    rest: Callable[[], Coroutine[Any, Any, bytes | None]]


class Dispatcher:
    """Answers the requests of one server. For one event loop.

    Streams have slots of their own: who downloads a year does not keep dashboards waiting.
    """

    def __init__(self, service: Service, settings: Settings) -> None:
        running, waiting = settings.cube_queries, settings.cube_queue
        self._service = service
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

    @asynccontextmanager
    async def prepare(self, request: Request, media_type: str) -> AsyncIterator[Prepared]:
        """A request with its plans, its version held for as long as the block runs.

        Raises:
            QueryError: a query cannot be answered as asked.
            NothingPublished: there is no version.
        """
        with ExitStack() as pins:
            yield await self.run(partial(self._service.prepare, request, media_type, pins))

    async def load(self, prepared: Prepared) -> Served:
        """The answer as JSON, taken from the cache or computed once for all who ask now.

        Raises:
            Overloaded: too many queries run and wait.
            BankcrmError: as `Service.compute` does.
        """
        compute = partial(self._service.compute, prepared)
        fresh = prepared.request.fresh
        return await self.answer(Work(prepared.version, prepared.etag, compute, fresh))

    async def answer(self, work: Work) -> Served:
        """An answer, taken from the cache or computed once for all who ask now.

        Raises:
            Overloaded: too many queries run and wait.
            Exception: whatever the work raises.
        """
        # Who still reads the version before must not drop the answers of the current one.
        keeps = self._service.warehouse.is_current(work.version)
        kept = self._cache.get(work.version.name, work.key) if keeps else None
        if kept is not None and not work.fresh:
            return Served(kept, "hit")
        shared = work.key in self._flights
        served = await self._flights.join(work.key, partial(self._start, work))
        return Served(served.answer, "shared") if shared else served

    async def take_stream(self) -> tuple[Slot, AsyncExitStack]:
        """A slot among the streams, for as long as the stack is not closed.

        Raises:
            Overloaded: too many streams run and wait.
        """
        held = AsyncExitStack()
        return await held.enter_async_context(self._streams.take()), held

    @asynccontextmanager
    async def stream(self, prepared: Prepared) -> AsyncIterator[OpenStream]:
        """An answer in parts, the first of them computed. The block must end in `STREAM_SECONDS`.

        Raises:
            Overloaded: too many streams run and wait.
            BankcrmError: as `Service.stream` does.
        """
        async with self._streams.take() as slot, asyncio.timeout(STREAM_SECONDS):
            run = partial(self._workers.run, interrupter=slot.interrupter)
            stream = await run(partial(self._service.stream, prepared, slot.interrupter))
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
        """Wait for what runs, then close the warehouse."""
        self._planners.close()
        self._workers.close()
        self._service.warehouse.close()

    def _start(self, work: Work, held: ExitStack) -> Coroutine[Any, Any, Served]:
        held.enter_context(self._service.warehouse.hold(work.version))
        return self._compute(work)

    async def _compute(self, work: Work) -> Served:
        async with self._slots.take() as slot:
            stop: Interrupter = slot.interrupter
            started = time.perf_counter()
            answer = await self._workers.run(partial(work.compute, stop), stop)
            computed = time.perf_counter() - started
        self._cache.put(work.version.name, work.key, answer)
        return Served(answer, "miss", slot.waited, computed)
