"""One structured log line per request: what was asked for, how it ended, how long it took.

``bytes`` is the length of the body as sent. The endpoints add what they know: who asked,
``version``, ``rows``, ``format``, ``cache`` (hit, shared or miss), ``queue_ms`` (the wait for a
slot), ``computed_ms`` (the time after it), ``cancelled`` where the client disconnected, and
``slow_queries`` where it was slow: by names of the model, for `bankcrm rollups --suggest`.

Values of queries are not logged; they may name customers.
"""

from __future__ import annotations

import json
import logging
import re
import time
import uuid

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger("bankcrm.cube.access")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")


class AccessLog:
    """ASGI middleware. Each request gets an id, the client's ``x-request-id`` where it is sane."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = _request_id(scope)
        started = time.perf_counter()
        status, size = 500, 0

        async def note(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            size += len(message.get("body", b""))

        try:
            await self._app(scope, receive, note)
        finally:
            _LOG.info(_line(scope, status, size, time.perf_counter() - started))


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value.decode("latin-1")):
            return str(value.decode("latin-1"))
    return uuid.uuid4().hex


def _line(scope: Scope, status: int, size: int, seconds: float) -> str:
    entry = {
        "request": scope["state"]["request_id"],
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "bytes": size,
        **scope["state"].get("log", {}),
    }
    return json.dumps(entry, ensure_ascii=False)
