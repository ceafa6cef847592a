"""The HTTP face of the cube server: Cube's REST endpoints as a Starlette application."""

from __future__ import annotations

import logging
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from bankcrm.errors import NothingPublished
from bankcrm.settings import Settings
from cube.compiler.model import load_model
from cube.engine.engine import QUERY_TIMEOUT_SECONDS, build_engine
from cube.errors import (
    CannotRecord,
    Disconnected,
    Forbidden,
    NotAcceptable,
    OutOfMemory,
    Overloaded,
    QueryError,
    QueryTimeout,
    Stopping,
)
from cube.security.auth import check_exposure
from cube.server.access_log import AccessLog
from cube.server.docs import mount_docs
from cube.server.endpoints import Api
from cube.server.explorer import Explorer, NewestDue
from cube.server.schemas import ErrorBody

_LOG = logging.getLogger("bankcrm.cube.app")
_LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "::1"]
_FOR_CLIENTS = (
    QueryError,
    Forbidden,
    NotAcceptable,
    QueryTimeout,
    OutOfMemory,
    Overloaded,
    Stopping,
    CannotRecord,
    Disconnected,
)


def create_app(
    settings: Settings,
    *,
    query_timeout_seconds: float = QUERY_TIMEOUT_SECONDS,
    newest_due: NewestDue | None = None,
) -> Starlette:
    """The cube server over the published versions of ``settings.home``.

    Without ``newest_due`` the page cannot say that a business date is missing.

    Its ``state.stop`` interrupts the queries that run and refuses those that wait; its
    ``state.bridge`` lets threads beside the event loop ask.

    Raises:
        ModelError: the data model is not well formed.
        BankcrmError: the server would be reachable from outside without a good secret.
    """
    check_exposure(settings)
    engine = build_engine(settings, load_model(), query_timeout_seconds)
    api = Api(engine, settings)
    handlers: dict[Any, Any] = {
        **dict.fromkeys(_FOR_CLIENTS, _answer_known),
        NothingPublished: _answer_unpublished,
        HTTPException: _answer_http,
        Exception: _answer_unknown,
    }
    app = Starlette(
        routes=[
            *api.routes(),
            *Explorer(settings, engine.warehouse, newest_due).routes(),
            mount_docs(settings),
        ],
        middleware=[Middleware(AccessLog), *_guard_hosts(settings)],
        exception_handlers=handlers,
        lifespan=api.lifespan,
    )
    app.state.stop = api.stop
    app.state.engine = engine
    app.state.bridge = api.bridge
    return app


def _guard_hosts(settings: Settings) -> list[Middleware]:
    """Without a secret, answer only to names of this machine: no page of another site may ask."""
    if settings.api_secret is not None:
        return []
    return [
        Middleware(
            TrustedHostMiddleware, allowed_hosts=[*_LOCAL_HOSTS, settings.host], www_redirect=False
        )
    ]


async def _answer_known(http: HttpRequest, error: Exception) -> Response:
    """What is wrong, and what the client can do about it."""
    assert isinstance(error, _FOR_CLIENTS)
    if isinstance(error, Disconnected):
        http.state.log["cancelled"] = True
    headers = {"Retry-After": str(error.retry_seconds)} if isinstance(error, Overloaded) else None
    message = ". ".join(filter(None, (error.problem, error.remedy)))
    return JSONResponse(ErrorBody(error=message), status_code=error.status, headers=headers)


async def _answer_unpublished(http: HttpRequest, error: Exception) -> Response:
    """The remedy is the operator's, so the client does not get it."""
    assert isinstance(error, NothingPublished)
    return JSONResponse(ErrorBody(error=error.problem), status_code=503)


async def _answer_http(http: HttpRequest, error: Exception) -> Response:
    """No such path or method."""
    assert isinstance(error, HTTPException)
    return JSONResponse(ErrorBody(error=error.detail), status_code=error.status_code)


async def _answer_unknown(http: HttpRequest, error: Exception) -> Response:
    """Log the cause; the client learns only where to look."""
    request_id = http.state.request_id
    _LOG.error("request %s failed", request_id, exc_info=error)
    message = f"Internal error; the server's log has it under request {request_id}"
    return JSONResponse(ErrorBody(error=message), status_code=500)
