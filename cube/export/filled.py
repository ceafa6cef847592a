"""The tables with their rows, read from the cubes with the rights of the user who exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from cube.compiler.compiled import Member
from cube.engine.arrow import cast_batch, plain_schema
from cube.engine.engine import Engine
from cube.engine.interrupt import Interrupter
from cube.engine.warehouse import Version
from cube.errors import suggest
from cube.export.definitions import InvalidExport, Language, Table
from cube.query.query import parse_query
from cube.security.access import Access
from cube.security.auth import SecurityContext

TIMEOUT_SECONDS = 600.0
MOST_ROWS = 1_048_000
"""Rows of a sheet, with room for the lines above the table."""


@dataclass(frozen=True)
class Column:
    """A column of a table. ``kind`` says how its values are written: ``text``, ``flag``,
    ``amount``, ``ratio``, ``number``, ``count``, ``integer`` (no quantity, such as a year),
    ``month``, ``day`` or ``time``."""

    name: str
    title: str
    kind: str


@dataclass(frozen=True)
class FilledTable:
    """A table with its rows; ``left_out`` are members that the rights do not reach."""

    table: Table
    columns: tuple[Column, ...]
    rows: pa.Table
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class FilledTables:
    """Tables of one version; ``unseen`` are those of which the rights reach no measure."""

    version: str
    business_date: date
    tables: tuple[FilledTable, ...]
    unseen: tuple[Table, ...]


def find_unknown(table: Table, access: Access) -> None:
    """Refuse a table of the user's own that names what does not exist for its user.

    Raises:
        InvalidExport: naming the view or the members, and what they may be meant for.
    """
    view = access.views.get(table.view)
    if view is None:
        known = sorted(access.views)
        raise InvalidExport(
            f"there is no view '{table.view}'{suggest(table.view, known)}",
            f"The views are {', '.join(known)}.",
        )
    known = [name.partition(".")[2] for name in view.members]
    asked = [*table.dimensions, *table.measures, *table.segments, *(f[0] for f in table.filters)]
    unknown = [name for name in asked if name.partition(".")[0] not in known]
    if unknown or not asked:
        named = ", ".join(f"'{name}'{suggest(name, known)}" for name in unknown)
        raise InvalidExport(
            f"the view '{table.view}' has no {named}" if unknown else "the table has no columns",
            f"`bankcrm docs` describes the members of {table.view}.",
        )


def fill_tables(
    engine: Engine,
    context: SecurityContext,
    tables: Sequence[Table],
    period: tuple[date, date],
    language: Language,
) -> FilledTables:
    """Every table, all from one version. Members out of reach are left out, and named.

    Raises:
        InvalidExport: a table has more rows than a sheet.
        BankcrmError: a query fails, or nothing is published.
    """
    access = engine.control.grant(context)
    reached = [_reach(table, access) for table in tables]
    seen = [reach for reach in reached if reach.table.measures or not reach.left_out]
    if not seen:
        raise InvalidExport(
            "these rights reach no table", "Take another group; `bankcrm token --help` names them."
        )
    with engine.warehouse.pin() as version:
        filled = tuple(
            FilledTable(
                reach.table,
                tuple(_describe_columns(reach, rows.schema, language)),
                rows,
                reach.left_out,
            )
            for reach in seen
            for rows in [_read_rows(engine, access, version, reach.table, period)]
        )
        name, business_date = version.number, version.business_date
    names = {table.table.name for table in filled}
    unseen = tuple(table for table in tables if table.name not in names)
    return FilledTables(name, business_date, filled, unseen)


@dataclass(frozen=True)
class _Reach:
    """A table as far as the rights go, and what they leave out."""

    table: Table
    members: Mapping[str, Member]
    left_out: tuple[str, ...]


def _reach(table: Table, access: Access) -> _Reach:
    view = access.views.get(table.view)
    members = {} if view is None else view.members

    def is_seen(name: str) -> bool:
        return f"{table.view}.{name.partition('.')[0]}" in members

    measures = tuple(filter(is_seen, table.measures))
    dimensions = tuple(filter(is_seen, table.dimensions))
    left_out = tuple(name for name in (*table.dimensions, *table.measures) if not is_seen(name))
    seen = table.model_copy(update={"measures": measures, "dimensions": dimensions})
    return _Reach(seen, members, left_out)


def _read_rows(
    engine: Engine, access: Access, version: Version, table: Table, period: tuple[date, date]
) -> pa.Table:
    """The rows of a table in the types that the API streams."""
    query = parse_query(table.query(period)).without_default_limit()
    statement = engine.prepare(query, version, access).write()
    with closing(version.stream(statement, engine.timeout_seconds, Interrupter())) as batches:
        first = next(batches)
        schema = plain_schema(first.schema)
        rows = pa.Table.from_batches(
            [cast_batch(first, schema), *(cast_batch(batch, schema) for batch in batches)], schema
        )
    if rows.num_rows > MOST_ROWS:
        raise InvalidExport(
            f"the table '{table.title}' has {rows.num_rows:,} rows; a sheet holds {MOST_ROWS:,}",
            "Take a shorter period (--from, --to), or fewer dimensions.",
        )
    return rows


def _describe_columns(reach: _Reach, schema: pa.Schema, language: Language) -> Iterator[Column]:
    """Title and kind of each column of an answer; no title comes twice."""
    titles: set[str] = set()
    for field in schema:
        view, name, *granularity = field.name.split(".")
        member = reach.members[f"{view}.{name}"]
        title = (
            str(member.meta.get("title_zh") or member.title) if language == "zh" else member.title
        )
        if granularity:
            title = _TIMES[language].get(granularity[0], f"{title} ({granularity[0]})")
        if title.casefold() in titles:
            title = f"{title} ({name})"
        titles.add(title.casefold())
        yield Column(field.name, title, _choose_kind(member, field.type, granularity))


def _choose_kind(member: Member, kind: pa.DataType, granularity: list[str]) -> str:
    if pa.types.is_timestamp(kind):
        if granularity:
            return "month" if granularity[0] == "month" else "day"
        return "day" if member.meta.get("precision") == "day" else "time"
    if pa.types.is_boolean(kind):
        return "flag"
    # A key is no quantity: a sheet would round it after 15 digits.
    if pa.types.is_string(kind) or member.name.endswith("_key"):
        return "text"
    # DuckDB adds up integers in 128 bits, which Arrow knows as decimals without decimals.
    is_whole = pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0)
    if member.kind == "dimension" and is_whole:
        return "integer"
    known = {"currency": "amount", "percent": "ratio"}.get(member.format or "")
    return known or ("count" if is_whole else "number")


_TIMES: dict[Language, dict[str, str]] = {
    "en": {"month": "Month", "quarter": "Quarter", "year": "Year", "week": "Week", "day": "Day"},
    "zh": {"month": "月份", "quarter": "季度", "year": "年份", "week": "周", "day": "日期"},
}
