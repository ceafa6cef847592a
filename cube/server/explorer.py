"""The explorer: a built page of files that never change, and how fresh the data is.

The page is built by Vite into ``cube/explorer/dist`` (``make explorer``). It holds no data: what it
shows it asks of the cube API with the user's token.
"""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bankcrm.settings import Settings
from cube.engine.warehouse import Warehouse
from cube.security.auth import authenticate
from cube.server.docs import admit_reader
from cube.server.page_headers import PAGE_HEADERS

DIST = Path(__file__).resolve().parent.parent / "explorer" / "dist"
NOT_BUILT = "The explorer has not been built; run `make explorer`"
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            # Charts and columns are laid out by style attributes; style sheets come from here only.
            "style-src-attr 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    **PAGE_HEADERS,
}
NewestDue = Callable[[datetime], date]
"""The newest business date that should be published at a moment, by the deadlines of the feeds."""
_FOREVER = "public, max-age=31536000, immutable"
_COMPRESSED = (".html", ".js", ".css", ".svg")


@dataclass(frozen=True)
class Asset:
    """A file of the page: as it is, and compressed where that helps."""

    content: bytes
    compressed: bytes | None
    media_type: str


class Explorer:
    """The page over the published versions of one installation."""

    def __init__(
        self,
        settings: Settings,
        warehouse: Warehouse,
        newest_due: NewestDue | None = None,
        folder: Path = DIST,
    ) -> None:
        self._settings = settings
        self._warehouse = warehouse
        self._newest_due = newest_due
        self._folder = folder

    def routes(self) -> list[Route]:
        """The page, its files, and the freshness of its data. They are no part of the API."""
        return [
            Route(path, handler, methods=["GET"], include_in_schema=False)
            for path, handler in (
                ("/", self._page),
                ("/assets/{name}", self._asset),
                ("/explorer/freshness", self._freshness),
            )
        ]

    @cached_property
    def _assets(self) -> dict[str, Asset]:
        """Every file of the build by its name; read once, so no request names a path."""
        return {
            path.relative_to(self._folder).as_posix(): _read_asset(path)
            for path in sorted(self._folder.rglob("*"))
            if path.is_file()
        }

    async def _page(self, http: HttpRequest) -> Response:
        page = self._assets.get("index.html")
        if page is None:
            del self._assets
            raise HTTPException(503, NOT_BUILT)
        return _answer(http, page, "no-cache")

    async def _asset(self, http: HttpRequest) -> Response:
        asset = self._assets.get(f"assets/{http.path_params['name']}")
        if asset is None:
            raise HTTPException(404, "Not Found")
        return _answer(http, asset, _FOREVER)

    async def _freshness(self, http: HttpRequest) -> Response:
        """What is published, which business date should be, and the user."""
        context = authenticate(http.headers.get("authorization"), self._settings)
        user = {"user": context.get("sub"), "groups": context["groups"]}
        http.state.log = user
        freshness = await run_in_threadpool(self._read_freshness)
        answer = JSONResponse({**freshness, **user}, headers={"Cache-Control": "no-store"})
        admit_reader(answer, context, self._settings, is_secure=http.url.scheme == "https")
        return answer

    def _read_freshness(self) -> dict[str, str | None]:
        now = datetime.now(tz=UTC)
        expected = self._newest_due(now).isoformat() if self._newest_due is not None else None
        with self._warehouse.pin() as version:
            return {
                "version": version.number,
                "businessDate": version.business_date.isoformat(),
                "publishedAt": version.published_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "expectedDate": expected,
                "today": now.astimezone().date().isoformat(),
            }


def _read_asset(path: Path) -> Asset:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    compressed = gzip.compress(content, mtime=0) if path.suffix in _COMPRESSED else None
    return Asset(content, compressed, media_type)


def _answer(http: HttpRequest, asset: Asset, caching: str) -> Response:
    headers = {**HEADERS, "Cache-Control": caching, "Vary": "Accept-Encoding"}
    body = asset.content
    if asset.compressed is not None and "gzip" in http.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = asset.compressed
    return Response(body, media_type=asset.media_type, headers=headers)
