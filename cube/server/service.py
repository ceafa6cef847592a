"""Answers to requests, apart from HTTP: decode, plan, execute, shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from itertools import chain

from cube.compiler.model import Model
from cube.engine.cache import Answer
from cube.engine.interrupt import Interrupter
from cube.engine.warehouse import Version, Warehouse
from cube.errors import QueryError
from cube.planner.explain import explain_plan
from cube.planner.plan import Plan
from cube.planner.planner import plan_query
from cube.planner.rollup_matching import choose_rollups
from cube.planner.sql import write_statement, write_total
from cube.query.query import ALL_ROWS, MAXIMUM_LIMIT, Query
from cube.rollups.suggestion import Wish, list_wishes
from cube.security.access import AccessControl
from cube.security.auth import SecurityContext
from cube.server.formats import ARROW_TYPE, CSV_TYPE, JSON_TYPE, STREAMS
from cube.server.request import Request
from cube.server.response import (
    Json,
    Result,
    build_dry_run,
    build_load,
    build_meta,
    build_multi,
    build_sql,
    describe_stream,
    normalize_query,
)

_TOKEN_TIMES = frozenset({"exp", "iat", "nbf", "jti"})


@dataclass(frozen=True)
class Prepared:
    """A request that has been planned on a version; whoever prepared it holds the version."""

    request: Request
    version: Version
    plans: list[tuple[Query, Plan]]
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
    """The model, who may see what of it, the warehouse, and the time a query may take."""

    model: Model
    control: AccessControl
    warehouse: Warehouse
    timeout_seconds: float

    def prepare(self, request: Request, media_type: str, pins: ExitStack) -> Prepared:
        """Plan a request on the version of now, which ``pins`` holds.

        Raises:
            QueryError: a query cannot be answered as asked, or not in this form.
            NothingPublished: there is no version.
        """
        if media_type in STREAMS:
            request = _for_stream(request)
        else:
            _check_envelope(request)
        version = pins.enter_context(self.warehouse.pin())
        plans = self._plans(request, version)
        etag = self._etag(request, plans, version, media_type)
        return Prepared(request, version, plans, media_type, etag)

    def compute(self, prepared: Prepared, interrupter: Interrupter | None = None) -> Answer:
        """Rows of every query of a request as JSON, all from one version.

        Raises:
            QueryTimeout: it took too long.
            OutOfMemory: it needs more memory than there is.
            BankcrmError: the reason that the interrupter was stopped for.
        """
        version, batch = prepared.version, prepared.request.batch
        answered = [
            (query, plan, self._execute(plan, version, interrupter))
            for query, plan in prepared.plans
        ]
        results = [build_load(*one, version, batch.kind) for one in answered]
        body = build_multi(batch.kind, results) if prepared.request.multi else results[0]
        return Answer(encode(body), sum(len(result.rows) for _, _, result in answered))

    def load(self, request: Request) -> Answer:
        """Rows of every query of a request: prepared and computed at once."""
        with ExitStack() as pins:
            return self.compute(self.prepare(request, JSON_TYPE, pins))

    def stream(self, prepared: Prepared, interrupter: Interrupter) -> Stream:
        """Rows of one query, without end but its own limit.

        Where there is a limit the rows are counted first: what is left out can be told only before
        the first row, as neither CSV nor most clients know of anything after the last.

        Raises:
            BankcrmError: as `compute` does; the parts too.
        """
        ((_, plan),) = prepared.plans
        total = None
        if plan.total or plan.limit < ALL_ROWS:
            statement = write_total(plan, self.model)
            ((row,),) = prepared.version.fetch([statement], self.timeout_seconds, interrupter)
            total = int(str(row[0]))
        cut = total is not None and total > plan.offset + plan.limit
        stream = Stream(prepared.version, cut, total if plan.total else None)
        stream.parts = self._encode(prepared, stream, interrupter)
        return stream

    def _encode(
        self, prepared: Prepared, stream: Stream, interrupter: Interrupter
    ) -> Generator[bytes, None, None]:
        ((query, plan),) = prepared.plans
        encoder = STREAMS[prepared.media_type]()
        statement = write_statement(plan, self.model)
        batches = prepared.version.stream(statement, self.timeout_seconds, interrupter)
        with closing(batches):
            first = next(batches)
            about = describe_stream(query, plan, stream.version, stream.truncated, stream.total)
            started = encoder.start(first.schema, about)
            for batch in chain([first], batches):
                stream.rows += batch.num_rows
                yield started + encoder.rows(batch)
                started = b""
        yield encoder.end()

    def list_wishes(self, prepared: Prepared) -> list[Wish]:
        """The rollups that would have answered in the place of facts."""
        return [wish for _, plan in prepared.plans for wish in list_wishes(plan, self.model)]

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

    def _execute(
        self, plan: Plan, version: Version, interrupter: Interrupter | None = None
    ) -> Result:
        """Ask for one row more than the limit, so that a cut result can say so."""
        statements = [write_statement(plan, self.model, plan.limit + 1)]
        if plan.total:
            statements.append(write_total(plan, self.model))
        rows, *totals = version.fetch(statements, self.timeout_seconds, interrupter)
        total = int(str(totals[0][0][0])) if totals else None
        return Result(rows[: plan.limit], len(rows) > plan.limit, total)

    def _etag(
        self,
        request: Request,
        plans: list[tuple[Query, Plan]],
        version: Version,
        media_type: str,
    ) -> str:
        """Changes with the version, the model, the query as understood, the form and who asks."""
        context = {k: v for k, v in request.context.items() if k not in _TOKEN_TIMES}
        queries = [normalize_query(query, plan) for query, plan in plans]
        kind = request.batch.kind
        form = [media_type, request.multi]
        parts = [version.name, self.model.digest, kind, queries, form, context]
        text = json.dumps(parts, sort_keys=True, default=str)
        return f'"{hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'


def _for_stream(request: Request) -> Request:
    """The same for a stream, which holds one result: every row of it unless there is a limit."""
    if request.multi or request.batch.kind != "regularQuery":
        raise QueryError("CSV and Arrow hold one result; blend, compare and queryType need JSON")
    (query,) = request.batch.queries
    if query.limit is not None:
        return request
    unlimited = query.model_copy(update={"limit": ALL_ROWS})
    return replace(request, batch=replace(request.batch, queries=(unlimited,)))


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


def encode(body: Json | list[Json]) -> bytes:
    """JSON as sent: UTF-8, no blanks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
