"""From threads to the event loop, for protocols that serve each client in a thread.

The portal of anyio runs the work and cancels it. What is added: a thread may ask before the event
loop runs, is refused by the same error once it has ended, and holds a slot of the streams.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

import anyio
from anyio.from_thread import BlockingPortal

from cube.engine.dispatch import Dispatcher, Served, Work
from cube.engine.slots import Slot
from cube.errors import Stopping

START_SECONDS: Final = 30.0
"""How long a thread that asks before the event loop runs waits for it."""

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


class Bridge:
    """Lets threads use the dispatcher of an event loop."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._portal: Future[BlockingPortal] = Future()

    @property
    def waiting(self) -> int:
        """Queries that wait for a slot, of every protocol."""
        return self._dispatcher.waiting

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take work for as long as the block runs, on the event loop that runs it; what is left
        then is cancelled."""
        async with BlockingPortal() as portal:
            self._portal.set_result(portal)
            try:
                yield
            finally:
                await portal.stop(cancel_remaining=True)

    def answer(self, work: Work) -> Future[Served]:
        """An answer of the dispatcher. To cancel the future is to stop the work.

        Raises:
            Stopping: the event loop does not run, or has ended.
        """
        return self._start(self._dispatcher.answer, work)

    def take_stream(self) -> tuple[Future[Slot], Future[None]]:
        """A slot among the streams, held until the second future is cancelled; cancelled before
        that it is not waited for any more.

        Raises:
            Stopping: the event loop does not run, or has ended.
        """
        taken: Future[Slot] = Future()
        return taken, self._start(self._hold_stream, taken)

    async def _hold_stream(self, taken: Future[Slot]) -> None:
        try:
            async with self._dispatcher.take_stream() as slot:
                taken.set_result(slot)
                await anyio.sleep_forever()
        except Exception as error:
            taken.set_exception(error)
        finally:
            taken.cancel()

    def _start(
        self,
        work: Callable[[Unpack[Arguments]], Coroutine[Any, Any, T]],
        *arguments: *Arguments,
    ) -> Future[T]:
        try:
            return self._portal.result(START_SECONDS).start_task_soon(work, *arguments)
        except (RuntimeError, TimeoutError):
            raise Stopping() from None
