"""Servers of the cubes that run in a thread for as long as a test needs them."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette

from cube.serve import CubeServer

PATIENCE_SECONDS = 30.0
T = TypeVar("T")


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread: the main one may have the event loop of a browser."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextmanager
def serve_app(app: Starlette, grace_seconds: float = 0.0) -> Iterator[CubeServer]:
    """Serve an application on a loopback port until the block ends; `get_address` says where."""
    config = uvicorn.Config(app, port=free_port(), log_config=None, access_log=False)
    server = CubeServer(config, grace_seconds)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        assert server.started, "the server did not start"
        yield server
    finally:
        server.should_exit = True
        thread.join()


def get_address(server: CubeServer) -> str:
    """Address of a server that `serve_app` started, without a path."""
    return f"http://127.0.0.1:{server.config.port}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something holds, for so long at most."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
