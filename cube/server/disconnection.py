"""Requests that end when their client disconnects."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

from cube.engine.threads import settle
from cube.errors import Disconnected

T = TypeVar("T")


async def while_connected(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Result of some work, which is cancelled as soon as the client disconnects.

    Args:
        receive: the messages of a request whose body has been read.

    Raises:
        Disconnected: the client disconnected.
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
        await settle(task)


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
