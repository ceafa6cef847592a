"""Answers in the shape of Cube's REST protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from cube.compiler.compiled import CompiledDimension, CompiledView, Member
from cube.compiler.granularity import Granularity
from cube.compiler.measures import CompiledMeasure
from cube.engine.warehouse import Row, Version
from cube.planner.plan import Column, Plan
from cube.planner.sql import Statement
from cube.query.dates import format_moment
from cube.query.query import And, FilterItem, Or, Query, QueryType

Json = dict[str, Any]
Values = Sequence[str | bool | None]
"""A column as Cube sends it."""


@dataclass(frozen=True)
class Result:
    """Rows of a plan. ``truncated`` where the limit left rows out."""

    rows: Sequence[Row]
    truncated: bool
    total: int | None


def build_load(
    query: Query,
    plan: Plan,
    result: Result,
    version: Version,
    kind: QueryType = "regularQuery",
) -> Json:
    """One result of ``/v1/load``; ``kind`` is that of the request it belongs to."""
    return {
        "query": normalize_query(query, plan),
        "lastRefreshTime": _format_published(version),
        "annotation": _annotate(plan),
        "dataSource": "default",
        "dbType": "duckdb",
        "extDbType": "duckdb",
        "external": False,
        "slowQuery": False,
        "total": result.total,
        "truncated": result.truncated,
        "version": version.name.removesuffix(".duckdb"),
        "businessDate": version.business_date.isoformat(),
        **_name_rollups(plan, version),
        "data": _DATA[query.response_format](*_tabulate(plan, result.rows, query, kind)),
    }


def describe_stream(
    query: Query, plan: Plan, version: Version, truncated: bool, total: int | None
) -> Json:
    """What ``/v1/load`` says beside the rows, for answers whose form has no place for it."""
    return {
        "query": normalize_query(query, plan),
        "lastRefreshTime": _format_published(version),
        "annotation": _annotate(plan),
        "total": total,
        "truncated": truncated,
        "version": version.name.removesuffix(".duckdb"),
        "businessDate": version.business_date.isoformat(),
        **_name_rollups(plan, version),
    }


def _name_rollups(plan: Plan, version: Version) -> Json:
    """Rollups that the answer is read from; as in a stock Cube, no key where there is none."""
    if not plan.rollups:
        return {}
    built_at = int(version.published_at.timestamp() * 1000)
    used = {
        version.rollups[name].table: {
            "preAggregationId": name,
            "lastUpdatedAt": built_at,
            "type": "rollup",
        }
        for name in plan.rollups
    }
    return {"usedPreAggregations": used}


def build_multi(kind: QueryType, results: list[Json]) -> Json:
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


def build_sql(plan: Plan, statement: Statement) -> Json:
    """Body of ``/v1/sql``: the statement and its parameters as text."""
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


def build_meta(views: Iterable[CompiledView]) -> Json:
    """Body of ``/v1/meta``: the public views and their members."""
    return {"cubes": [_describe_view(view) for view in views if view.definition.public]}


def normalize_query(query: Query, plan: Plan) -> Json:
    """The query as it was understood: ranges resolved, defaults written out."""
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


def _format_published(version: Version) -> str:
    return version.published_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


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


def _format(value: object) -> str | bool | None:
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


def _rows_as_objects(names: list[str], columns: list[Values]) -> list[Json]:
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _rows_compact(names: list[str], columns: list[Values]) -> Json:
    return {"members": names, "dataset": list(zip(*columns, strict=True))}


def _rows_columnar(names: list[str], columns: list[Values]) -> Json:
    return {"members": names, "columns": columns}


_DATA: dict[str, Callable[[list[str], list[Values]], Any]] = {
    "default": _rows_as_objects,
    "compact": _rows_compact,
    "columnar": _rows_columnar,
}


def _annotate(plan: Plan) -> Json:
    times: Json = {}
    for column in plan.columns:
        if column.granularity is not None:
            granularity = _describe_granularity(column.granularity)
            times[column.name] = {**_annotation(column.member), "granularity": granularity}
            times[column.member.name] = _annotation(column.member)
    return {
        "measures": {member.name: _annotation(member) for member in plan.measures},
        "dimensions": {
            column.name: _annotation(column.member)
            for column in plan.columns
            if column.granularity is None
        },
        "segments": {member.name: _annotation(member) for member in plan.segments},
        "timeDimensions": times,
    }


def _describe_granularity(granularity: Granularity) -> Json:
    entry = {"name": granularity.name, "title": granularity.title, "interval": granularity.text}
    definition = granularity.definition
    for key in ("offset", "origin"):
        if definition is not None and getattr(definition, key) is not None:
            entry[key] = getattr(definition, key)
    return entry


def _annotation(member: Member) -> Json:
    entry: Json = {"title": member.title, "shortTitle": member.title}
    if member.kind != "segment":
        entry["type"] = member.type
    if member.description is not None:
        entry["description"] = member.description
    if member.format is not None:
        entry["format"] = member.format
    currency = getattr(member.source.definition, "currency", None)
    if currency is not None:
        entry["currency"] = currency
    if member.meta:
        entry["meta"] = dict(member.meta)
    if member.kind == "measure":
        entry["drillMembers"] = list(member.drill_members)
        entry["drillMembersGrouped"] = {"measures": [], "dimensions": list(member.drill_members)}
    return entry


def _describe_view(view: CompiledView) -> Json:
    definition = view.definition
    title = definition.title or definition.name
    members = list(view.members.values())
    folders = [{"name": name, "members": list(names)} for name, names in view.folders]
    return {
        "name": definition.name,
        "type": "view",
        "title": title,
        "description": definition.description,
        "isVisible": True,
        "public": True,
        "meta": definition.meta,
        "measures": [_describe_member(m, title) for m in members if m.kind == "measure"],
        "dimensions": [_describe_member(m, title) for m in members if m.kind == "dimension"],
        "segments": [_describe_member(m, title) for m in members if m.kind == "segment"],
        "hierarchies": [
            {
                "name": item.name,
                "title": item.definition.title or item.definition.name,
                "aliasMember": item.alias,
                "public": item.definition.public,
                "levels": list(item.levels),
            }
            for item in view.hierarchies
        ],
        "folders": folders,
        "nestedFolders": folders,
    }


def _describe_member(member: Member, view_title: str) -> Json:
    source = member.source
    entry = {"name": member.name, **_annotation(member), "isVisible": True, "public": True}
    entry["title"] = f"{view_title} {member.title}"
    if member.kind != "segment":
        entry["aliasMember"] = ".".join(source.id)
    if isinstance(source, CompiledMeasure):
        kind = source.definition.type
        entry |= {"aggType": _AGGREGATES.get(kind, kind)}
        entry |= {"cumulative": False, "cumulativeTotal": False}
    elif isinstance(source, CompiledDimension):
        entry |= {"suggestFilterValues": True, "primaryKey": False}
        custom = [g for g in source.granularities.values() if g.definition is not None]
        if custom:
            entry["granularities"] = [_describe_granularity(item) for item in custom]
    return entry


_AGGREGATES = {"count_distinct": "countDistinct", "count_distinct_approx": "countDistinctApprox"}
