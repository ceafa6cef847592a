"""Answers in the shape of Cube's REST protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from cube.server.compiled import CompiledView, Member
from cube.server.dates import GRANULARITIES, Granularity, format_moment
from cube.server.measures import CompiledMeasure
from cube.server.plan import Column, Plan
from cube.server.query import And, FilterItem, Or, Query
from cube.server.sql import Statement
from cube.server.warehouse import Row, Version

Json = dict[str, Any]
QUERY_TYPE = "regularQuery"


@dataclass(frozen=True)
class Result:
    """Rows of a plan. ``truncated`` where the limit left rows out."""

    rows: Sequence[Row]
    truncated: bool
    total: int | None


def build_load(query: Query, plan: Plan, result: Result, version: Version, *, multi: bool) -> Json:
    """Body of ``/v1/load``: one result, bare or in the envelope of ``queryType=multi``."""
    normalized = normalize_query(query, plan)
    body = {
        "query": normalized,
        "lastRefreshTime": version.published_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
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
        "data": _DATA[query.response_format](*_tabulate(plan, result.rows)),
    }
    if not multi:
        return body
    pivot = {**normalized, "queryType": QUERY_TYPE}
    return {"queryType": QUERY_TYPE, "results": [body], "pivotQuery": pivot, "slowQuery": False}


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
        "segments": [],
        "filters": [_normalize_filter(item) for item in query.filters],
        "order": [{"id": name, "desc": desc} for name, desc in plan.order],
        "limit": plan.limit,
        "rowLimit": plan.limit,
        "offset": plan.offset,
        "total": plan.total,
        "timezone": query.timezone,
        "responseFormat": query.response_format,
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
            times.append({"dimension": column.member.name, "granularity": column.granularity})
    return times


def _normalize_filter(item: FilterItem) -> Json:
    if isinstance(item, And | Or):
        word = "and" if isinstance(item, And) else "or"
        return {word: [_normalize_filter(inner) for inner in item.items]}
    entry: Json = {"member": item.member, "operator": item.operator}
    if item.values:
        entry["values"] = list(item.values)
    return entry


def _tabulate(plan: Plan, rows: Iterable[Row]) -> tuple[list[str], list[list[Any]]]:
    """Names and formatted values; a time dimension also appears under its bare name."""
    names = [column.name for column in plan.columns] + [m.name for m in plan.measures]
    positions = list(range(len(names)))
    for column in _finest_columns(plan.columns):
        positions.append(plan.columns.index(column))
        names.append(column.member.name)
    formatted = ([_format(value) for value in row] for row in rows)
    return names, [[values[position] for position in positions] for values in formatted]


def _finest_columns(columns: Sequence[Column]) -> list[Column]:
    """For each time dimension with granularities, the finest, unless the raw one is there."""
    raw = {column.name for column in columns}
    finest: dict[str, Column] = {}
    ranked = [column for column in columns if column.granularity is not None]
    for column in sorted(ranked, key=lambda item: GRANULARITIES.index(_granularity(item))):
        if column.member.name not in raw:
            finest.setdefault(column.member.name, column)
    return list(finest.values())


def _granularity(column: Column) -> Granularity:
    return column.granularity or "second"


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


def _rows_as_objects(names: list[str], rows: list[list[Any]]) -> list[Json]:
    return [dict(zip(names, row, strict=True)) for row in rows]


def _rows_compact(names: list[str], rows: list[list[Any]]) -> Json:
    return {"members": names, "dataset": rows}


def _rows_columnar(names: list[str], rows: list[list[Any]]) -> Json:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return {"members": names, "columns": columns}


_DATA: dict[str, Callable[[list[str], list[list[Any]]], Any]] = {
    "default": _rows_as_objects,
    "compact": _rows_compact,
    "columnar": _rows_columnar,
}


def _annotate(plan: Plan) -> Json:
    times: Json = {}
    for column in plan.columns:
        if column.granularity is not None:
            unit = column.granularity
            granularity = {"name": unit, "title": unit, "interval": f"1 {unit}"}
            times[column.name] = {**_annotation(column.member), "granularity": granularity}
            times[column.member.name] = _annotation(column.member)
    return {
        "measures": {member.name: _annotation(member) for member in plan.measures},
        "dimensions": {
            column.name: _annotation(column.member)
            for column in plan.columns
            if column.granularity is None
        },
        "segments": {},
        "timeDimensions": times,
    }


def _annotation(member: Member) -> Json:
    entry: Json = {"title": member.title, "shortTitle": member.title, "type": member.type}
    if member.description is not None:
        entry["description"] = member.description
    if member.format is not None:
        entry["format"] = member.format
    if member.meta:
        entry["meta"] = dict(member.meta)
    if member.kind == "measure":
        entry["drillMembers"] = []
        entry["drillMembersGrouped"] = {"measures": [], "dimensions": []}
    return entry


def _describe_view(view: CompiledView) -> Json:
    definition = view.definition
    title = definition.title or definition.name
    members = list(view.members.values())
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
        "segments": [],
        "hierarchies": [],
        "folders": [],
        "nestedFolders": [],
    }


def _describe_member(member: Member, view_title: str) -> Json:
    source = member.source
    entry = {"name": member.name, **_annotation(member), "isVisible": True, "public": True}
    entry["title"] = f"{view_title} {member.title}"
    entry["aliasMember"] = ".".join(source.id)
    if isinstance(source, CompiledMeasure):
        entry |= {"aggType": source.definition.type, "cumulative": False, "cumulativeTotal": False}
    else:
        entry |= {"suggestFilterValues": True, "primaryKey": False}
    return entry
