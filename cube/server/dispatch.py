"""From requests to answers on the event loop: the cache, work done once, slots, threads.

    plan (a thread) -> the client's copy -> the cache -> the same work under way -> a slot -> DuckDB

The version is held from the plan to the last byte.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from cube.server.cache import AnswerCache, Cached
from cube.server.flights import Flights
from cube.server.interrupt import Interrupter
from cube.server.request import Request
from cube.server.service import Prepared, Service, Stream
from cube.server.slots import Slots
from cube.server.threads import Threads
from pipelines.settings import Settings

STREAM_SECONDS = 600.0
"""How long a stream may take from its first to its last byte, slow readers included."""

_PLANNERS = 2
T = TypeVar("T")


@dataclass(frozen=True)
class Served:
    """An answer as JSON and how it came about: ``cache`` is ``hit``, ``shared`` or ``miss``.

    ``waited`` are the seconds until it had a slot, ``computed`` those after.
    """

    body: bytes
    rows: int
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
        kept = self._cache.get(prepared.version.name, prepared.etag)
        if kept is not None and not prepared.request.fresh:
            return Served(kept.body, kept.rows, "hit")
        shared = prepared.etag in self._flights
        served = await self._flights.join(prepared.etag, partial(self._start, prepared))
        return Served(served.body, served.rows, "shared") if shared else served

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

    def _start(self, prepared: Prepared, held: ExitStack) -> Coroutine[Any, Any, Served]:
        held.enter_context(self._service.warehouse.hold(prepared.version))
        return self._compute(prepared)

    async def _compute(self, prepared: Prepared) -> Served:
        async with self._slots.take() as slot:
            stop: Interrupter = slot.interrupter
            started = time.perf_counter()
            answer = await self._workers.run(partial(self._service.compute, prepared, stop), stop)
            computed = time.perf_counter() - started
        self._cache.put(prepared.version.name, prepared.etag, Cached(answer.body, answer.rows))
        return Served(answer.body, answer.rows, "miss", slot.waited, computed)
