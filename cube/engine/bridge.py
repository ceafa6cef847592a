"""From threads to the event loop: who serves another protocol takes the same way to an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

from cube.engine.dispatch import Dispatcher
from cube.errors import Stopping

START_SECONDS: Final = 30.0
"""How long who asks before the event loop runs waits for it."""

_LOOK_SECONDS = 1.0
T = TypeVar("T")


class Job(Generic[T]):
    """Work on an event loop that a thread waits for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self._loop = loop
        self._work = work
        self._task: asyncio.Task[T] | None = None
        self._is_cancelled = False
        self._outcome: Future[T] = Future()

    def start(self) -> None:
        """Begin.

        Raises:
            Stopping: the event loop is closed.
        """
        try:
            self._loop.call_soon_threadsafe(self._take_off)
        except RuntimeError:
            self._work.close()
            raise Stopping() from None

    def cancel(self) -> None:
        """Stop the work; whoever waits still gets what it came to. Returns at once."""
        try:
            self._loop.call_soon_threadsafe(self._stop)
        except RuntimeError:
            return

    def wait(self) -> T:
        """What the work came to.

        Raises:
            CancelledError: it was cancelled.
            Stopping: the event loop was closed before it began.
            Exception: whatever the work raised.
        """
        while True:
            try:
                return self._outcome.result(_LOOK_SECONDS)
            except TimeoutError:
                if self._outcome.done():
                    raise
                if self._loop.is_closed():
                    self._work.close()
                    raise Stopping() from None

    def _take_off(self) -> None:
        self._task = self._loop.create_task(self._work)
        self._task.add_done_callback(self._land)
        if self._is_cancelled:
            self._task.cancel()

    def _stop(self) -> None:
        self._is_cancelled = True
        if self._task is not None:
            self._task.cancel()

    def _land(self, task: asyncio.Task[T]) -> None:
        error = CancelledError() if task.cancelled() else task.exception()
        if error is None:
            self._outcome.set_result(task.result())
        else:
            self._outcome.set_exception(error)


class Bridge:
    """Lets threads use the dispatcher of an event loop."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Queries that wait for a slot, of every protocol."""
        return self._dispatcher.waiting

    @contextmanager
    def open(self) -> Iterator[None]:
        """Take work for as long as the block runs, on the event loop that runs it."""
        self._loop = asyncio.get_running_loop()
        self._started.set()
        try:
            yield
        finally:
            self._loop = None

    def start(self, work: Callable[[Dispatcher], Coroutine[Any, Any, T]]) -> Job[T]:
        """Begin some work of the dispatcher, from any thread but the event loop's.

        Raises:
            Stopping: the event loop does not run, or no more.
        """
        loop = self._loop if self._started.wait(START_SECONDS) else None
        if loop is None:
            raise Stopping()
        job = Job(loop, work(self._dispatcher))
        job.start()
        return job

    def start_later(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin what nobody waits for; nothing happens where the event loop has ended."""
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(lambda: self._keep(loop.create_task(work())))
        except RuntimeError:
            return

    def _keep(self, task: asyncio.Task[None]) -> None:
        """A task that nobody refers to may be forgotten before it has ended."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
