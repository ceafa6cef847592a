"""Answers to requests, apart from HTTP: decode, plan, execute, shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from cube.server.access import AccessControl
from cube.server.auth import SecurityContext
from cube.server.errors import QueryError, suggest
from cube.server.explain import explain_plan
from cube.server.model import Model
from cube.server.plan import Plan
from cube.server.planner import plan_query
from cube.server.query import Batch, CachePolicy, Query, parse_batch
from cube.server.response import (
    Json,
    Result,
    build_dry_run,
    build_load,
    build_meta,
    build_multi,
    build_sql,
    normalize_query,
)
from cube.server.rollup_choice import choose_rollups
from cube.server.sql import write_statement, write_total
from cube.server.warehouse import Version, Warehouse

_TOKEN_TIMES = frozenset({"exp", "iat", "nbf", "jti"})


@dataclass(frozen=True)
class Request:
    """A decoded request: its queries, whether the answer comes in the multi envelope, who asks."""

    batch: Batch
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
    """The model, who may see what of it, the warehouse, and the time a query may take."""

    model: Model
    control: AccessControl
    warehouse: Warehouse
    timeout_seconds: float

    def load(self, request: Request, known_etag: str | None = None) -> Answer:
        """Rows of every query of a request, all from one version.

        Raises:
            QueryError: a query cannot be answered as asked.
            QueryTimeout: it took too long.
            NothingPublished: there is no version.
        """
        _check_envelope(request)
        with self.warehouse.pin() as version:
            plans = self._plans(request, version)
            etag = self._etag(request, plans, version)
            if etag == known_etag:
                return Answer(None, etag, version.name, 0)
            answered = [(query, plan, self._execute(plan, version)) for query, plan in plans]
            results = [build_load(*one, version, request.batch.kind) for one in answered]
        body = build_multi(request.batch.kind, results) if request.multi else results[0]
        rows = sum(len(result.rows) for _, _, result in answered)
        return Answer(encode(body), etag, version.name, rows)

    def sql(self, request: Request) -> bytes:
        """The SQL of a query; nothing is executed."""
        with self.warehouse.pin() as version:
            plans = self._plans(request, version)
        bodies = [build_sql(plan, write_statement(plan, self.model)) for _, plan in plans]
        return encode(bodies[0] if request.batch.kind == "regularQuery" else bodies)

    def dry_run(self, request: Request) -> bytes:
        """The queries as understood; nothing is executed."""
        with self.warehouse.pin() as version:
            plans = self._plans(request, version)
        queries = [normalize_query(query, plan) for query, plan in plans]
        return encode(build_dry_run(request.batch.kind, queries))

    def explain(self, request: Request) -> bytes:
        """Plan, SQL and lineage of each query; nothing is executed."""
        with self.warehouse.pin() as version:
            plans = self._plans(request, version)
        return encode({"queries": [explain_plan(plan, self.model) for _, plan in plans]})

    def meta(self, context: SecurityContext) -> bytes:
        """The public views and members that the user may see."""
        return encode(build_meta(self.control.grant(context).views.values()))

    def _plans(self, request: Request, version: Version) -> list[tuple[Query, Plan]]:
        access = self.control.grant(request.context)
        plans = [
            plan_query(query, self.model, version.business_date, access)
            for query in request.batch.queries
        ]
        chosen = [choose_rollups(plan, self.model, version.rollups) for plan in plans]
        return list(zip(request.batch.queries, chosen, strict=True))

    def _execute(self, plan: Plan, version: Version) -> Result:
        """Ask for one row more than the limit, so that a cut result can say so."""
        statements = [write_statement(plan, self.model, plan.limit + 1)]
        if plan.total:
            statements.append(write_total(plan, self.model))
        rows, *totals = version.fetch(statements, self.timeout_seconds)
        total = int(str(totals[0][0][0])) if totals else None
        return Result(rows[: plan.limit], len(rows) > plan.limit, total)

    def _etag(self, request: Request, plans: list[tuple[Query, Plan]], version: Version) -> str:
        """Changes with the version, the model, the query as understood and who asks."""
        context = {k: v for k, v in request.context.items() if k not in _TOKEN_TIMES}
        queries = [normalize_query(query, plan) for query, plan in plans]
        kind = request.batch.kind
        parts = [version.name, self.model.digest, kind, queries, request.multi, context]
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
    return Request(parse_batch(content["query"]), "queryType" in content, context)


def _check_envelope(request: Request) -> None:
    """Several results need a client that understands them."""
    if request.batch.kind != "regularQuery" and not request.multi:
        raise QueryError(
            f"an answer to a {request.batch.kind} has several results; send queryType=multi"
        )


def encode(body: Json | list[Json]) -> bytes:
    """JSON as sent: UTF-8, no blanks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
