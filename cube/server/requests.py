"""Requests of the REST API on the event loop: planned in a thread, answered by the dispatcher.

    plan (a thread) -> the client's copy -> `Dispatcher` -> bytes

The version is held from the plan to the last byte.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial

from cube.engine.dispatch import Dispatcher, OpenStream, Served, Work
from cube.server.envelope import Request
from cube.server.service import PreparedRequest, Service, Stream


class Requests:
    """Answers the requests of one server. For one event loop."""

    def __init__(self, service: Service, dispatcher: Dispatcher) -> None:
        self._service = service
        self._dispatcher = dispatcher

    @asynccontextmanager
    async def hold(self, request: Request, media_type: str) -> AsyncIterator[PreparedRequest]:
        """A request with its plans, its version held for as long as the block runs.

        Raises:
            QueryError: a query cannot be answered as asked.
            NothingPublished: there is no version.
        """
        with ExitStack() as pins:
            prepare = partial(self._service.prepare, request, media_type, pins)
            yield await self._dispatcher.run(prepare)

    async def answer(self, prepared: PreparedRequest) -> Served:
        """The answer as JSON, taken from the cache or computed once for all who ask now.

        Raises:
            Overloaded: too many queries run and wait.
            BankcrmError: as `Service.compute` does.
        """
        compute = partial(self._service.compute, prepared)
        work = Work(prepared.version, prepared.etag, compute, prepared.request.fresh)
        return await self._dispatcher.answer(work)

    def open_stream(
        self, prepared: PreparedRequest
    ) -> AbstractAsyncContextManager[OpenStream[Stream]]:
        """The answer in parts, the first of them computed.

        Raises:
            Overloaded: too many streams run and wait.
            BankcrmError: as `Service.stream` does.
        """
        return self._dispatcher.stream(partial(self._service.stream, prepared))
