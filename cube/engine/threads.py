"""Blocking work beside the event loop.

anyio's ``to_thread`` does not serve here: a task that is cancelled must stop its statement in
DuckDB and then wait until the thread has left it, whereas ``to_thread`` either abandons the thread
or waits for it without a way to say that it should stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from cube.engine.interrupt import Interrupter
from cube.errors import Disconnected

T = TypeVar("T")


class Threads:
    """A pool of so many threads."""

    def __init__(self, size: int) -> None:
        self._executor = ThreadPoolExecutor(size, thread_name_prefix="cube")

    async def run(self, work: Callable[[], T], interrupter: Interrupter | None = None) -> T:
        """Result of some work. To cancel is to interrupt the work and wait until it has ended, so
        that nothing is closed that a thread still uses."""
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if interrupter is not None:
                interrupter.stop(Disconnected())
            await settle(future)
            raise

    def close(self) -> None:
        """Wait for what runs."""
        self._executor.shutdown(wait=True)


async def settle(future: asyncio.Future[Any]) -> None:
    """Wait for an end of any kind, also when cancelled meanwhile."""
    while not future.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([future])
    if not future.cancelled():
        future.exception()
