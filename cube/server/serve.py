"""Run the cube server until it is told to stop."""

from __future__ import annotations

import uvicorn
from starlette.applications import Starlette

from cube.server.app import create_app
from cube.wire.server import WireServer
from pipelines.settings import Settings

SHUTDOWN_SECONDS = 30


def run(settings: Settings) -> None:
    """Serve on ``settings.host`` and ``settings.port`` until SIGINT or SIGTERM, and PostgreSQL
    clients on ``settings.wire_port`` where one is set.

    Running requests may finish for up to 30 seconds. Logging is the caller's: the loggers below
    ``bankcrm.cube`` carry the access lines and the errors.

    Raises:
        ModelError: the data model is not well formed.
        BankcrmError: the server would be reachable from outside without a good secret.
    """
    app = create_app(settings)
    wire = None if settings.wire_port is None else WireServer(app.state.service, settings)
    if wire is not None:
        wire.start()
    try:
        _run_http(app, settings)
    finally:
        if wire is not None:
            wire.stop()


def _run_http(app: Starlette, settings: Settings) -> None:
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
