"""Answers that leave in parts, with the version held and the slot taken until the last of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bankcrm.errors import BankcrmError
from cube.engine.dispatch import OpenStream
from cube.errors import Disconnected
from cube.server.disconnection import while_connected
from cube.server.envelope import Request
from cube.server.formats import ARROW_TYPE, CSV_TYPE
from cube.server.requests import Requests
from cube.server.service import PreparedRequest, Stream

_CONTENT_TYPES = {CSV_TYPE: "text/csv; charset=utf-8; header=present", ARROW_TYPE: ARROW_TYPE}


class StreamedAnswer(Response):
    """A response as CSV or Arrow. Nothing is sent before the first part is there, so that whatever
    is wrong until then has its own status; afterwards the connection is cut, which every client
    takes for a failure, as the end of the body has not come."""

    def __init__(
        self, requests: Requests, request: Request, media_type: str, http: HttpRequest
    ) -> None:
        self.media_type: str = media_type
        self.background = None
        self._requests = requests
        self._request = request
        self._known = http.headers.get("if-none-match")
        self._log: dict[str, Any] = http.state.log
        self._has_started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer for as long as the client listens."""
        try:
            await while_connected(receive, self._answer(scope, receive, send))
        except Disconnected:
            if not self._has_started:
                raise
            self._log["cancelled"] = True

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._requests.hold(self._request, self.media_type) as prepared:
            self._log["version"] = prepared.version.name
            headers = describe_headers(prepared)
            if prepared.etag == self._known:
                await Response(status_code=304, headers=headers)(scope, receive, send)
                return
            async with self._requests.open_stream(prepared) as opened:
                await self._send(opened, headers | _describe(opened.stream), send)

    async def _send(
        self, opened: OpenStream[Stream], headers: Mapping[str, str], send: Send
    ) -> None:
        self._log |= {"queue_ms": round(opened.waited * 1000, 1)}
        named = MutableHeaders({**headers, "Content-Type": _CONTENT_TYPES[self.media_type]})
        await send({"type": "http.response.start", "status": 200, "headers": named.raw})
        self._has_started = True
        part: bytes | None = opened.first
        try:
            while part is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
                part = await opened.rest()
        except Exception as error:
            # DuckDB's own messages may hold values of the bank.
            name = type(error).__name__
            self._log["error"] = error.problem if isinstance(error, BankcrmError) else name
            raise
        finally:
            self._log["rows"] = opened.stream.rows
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def describe_headers(prepared: PreparedRequest) -> dict[str, str]:
    """Headers of every answer to a query."""
    return {
        "ETag": prepared.etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization",
    }


def _describe(stream: Stream) -> dict[str, str]:
    """What an answer as JSON holds beside its rows."""
    headers = {
        "Bankcrm-Version": stream.version.number,
        "Bankcrm-Business-Date": stream.version.business_date.isoformat(),
        "Bankcrm-Truncated": "true" if stream.truncated else "false",
    }
    return headers if stream.total is None else {**headers, "Bankcrm-Total": str(stream.total)}
