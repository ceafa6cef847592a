"""Run the cube server until it is stopped."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette

from bankcrm.settings import Settings
from cube.server.app import create_app
from cube.server.explorer import NewestDue
from cube.wire.session.server import WireServer

GRACE_SECONDS = 30.0
"""Time that running queries have to finish once the server is asked to stop."""

_LAST_ANSWERS_SECONDS = 5
"""Time to answer the clients of the queries that were interrupted then."""


class CubeServer(uvicorn.Server):
    """Interrupts the queries that are still running when the grace is over."""

    def __init__(self, config: uvicorn.Config, grace_seconds: float) -> None:
        super().__init__(config)
        self._grace_seconds = grace_seconds

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, wait for the answers under way, interrupt what is left."""
        stop = self.config.app.state.stop  # type: ignore[union-attr]
        timer = asyncio.get_running_loop().call_later(self._grace_seconds, stop)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()


def run(
    settings: Settings, *, newest_due: NewestDue | None = None, grace_seconds: float = GRACE_SECONDS
) -> None:
    """Serve on ``settings.host`` and ``settings.port`` until SIGINT or SIGTERM, and PostgreSQL
    clients on ``settings.wire_port`` where one is set.

    From then on no connection is accepted; queries that run may finish for ``grace_seconds``, then
    they are interrupted and their clients notified. Logging is the caller's: the loggers below
    ``bankcrm.cube`` carry the access lines and the errors.

    Raises:
        ModelError: the data model is not well formed.
        BankcrmError: the server would be reachable from outside without a good secret.
    """
    app = create_app(settings, newest_due=newest_due)
    _keep_model_out_of_collections()
    state = app.state
    asked = settings.wire_port is not None
    wire = WireServer(state.engine, state.bridge, settings) if asked else None
    if wire is not None:
        wire.start()
    try:
        _run_http(app, settings, grace_seconds)
    finally:
        if wire is not None:
            wire.stop()


def _keep_model_out_of_collections() -> None:
    """The compiled model lives as long as the process, and is large: the garbage collector would
    walk through it during every big answer, which took half of the time of the slowest."""
    gc.collect()
    gc.freeze()


def _run_http(app: Starlette, settings: Settings, grace_seconds: float) -> None:
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(grace_seconds) + _LAST_ANSWERS_SECONDS,
    )
    # An interrupt from the keyboard is how a server at a desk is stopped; it has been, by then.
    with suppress(KeyboardInterrupt):
        CubeServer(config, grace_seconds).run()
