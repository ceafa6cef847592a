"""Blocking work beside the event loop, and requests that end when their client hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from starlette.types import Receive

from cube.engine.interrupt import Interrupter
from cube.errors import Disconnected

T = TypeVar("T")


class Threads:
    """A pool of so many threads."""

    def __init__(self, size: int) -> None:
        self._executor = ThreadPoolExecutor(size, thread_name_prefix="cube")

    async def run(self, work: Callable[[], T], interrupter: Interrupter | None = None) -> T:
        """Result of some work. To cancel is to interrupt the work and wait until it has ended, so
        that nobody closes what a thread still uses."""
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if interrupter is not None:
                interrupter.stop(Disconnected())
            await _settle(future)
            raise

    def close(self) -> None:
        """Wait for what runs."""
        self._executor.shutdown(wait=True)


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Result of some work, which is cancelled as soon as the client hangs up.

    Args:
        receive: the messages of a request whose body has been read.

    Raises:
        Disconnected: the client hung up.
    """
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_wait_until_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Disconnected()
        return task.result()
    finally:
        gone.cancel()
        task.cancel()
        await _settle(task)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _settle(future: asyncio.Future[Any]) -> None:
    """Wait for an end of any kind, also when cancelled meanwhile."""
    while not future.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([future])
    if not future.cancelled():
        future.exception()
