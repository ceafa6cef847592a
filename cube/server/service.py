"""Answers to requests, apart from HTTP: decode, plan, execute, shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from cube.server.auth import SecurityContext
from cube.server.errors import QueryError, suggest
from cube.server.model import Model
from cube.server.plan import Plan, plan_query
from cube.server.query import Query, parse_query
from cube.server.response import Json, Result, build_load, build_meta, build_sql, normalize_query
from cube.server.sql import write_statement, write_total
from cube.server.warehouse import Version, Warehouse

CachePolicy = Literal["stale-if-slow", "stale-while-revalidate", "must-revalidate", "no-cache"]
"""Every answer is computed from the published version, which satisfies each of the policies."""

_TOKEN_TIMES = frozenset({"exp", "iat", "nbf", "jti"})


@dataclass(frozen=True)
class Request:
    """A decoded request: the query, whether the answer comes in the multi envelope, who asks."""

    query: Query
    multi: bool
    context: SecurityContext


@dataclass(frozen=True)
class Answer:
    """Body of an answer, or None where the client's copy (``etag``) is still good."""

    body: bytes | None
    etag: str
    version: str
    rows: int


@dataclass(frozen=True)
class Service:
    """The model, the warehouse and the time a query may take."""

    model: Model
    warehouse: Warehouse
    timeout_seconds: float

    def load(self, request: Request, known_etag: str | None = None) -> Answer:
        """Rows of a query, all from one version.

        Raises:
            QueryError: the query cannot be answered as asked.
            QueryTimeout: it took too long.
            NothingPublished: there is no version.
        """
        with self.warehouse.pin() as version:
            plan = plan_query(request.query, self.model, version.business_date)
            etag = self._etag(request, plan, version)
            if etag == known_etag:
                return Answer(None, etag, version.name, 0)
            result = self._execute(plan, version)
            body = build_load(request.query, plan, result, version, multi=request.multi)
        return Answer(encode(body), etag, version.name, len(result.rows))

    def sql(self, request: Request) -> bytes:
        """The SQL of a query; nothing is executed."""
        with self.warehouse.pin() as version:
            plan = plan_query(request.query, self.model, version.business_date)
        return encode(build_sql(plan, write_statement(plan)))

    def meta(self) -> bytes:
        """The public views and their members."""
        return encode(build_meta(self.model.views.values()))

    def _execute(self, plan: Plan, version: Version) -> Result:
        """Ask for one row more than the limit, so that a cut result can say so."""
        statements = [write_statement(plan, plan.limit + 1)]
        if plan.total:
            statements.append(write_total(plan))
        rows, *totals = version.fetch(statements, self.timeout_seconds)
        total = int(str(totals[0][0][0])) if totals else None
        return Result(rows[: plan.limit], len(rows) > plan.limit, total)

    def _etag(self, request: Request, plan: Plan, version: Version) -> str:
        """Changes with the version, the model, the query as understood and who asks."""
        context = {k: v for k, v in request.context.items() if k not in _TOKEN_TIMES}
        query = normalize_query(request.query, plan)
        parts = [version.name, self.model.digest, query, request.multi, context]
        text = json.dumps(parts, sort_keys=True, default=str)
        return f'"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def parse_request(content: Mapping[str, Any], context: SecurityContext) -> Request:
    """Validate the keys of a request: ``query``, ``queryType``, ``cache``.

    Raises:
        QueryError: names what is missing, unknown or not supported.
    """
    known = ("query", "queryType", "cache")
    for key in content:
        if key not in known:
            raise QueryError(f"the key '{key}' is not supported{suggest(key, known)}")
    if "query" not in content:
        raise QueryError("the request holds no query")
    if content.get("queryType", "multi") != "multi":
        raise QueryError(f"queryType: {content['queryType']!r} is not supported; only 'multi' is")
    if "cache" in content and content["cache"] not in get_args(CachePolicy):
        raise QueryError(
            f"cache: {content['cache']!r} is not one of {', '.join(get_args(CachePolicy))}"
        )
    return Request(parse_query(content["query"]), "queryType" in content, context)


def encode(body: Json) -> bytes:
    """JSON as sent: UTF-8, no blanks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
