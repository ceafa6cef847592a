"""Run the cube server until it is told to stop."""

from __future__ import annotations

import uvicorn

from cube.server.app import create_app
from pipelines.settings import Settings

SHUTDOWN_SECONDS = 30


def run(settings: Settings) -> None:
    """Serve on ``settings.host`` and ``settings.port`` until SIGINT or SIGTERM.

    Running requests may finish for up to 30 seconds. Logging is the caller's: the loggers below
    ``bankcrm.cube`` carry the access lines and the errors.

    Raises:
        ModelError: the data model is not well formed.
        BankcrmError: the server would be reachable from outside without a good secret.
    """
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
