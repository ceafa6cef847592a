"""The endpoints of the cube server: what each reads, and the answer it gives."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bankcrm.errors import NothingPublished
from bankcrm.settings import Settings
from cube.engine.bridge import Bridge
from cube.engine.dispatch import Dispatcher, Served, Work
from cube.engine.engine import Engine
from cube.errors import Forbidden, QueryError
from cube.rollups.slow_query import describe_query
from cube.security.access import ADMINISTRATORS
from cube.security.auth import SecurityContext, authenticate
from cube.security.logins import Logins
from cube.server.disconnection import while_connected
from cube.server.distribution import compute_distribution
from cube.server.envelope import Request, parse_request
from cube.server.formats import JSON_TYPE, choose_type
from cube.server.openapi import ENDPOINTS, build_openapi
from cube.server.requests import Requests
from cube.server.schemas import Health
from cube.server.service import Service, encode
from cube.server.streaming import StreamedAnswer, describe_headers

MAXIMUM_BODY_BYTES = 1_000_000
COMPRESSION_LEVEL = 5


class Api:
    """The endpoints over one engine. Queries run in threads, so that the event loop stays free."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._service = Service(engine)
        self._settings = settings
        self._logins = Logins(settings, "http")
        self._dispatcher = Dispatcher(engine.warehouse, settings)
        self._requests = Requests(self._service, self._dispatcher)
        self.bridge = Bridge(self._dispatcher)
        self._openapi = encode(build_openapi())

    def routes(self) -> list[Route]:
        """One route per endpoint that the OpenAPI document describes."""
        return [
            Route(item.path, getattr(self, f"_{item.name}"), methods=list(item.methods))
            for item in ENDPOINTS
        ]

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Interrupt what still runs at the end, then close the warehouse."""
        async with self.bridge.open():
            yield
            self.stop()
        self._dispatcher.close()
        self._engine.close()

    def stop(self) -> None:
        """Interrupt running queries; their clients are notified that the server stops."""
        self._dispatcher.stop()

    async def _load(self, http: HttpRequest) -> Response:
        request = await self._read(http)
        media_type = choose_type(http.headers.get("accept"))
        http.state.log["format"] = media_type
        if media_type != JSON_TYPE:
            return StreamedAnswer(self._requests, request, media_type, http)
        return await while_connected(http.receive, self._answer(http, request))

    async def _answer(self, http: HttpRequest, request: Request) -> Response:
        async with self._requests.hold(request, JSON_TYPE) as prepared:
            headers = describe_headers(prepared)
            http.state.log["version"] = prepared.version.name
            if http.headers.get("if-none-match") == prepared.etag:
                return Response(status_code=304, headers=headers)
            served = await self._requests.answer(prepared)
            http.state.log |= _describe_answer(served)
            if served.computed >= self._settings.cube_slow_seconds:
                http.state.log["slow_queries"] = [
                    describe_query(query).model_dump(exclude_defaults=True)
                    for query in prepared.queries
                ]
        return Response(served.answer.body, media_type=JSON_TYPE, headers=headers)

    async def _sql(self, http: HttpRequest) -> Response:
        return await self._describe(http, self._service.sql)

    async def _dry_run(self, http: HttpRequest) -> Response:
        return await self._describe(http, self._service.dry_run)

    async def _explain(self, http: HttpRequest) -> Response:
        return await self._describe(http, self._service.explain)

    async def _distribution(self, http: HttpRequest) -> Response:
        request = await self._read(http)
        return await while_connected(http.receive, self._spread(http, request))

    async def _spread(self, http: HttpRequest, request: Request) -> Response:
        async with self._requests.hold(request, JSON_TYPE) as prepared:
            http.state.log["version"] = prepared.version.name
            compute = partial(compute_distribution, prepared, self._engine.timeout_seconds)
            key = f"distribution {prepared.etag}"
            work = Work(prepared.version, key, compute, prepared.request.fresh)
            served = await self._dispatcher.answer(work)
            http.state.log |= _describe_answer(served)
        return Response(served.answer.body, media_type=JSON_TYPE)

    async def _describe(self, http: HttpRequest, describe: Callable[[Request], bytes]) -> Response:
        request = await self._read(http)
        body = await self._dispatcher.run(partial(describe, request))
        return Response(body, media_type=JSON_TYPE)

    async def _meta(self, http: HttpRequest) -> Response:
        context = self._authenticate(http)
        for key in http.query_params:
            if key != "onlyViews":
                raise QueryError(f"the key '{key}' is not supported")
        body = await self._dispatcher.run(partial(self._service.meta, context))
        headers = {"Vary": "Accept-Encoding, Authorization"}
        # Titles and descriptions repeat: a page on a slow line loads a tenth of them.
        if "gzip" in http.headers.get("accept-encoding", ""):
            body = await self._dispatcher.run(partial(gzip.compress, body, COMPRESSION_LEVEL))
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=JSON_TYPE, headers=headers)

    async def _livez(self, http: HttpRequest) -> Response:
        return JSONResponse(Health(health="HEALTH"))

    async def _readyz(self, http: HttpRequest) -> Response:
        try:
            await self._dispatcher.run(self._probe)
        except NothingPublished:
            return JSONResponse(Health(health="DOWN"), status_code=503)
        return JSONResponse(Health(health="HEALTH"))

    async def _status(self, http: HttpRequest) -> Response:
        """The status page of the last run, which covers the whole bank."""
        if ADMINISTRATORS not in self._authenticate(http)["groups"]:
            raise Forbidden("The status page is for administrators")
        page = self._settings.status_page_file
        if not page.is_file():
            raise HTTPException(404, "No run has written a status page yet")
        return Response(page.read_bytes(), media_type="text/html")

    async def _describe_api(self, http: HttpRequest) -> Response:
        """The OpenAPI document, which has no data of the bank."""
        return Response(self._openapi, media_type=JSON_TYPE)

    def _probe(self) -> None:
        with self._engine.warehouse.pin():
            pass

    def _authenticate(self, http: HttpRequest) -> SecurityContext:
        """Claims of the user; the access log has user and groups, the audit log the login."""
        shown = http.headers.get("authorization")
        context = authenticate(shown, self._settings)
        self._logins.note(context, shown if self._settings.api_secret else None)
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


def _describe_answer(served: Served) -> dict[str, Any]:
    """What the access log says of an answer as JSON."""
    rows, waited = served.answer.rows, _milliseconds(served.waited)
    described = {"rows": rows, "cache": served.cache, "queue_ms": waited}
    return described | ({"computed_ms": _milliseconds(served.computed)} if served.computed else {})


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


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
