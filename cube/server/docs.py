"""The data dictionary under ``/docs/``, as ``bankcrm docs`` wrote it.

It holds no row of the bank, but it names the tables and the parameters that the bank has set. So
where the server has a secret it is for those who have a token. A link cannot send one; therefore
the explorer's first answer sets a pass, a cookie that opens these pages and nothing else
and expires with the token.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from pathlib import Path

import jwt
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from bankcrm.settings import Settings
from cube.errors import Forbidden
from cube.security.auth import ALGORITHMS, SecurityContext, authenticate
from cube.server.page_headers import PAGE_HEADERS

PATH = "/docs"
PASS = "bankcrm_docs"
_READERS = "bankcrm docs"
"""Audience of a pass: the API takes no token of this audience, the pages no other."""
_LINEAGE = "dbt.html"
_STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# dbt's page is one file of scripts and styles; it may request nothing, of this server neither.
_SEALED = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {**PAGE_HEADERS, "Cache-Control": "private, no-cache"}
_OWN_PAGES = Path(__file__).with_name("pages")
_NOT_MADE = _OWN_PAGES / "not_made.html"
_NO_PASS = _OWN_PAGES / "no_pass.html"
_STYLE = "message.css"
"""Style of these two pages, for everybody."""


def mount_docs(settings: Settings) -> Mount:
    """The pages, compressed for those who can read it."""
    return Mount(PATH, app=GZipMiddleware(Docs(settings), minimum_size=1000))


def admit_reader(
    answer: Response, context: SecurityContext, settings: Settings, *, is_secure: bool
) -> None:
    """Give the bearer of a valid token a pass to the pages, until the token expires.

    Args:
        answer: the answer that sets the pass.
        context: claims of the token.
        settings: without a secret no pass is needed.
        is_secure: whether the client speaks HTTPS, so that the pass never travels without.
    """
    if settings.api_secret is None:
        return
    claims = {"aud": _READERS, "exp": context["exp"]}
    value = jwt.encode(claims, settings.api_secret, algorithm=ALGORITHMS[0])
    answer.set_cookie(PASS, value, path=PATH, httponly=True, samesite="strict", secure=is_secure)


class Docs:
    """ASGI application over the folder of the pages; it never leads out of it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pages = StaticFiles(directory=settings.docs_folder, check_dir=False)
        self._assets = StaticFiles(directory=_OWN_PAGES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self._answer(HttpRequest(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, http: HttpRequest) -> Response:
        path = self._pages.get_path(http.scope)
        name = "index.html" if path == "." else path
        if name == _STYLE:
            return _guard(await self._assets.get_response(name, http.scope), _STRICT)
        if not self._may_read(http):
            return _explain(_NO_PASS, 403)
        if not (self._settings.docs_folder / "index.html").is_file():
            return _explain(_NOT_MADE, 404)
        page = await self._pages.get_response(name, http.scope)
        return _guard(page, _SEALED if Path(name).name == _LINEAGE else _STRICT)

    def _may_read(self, http: HttpRequest) -> bool:
        """Whether a token or a pass came along, or none is needed."""
        secret = self._settings.api_secret
        try:
            authenticate(http.headers.get("authorization"), self._settings)
        except Forbidden:
            return secret is not None and _is_valid(_read_pass(http), secret)
        return True


def _read_pass(http: HttpRequest) -> str:
    try:
        found = SimpleCookie(http.headers.get("cookie", "")).get(PASS)
    except CookieError:
        return ""
    return found.value if found else ""


def _is_valid(value: str, secret: str) -> bool:
    options: jwt.types.Options = {"require": ["exp", "aud"]}
    try:
        jwt.decode(value, secret, algorithms=[*ALGORITHMS], audience=_READERS, options=options)
    except (jwt.InvalidTokenError, ValueError):
        return False
    return True


def _guard(answer: Response, policy: str) -> Response:
    answer.headers.update({**_HEADERS, "Content-Security-Policy": policy})
    return answer


def _explain(page: Path, status: int) -> Response:
    return _guard(HTMLResponse(page.read_bytes(), status), _STRICT)
