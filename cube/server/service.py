"""Answers to requests, apart from HTTP: decode, plan, execute, shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from cube.engine.cache import Answer
from cube.engine.engine import Engine
from cube.engine.interrupt import Interrupter
from cube.engine.warehouse import Version
from cube.errors import QueryError
from cube.planner.prepare import PreparedQuery
from cube.query.query import ALL_ROWS, MAXIMUM_LIMIT
from cube.security.auth import SecurityContext
from cube.server.envelope import Request
from cube.server.formats import ARROW_TYPE, CSV_TYPE, JSON_TYPE, STREAMS
from cube.server.meta import build_meta
from cube.server.response import (
    Result,
    build_dry_run,
    build_load,
    build_multi,
    build_sql,
    describe_result,
    normalize_query,
)
from cube.server.schemas import Json

_TOKEN_TIMES = frozenset({"exp", "iat", "nbf", "jti"})


@dataclass(frozen=True)
class PreparedRequest:
    """A request that has been planned on a version; the caller holds the version."""

    request: Request
    version: Version
    queries: list[PreparedQuery]
    media_type: str
    etag: str


@dataclass
class Stream:
    """An answer in parts, each computed when it is asked for. ``rows`` counts those sent.

    Args:
        truncated: whether the limit of the query leaves rows out.
        total: rows without limit and offset, where the query asks for it.
    """

    version: Version
    truncated: bool
    total: int | None
    parts: Generator[bytes, None, None] = field(init=False)
    rows: int = 0


@dataclass(frozen=True)
class Service:
    """Answers requests from an engine."""

    engine: Engine

    def prepare(self, request: Request, media_type: str, pins: ExitStack) -> PreparedRequest:
        """Plan a request on the version of now, which ``pins`` holds.

        Raises:
            QueryError: a query cannot be answered as asked, or not in this form.
            NothingPublished: there is no version.
        """
        if media_type in STREAMS:
            request = _for_stream(request)
        else:
            _check_envelope(request)
        version = pins.enter_context(self.engine.warehouse.pin())
        queries = self._plan(request, version)
        etag = self._etag(request, queries, version, media_type)
        return PreparedRequest(request, version, queries, media_type, etag)

    def compute(self, prepared: PreparedRequest, interrupter: Interrupter | None = None) -> Answer:
        """Rows of every query of a request as JSON, all from one version.

        Raises:
            QueryTimeout: it took too long.
            OutOfMemory: it needs more memory than there is.
            BankcrmError: the reason that the interrupter was stopped for.
        """
        version, batch = prepared.version, prepared.request.batch
        answered = [
            (query, self._execute(query, version, interrupter)) for query in prepared.queries
        ]
        results = [build_load(*one, version, batch.kind) for one in answered]
        multi = prepared.request.multi
        body = encode(build_multi(batch.kind, results) if multi else results[0])
        return Answer(body, sum(len(result.rows) for _, result in answered))

    def load(self, request: Request) -> Answer:
        """Rows of every query of a request: prepared and computed at once."""
        with ExitStack() as pins:
            return self.compute(self.prepare(request, JSON_TYPE, pins))

    def stream(self, prepared: PreparedRequest, interrupter: Interrupter) -> Stream:
        """Rows of one query, without end but its own limit.

        Where there is a limit the rows are counted first: whether it cuts rows can only be said
        before the first of them, as CSV and most clients know of nothing after the last.

        Raises:
            BankcrmError: as `compute` does; the parts too.
        """
        (query,) = prepared.queries
        plan, total = query.plan, None
        if plan.total or plan.limit < ALL_ROWS:
            statement = query.write_total()
            ((row,),) = prepared.version.fetch(
                [statement], self.engine.timeout_seconds, interrupter
            )
            total = int(str(row[0]))
        cut = total is not None and total > plan.offset + plan.limit
        stream = Stream(prepared.version, cut, total if plan.total else None)
        stream.parts = self._encode(prepared, stream, interrupter)
        return stream

    def _encode(
        self, prepared: PreparedRequest, stream: Stream, interrupter: Interrupter
    ) -> Generator[bytes, None, None]:
        (query,) = prepared.queries
        encoder = STREAMS[prepared.media_type]()
        batches = prepared.version.stream(query.write(), self.engine.timeout_seconds, interrupter)
        with closing(batches):
            first = next(batches)
            about = describe_result(query, stream.version, stream.truncated, stream.total)
            started = encoder.start(first.schema, about)
            for batch in chain([first], batches):
                stream.rows += batch.num_rows
                yield started + encoder.rows(batch)
                started = b""
        yield encoder.end()

    def sql(self, request: Request) -> bytes:
        """The SQL of a query; nothing is executed."""
        with self.engine.warehouse.pin() as version:
            bodies = [build_sql(query) for query in self._plan(request, version)]
        return encode(bodies[0] if request.batch.kind == "regularQuery" else bodies)

    def dry_run(self, request: Request) -> bytes:
        """The queries as understood; nothing is executed."""
        with self.engine.warehouse.pin() as version:
            queries = [normalize_query(query) for query in self._plan(request, version)]
        return encode(build_dry_run(request.batch.kind, queries))

    def explain(self, request: Request) -> bytes:
        """Plan, SQL and lineage of each query; nothing is executed."""
        with self.engine.warehouse.pin() as version:
            queries = [query.explain() for query in self._plan(request, version)]
        return encode({"queries": queries})

    def meta(self, context: SecurityContext) -> bytes:
        """The public views and members that the user may see."""
        return encode(build_meta(self.engine.control.grant(context).views.values()))

    def _plan(self, request: Request, version: Version) -> list[PreparedQuery]:
        access = self.engine.control.grant(request.context)
        return [self.engine.prepare(query, version, access) for query in request.batch.queries]

    def _execute(
        self, query: PreparedQuery, version: Version, interrupter: Interrupter | None = None
    ) -> Result:
        """Ask for one row more than the limit, so that a cut result can say so."""
        limit = query.plan.limit
        statements = [query.write(limit + 1)]
        if query.plan.total:
            statements.append(query.write_total())
        rows, *totals = version.fetch(statements, self.engine.timeout_seconds, interrupter)
        total = int(str(totals[0][0][0])) if totals else None
        return Result(rows[:limit], len(rows) > limit, total)

    def _etag(
        self,
        request: Request,
        queries: list[PreparedQuery],
        version: Version,
        media_type: str,
    ) -> str:
        """Changes with the version, the model, the query as understood, the form and the user."""
        context = {k: v for k, v in request.context.items() if k not in _TOKEN_TIMES}
        understood = [normalize_query(query) for query in queries]
        kind = request.batch.kind
        form = [media_type, request.multi]
        parts = [version.name, self.engine.model.digest, kind, understood, form, context]
        text = json.dumps(parts, sort_keys=True, default=str)
        return f'"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def _for_stream(request: Request) -> Request:
    """The same for a stream, which holds one result: every row of it unless there is a limit."""
    if request.multi or request.batch.kind != "regularQuery":
        raise QueryError("CSV and Arrow hold one result; blend, compare and queryType need JSON")
    (query,) = request.batch.queries
    return replace(request, batch=replace(request.batch, queries=(query.without_default_limit(),)))


def _check_envelope(request: Request) -> None:
    """JSON holds so many rows, and several results only for a client that understands them."""
    for query in request.batch.queries:
        if query.limit is not None and query.limit > MAXIMUM_LIMIT:
            raise QueryError(
                f"limit: an answer as JSON holds at most {MAXIMUM_LIMIT} rows; send the header "
                f"Accept: {ARROW_TYPE} or {CSV_TYPE} for more"
            )
    if request.batch.kind != "regularQuery" and not request.multi:
        raise QueryError(
            f"an answer to a {request.batch.kind} has several results; send queryType=multi"
        )


def encode(body: Mapping[str, Any] | list[Json]) -> bytes:
    """JSON as sent: UTF-8, no blanks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
