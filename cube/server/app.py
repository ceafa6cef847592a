"""The HTTP face of the cube server: Cube's REST endpoints as a Starlette application."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cube.server.access import ADMINISTRATORS, AccessControl
from cube.server.access_log import AccessLog
from cube.server.auth import SecurityContext, authenticate, check_exposure
from cube.server.errors import Forbidden, QueryError, QueryTimeout
from cube.server.model import load_model
from cube.server.service import Request, Service, parse_request
from cube.server.warehouse import Warehouse
from pipelines.errors import BankcrmError, NothingPublished
from pipelines.operations.status_page import page_file
from pipelines.settings import Settings

API = "/cubejs-api/v1"
MAXIMUM_BODY_BYTES = 1_000_000
QUERY_TIMEOUT_SECONDS = 60.0

_LOG = logging.getLogger("bankcrm.cube.app")
_T = TypeVar("_T")
_LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "::1"]
_STATUS: dict[type[Exception], int] = {
    QueryError: 400,
    Forbidden: 403,
    QueryTimeout: 504,
    NothingPublished: 503,
}


def create_app(
    settings: Settings, *, query_timeout_seconds: float = QUERY_TIMEOUT_SECONDS
) -> Starlette:
    """The cube server over the published versions of ``settings.home``.

    Raises:
        ModelError: the data model is not well formed.
        BankcrmError: the server would be reachable from outside without a good secret.
    """
    check_exposure(settings)
    model = load_model()
    service = Service(model, AccessControl(model), Warehouse(settings), query_timeout_seconds)
    api = _Api(service, settings)
    handlers: dict[Any, Any] = {
        **dict.fromkeys(_STATUS, _answer_known),
        HTTPException: _answer_http,
        Exception: _answer_unknown,
    }
    app = Starlette(
        routes=api.routes(),
        middleware=[Middleware(AccessLog), *_guard_hosts(settings)],
        exception_handlers=handlers,
        lifespan=api.lifespan,
    )
    app.state.service = service
    return app


class _Api:
    """The endpoints. Queries run in threads, so that the event loop stays free."""

    def __init__(self, service: Service, settings: Settings) -> None:
        self._service = service
        self._settings = settings
        workers = max(4, 2 * settings.threads)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="cube")

    def routes(self) -> list[Route]:
        """One route per endpoint of the protocol."""
        both = ["GET", "POST"]
        return [
            Route(f"{API}/load", self._load, methods=both),
            Route(f"{API}/sql", self._sql, methods=both),
            Route(f"{API}/dry-run", self._dry_run, methods=both),
            Route(f"{API}/explain", self._explain, methods=both),
            Route(f"{API}/meta", self._meta, methods=["GET"]),
            Route("/livez", self._livez, methods=["GET"]),
            Route("/readyz", self._readyz, methods=["GET"]),
            Route("/status", self._status, methods=["GET"]),
        ]

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Let running queries finish, then close the warehouse."""
        yield
        self._threads.shutdown(wait=True)
        self._service.warehouse.close()

    async def _load(self, http: HttpRequest) -> Response:
        request = await self._read(http)
        known = http.headers.get("if-none-match")
        answer = await self._run(partial(self._service.load, request, known))
        http.state.log |= {"version": answer.version, "rows": answer.rows}
        headers = {"ETag": answer.etag, "Cache-Control": "private, no-cache"}
        if answer.body is None:
            return Response(status_code=304, headers=headers)
        return Response(answer.body, media_type="application/json", headers=headers)

    async def _sql(self, http: HttpRequest) -> Response:
        return await self._describe(http, self._service.sql)

    async def _dry_run(self, http: HttpRequest) -> Response:
        return await self._describe(http, self._service.dry_run)

    async def _explain(self, http: HttpRequest) -> Response:
        return await self._describe(http, self._service.explain)

    async def _describe(self, http: HttpRequest, describe: Callable[[Request], bytes]) -> Response:
        request = await self._read(http)
        body = await self._run(partial(describe, request))
        return Response(body, media_type="application/json")

    async def _meta(self, http: HttpRequest) -> Response:
        context = self._authenticate(http)
        for key in http.query_params:
            if key != "onlyViews":
                raise QueryError(f"the key '{key}' is not supported")
        return Response(self._service.meta(context), media_type="application/json")

    async def _livez(self, http: HttpRequest) -> Response:
        return JSONResponse({"health": "HEALTH"})

    async def _readyz(self, http: HttpRequest) -> Response:
        try:
            await self._run(self._probe)
        except NothingPublished:
            return JSONResponse({"health": "DOWN"}, status_code=503)
        return JSONResponse({"health": "HEALTH"})

    async def _status(self, http: HttpRequest) -> Response:
        """The status page of the last run, which tells of the whole bank."""
        if ADMINISTRATORS not in self._authenticate(http)["groups"]:
            raise Forbidden("The status page is for administrators")
        page = page_file(self._settings)
        if not page.is_file():
            raise HTTPException(404, "No run has written a status page yet")
        return Response(page.read_bytes(), media_type="text/html")

    def _probe(self) -> None:
        with self._service.warehouse.pin():
            pass

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _authenticate(self, http: HttpRequest) -> SecurityContext:
        """Who asks; the access log names the user and the groups."""
        context = authenticate(http.headers.get("authorization"), self._settings)
        http.state.log = {"user": context.get("sub"), "groups": context["groups"]}
        return context

    async def _read(self, http: HttpRequest) -> Request:
        """The query of a request, from the body of a POST or the parameters of a GET."""
        context = self._authenticate(http)
        if http.method == "POST":
            content = _decode(await _read_body(http), "the body")
        else:
            content = dict(http.query_params)
            if "query" in content:
                content["query"] = _decode(content["query"], "query")
        if not isinstance(content, dict):
            raise QueryError("the body must be a JSON object with the key 'query'")
        return parse_request(content, context)


def _guard_hosts(settings: Settings) -> list[Middleware]:
    """Without a secret, answer only to names of this machine: no page of another site may ask."""
    if settings.api_secret is not None:
        return []
    return [
        Middleware(
            TrustedHostMiddleware, allowed_hosts=[*_LOCAL_HOSTS, settings.host], www_redirect=False
        )
    ]


async def _read_body(http: HttpRequest) -> bytes:
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY_BYTES:
            raise QueryError(f"the request is larger than {MAXIMUM_BODY_BYTES} bytes")
    return bytes(body)


def _decode(text: str | bytes, what: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
        # Half of a surrogate pair is JSON, but no text that an answer could repeat.
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise QueryError(f"{what} is not valid JSON, or not valid Unicode") from error
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


async def _answer_known(http: HttpRequest, error: Exception) -> Response:
    status = _STATUS[type(error)]
    problem = error.problem if isinstance(error, BankcrmError) else str(error)
    return JSONResponse({"error": problem}, status_code=status)


async def _answer_http(http: HttpRequest, error: Exception) -> Response:
    """No such path or method."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


async def _answer_unknown(http: HttpRequest, error: Exception) -> Response:
    """Log the cause, tell the client only where to look."""
    request_id = http.state.request_id
    _LOG.error("request %s failed", request_id, exc_info=error)
    message = f"Internal error; the server's log has it under request {request_id}"
    return JSONResponse({"error": message}, status_code=500)
