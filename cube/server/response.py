"""Answers in the shape of Cube's REST protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from cube.engine.warehouse import Row, Version
from cube.planner.plan import Column, Plan
from cube.planner.prepare import PreparedQuery
from cube.query.dates import format_moment
from cube.query.query import And, FilterItem, Or, Query, QueryType, ResponseFormat
from cube.server.meta import annotate_member, describe_granularity
from cube.server.schemas import (
    ColumnarRows,
    CompactRows,
    Json,
    LoadResult,
    MultiResult,
    ResultDescription,
    Rows,
    UsedRollup,
    Value,
)

Values = Sequence[Value]
"""A column as Cube sends it."""


@dataclass(frozen=True)
class Result:
    """Rows of a plan. ``truncated`` where the limit left rows out."""

    rows: Sequence[Row]
    truncated: bool
    total: int | None


def build_load(
    prepared: PreparedQuery, result: Result, version: Version, kind: QueryType = "regularQuery"
) -> LoadResult:
    """One result of ``/v1/load``; ``kind`` is that of the request it belongs to."""
    rows = _tabulate(prepared.plan, result.rows, prepared.query, kind)
    return {
        **describe_result(prepared, version, result.truncated, result.total),
        "dataSource": "default",
        "dbType": "duckdb",
        "extDbType": "duckdb",
        "external": False,
        "slowQuery": False,
        "data": _DATA[prepared.query.response_format](*rows),
    }


def describe_result(
    prepared: PreparedQuery, version: Version, truncated: bool, total: int | None
) -> ResultDescription:
    """What ``/v1/load`` says beside the rows; a stream has it in its metadata."""
    described: ResultDescription = {
        "query": normalize_query(prepared),
        "lastRefreshTime": version.published_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "annotation": _annotate(prepared.plan),
        "total": total,
        "truncated": truncated,
        "version": version.number,
        "businessDate": version.business_date.isoformat(),
    }
    # As in a stock Cube, there is no key where no rollup answered.
    if prepared.plan.rollups:
        described["usedPreAggregations"] = _name_rollups(prepared.plan, version)
    return described


def _name_rollups(plan: Plan, version: Version) -> dict[str, UsedRollup]:
    """Rollups that the answer is read from, by their tables."""
    built_at = int(version.published_at.timestamp() * 1000)
    return {
        version.rollups[name].table: {
            "preAggregationId": name,
            "lastUpdatedAt": built_at,
            "type": "rollup",
        }
        for name in plan.rollups
    }


def build_multi(kind: QueryType, results: list[LoadResult]) -> MultiResult:
    """Body of ``/v1/load`` with ``queryType=multi``: every result, and the query to pivot by."""
    queries = [result["query"] for result in results]
    return {
        "queryType": kind,
        "results": results,
        "pivotQuery": build_pivot(kind, queries),
        "slowQuery": False,
    }


def build_pivot(kind: QueryType, queries: list[Json]) -> Json:
    """The query that describes the rows of all results together."""
    if kind == "compareDateRangeQuery":
        dimensions = ["compareDateRange", *queries[0]["dimensions"]]
        return {**queries[0], "dimensions": dimensions, "queryType": kind}
    if kind == "regularQuery":
        return {**queries[0], "queryType": kind}
    times = [item for query in queries for item in query["timeDimensions"][:1]]
    granularity = next(item["granularity"] for item in times if "granularity" in item)
    members = {
        key: list(dict.fromkeys(name for query in queries for name in query[key]))
        for key in ("measures", "dimensions")
    }
    axis = [{"dimension": "time", "granularity": granularity}]
    return {**members, "timeDimensions": axis, "queryType": kind}


def build_dry_run(kind: QueryType, queries: list[Json]) -> Json:
    """Body of ``/v1/dry-run``: the queries as understood, nothing executed."""
    orders = [
        {item["id"]: "desc" if item["desc"] else "asc" for item in query["order"]}
        for query in queries
    ]
    return {
        "queryType": kind,
        "normalizedQueries": queries,
        "queryOrder": orders,
        "transformedQueries": [None for _ in queries],
        "pivotQuery": build_pivot(kind, queries),
    }


def build_sql(prepared: PreparedQuery) -> Json:
    """Body of ``/v1/sql``: the statement and its parameters as text."""
    plan, statement = prepared.plan, prepared.write()
    names = [*(column.name for column in plan.columns), *(m.name for m in plan.measures)]
    return {
        "sql": {
            "status": "ok",
            "query_type": "regular",
            "sql": [statement.sql, [_as_text(value) for value in statement.parameters]],
            "aliasNameToMember": {name: name for name in names},
            "memberNames": names,
            "order": {name: "desc" if desc else "asc" for name, desc in plan.order},
            "dataSource": "default",
            "external": False,
        }
    }


def normalize_query(prepared: PreparedQuery) -> Json:
    """The query as it was understood: ranges resolved, defaults written out."""
    query, plan = prepared.query, prepared.plan
    return {
        "measures": list(query.measures),
        "dimensions": [c.name for c in plan.columns if c.granularity is None],
        "timeDimensions": _normalize_times(query, plan),
        "segments": list(query.segments),
        "filters": [_normalize_filter(item) for item in query.filters],
        "order": [{"id": name, "desc": desc} for name, desc in plan.order],
        "limit": plan.limit,
        "rowLimit": plan.limit,
        "offset": plan.offset,
        "total": plan.total,
        "timezone": query.timezone,
        "responseFormat": query.response_format,
        **({"ungrouped": True} if plan.ungrouped else {}),
    }


def _normalize_times(query: Query, plan: Plan) -> list[Json]:
    times: list[Json] = []
    for item, bounds in zip(query.time_dimensions, plan.ranges, strict=True):
        entry: Json = {"dimension": item.dimension}
        if item.granularity is not None:
            entry["granularity"] = item.granularity
        if bounds is not None:
            entry["dateRange"] = [format_moment(moment) for moment in bounds]
        times.append(entry)
    listed = {f"{item.dimension}.{item.granularity}" for item in query.time_dimensions}
    for column in plan.columns:
        if column.granularity is not None and column.name not in listed:
            times.append({"dimension": column.member.name, "granularity": column.granularity.name})
    return times


def _normalize_filter(item: FilterItem) -> Json:
    if isinstance(item, And | Or):
        word = "and" if isinstance(item, And) else "or"
        return {word: [_normalize_filter(inner) for inner in item.items]}
    entry: Json = {"member": item.member, "operator": item.operator}
    if item.values:
        entry["values"] = list(item.values)
    return entry


def _tabulate(
    plan: Plan, rows: Sequence[Row], query: Query, kind: QueryType
) -> tuple[list[str], list[Values]]:
    """Names and columns of formatted values; a time dimension also appears under its bare name.

    The rows of blended queries meet on their time axis, ``time.<granularity>``.
    """
    names = [column.name for column in plan.columns] + [m.name for m in plan.measures]
    positions = list(range(len(names)))
    for column in _finest_columns(plan.columns):
        positions.append(plan.columns.index(column))
        names.append(column.member.name)
    axis = next((column for column in plan.columns if column.granularity), None)
    if kind == "blendingQuery" and axis is not None and axis.granularity is not None:
        positions.append(plan.columns.index(axis))
        names.append(f"time.{axis.granularity.name}")
    columns = [_format_column(column) for column in zip(*rows, strict=True)]
    shown = [columns[position] for position in positions] if columns else [[] for _ in names]
    compared = _compared_range(query, plan)
    if compared is not None:
        names.append("compareDateRange")
        shown.append([compared] * len(rows))
    return names, shown


def _compared_range(query: Query, plan: Plan) -> str | None:
    """The range that the rows of one of several compared queries carry."""
    for item, bounds in zip(query.time_dimensions, plan.ranges, strict=True):
        if item.is_compared and bounds is not None:
            return " - ".join(format_moment(moment) for moment in bounds)
    return None


def _finest_columns(columns: Sequence[Column]) -> list[Column]:
    """For each time dimension with granularities, the finest, unless the raw one is there."""
    raw = {column.name for column in columns}
    finest: dict[str, Column] = {}
    ranked = [(column.granularity, column) for column in columns if column.granularity is not None]
    for _, column in sorted(ranked, key=lambda item: item[0].interval.approximate_seconds):
        if column.member.name not in raw:
            finest.setdefault(column.member.name, column)
    return list(finest.values())


def _format_column(values: Sequence[object]) -> Values:
    """Values of one type, or nothing. Times repeat: each is written once."""
    sample = next((value for value in values if value is not None), None)
    if sample is None or isinstance(sample, str | bool):
        return cast("Values", values)
    if isinstance(sample, date):
        moments = {moment: _format(moment) for moment in set(values)}
        return [moments[value] for value in values]
    return [_format(value) for value in values]


def _format(value: object) -> Value:
    """Value as Cube sends it: numbers as exact decimals in text, times without a zone."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return format_moment(value)
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _rows_as_objects(names: list[str], columns: list[Values]) -> list[dict[str, Value]]:
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _rows_compact(names: list[str], columns: list[Values]) -> CompactRows:
    return {"members": names, "dataset": list(zip(*columns, strict=True))}


def _rows_columnar(names: list[str], columns: list[Values]) -> ColumnarRows:
    return {"members": names, "columns": columns}


_DATA: dict[ResponseFormat, Callable[[list[str], list[Values]], Rows]] = {
    "default": _rows_as_objects,
    "compact": _rows_compact,
    "columnar": _rows_columnar,
}


def _annotate(plan: Plan) -> Json:
    times: Json = {}
    for column in plan.columns:
        if column.granularity is not None:
            granularity = describe_granularity(column.granularity)
            times[column.name] = {**annotate_member(column.member), "granularity": granularity}
            times[column.member.name] = annotate_member(column.member)
    return {
        "measures": {member.name: annotate_member(member) for member in plan.measures},
        "dimensions": {
            column.name: annotate_member(column.member)
            for column in plan.columns
            if column.granularity is None
        },
        "segments": {member.name: annotate_member(member) for member in plan.segments},
        "timeDimensions": times,
    }
