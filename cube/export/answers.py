"""The rows of the tables, asked of the cubes with the rights of whoever exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from cube.compiler.compiled import Member
from cube.engine.interrupt import Interrupter
from cube.errors import suggest
from cube.export.tables import InvalidExport, Language, Table
from cube.query.query import parse_batch
from cube.security.access import Access
from cube.security.auth import SecurityContext
from cube.server.formats import ARROW_TYPE
from cube.server.request import Request
from cube.server.service import Service

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
class Answer:
    """A table with its rows; ``left_out`` are members that the rights do not reach."""

    table: Table
    columns: tuple[Column, ...]
    rows: pa.Table
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Answers:
    """Tables of one version; ``unseen`` are those of which the rights reach no measure."""

    version: str
    business_date: date
    answers: tuple[Answer, ...]
    unseen: tuple[Table, ...]


def find_unknown(table: Table, access: Access) -> None:
    """Refuse a table of somebody's own that names what does not exist for its user.

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


def ask_tables(
    service: Service,
    context: SecurityContext,
    tables: Sequence[Table],
    period: tuple[date, date],
    language: Language,
) -> Answers:
    """Every table, all from one version. Members out of reach are left out, and told.

    Raises:
        InvalidExport: a table has more rows than a sheet.
        BankcrmError: a query fails, or nothing is published.
    """
    access = service.control.grant(context)
    reached = [_reach(table, access) for table in tables]
    seen = [reach for reach in reached if reach.table.measures or not reach.left_out]
    if not seen:
        raise InvalidExport(
            "these rights reach no table", "Take another group; `bankcrm token --help` names them."
        )
    while True:
        asked = [_ask(service, context, reach, period, language) for reach in seen]
        versions = {version for version, _ in asked}
        # Another version may be published between two questions: then all are asked again.
        if len(versions) == 1:
            break
    ((version, business_date),) = versions
    answers = tuple(answer for _, answer in asked)
    names = {answer.table.name for answer in answers}
    unseen = tuple(table for table in tables if table.name not in names)
    return Answers(version, business_date, answers, unseen)


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


def _ask(
    service: Service,
    context: SecurityContext,
    reach: _Reach,
    period: tuple[date, date],
    language: Language,
) -> tuple[tuple[str, date], Answer]:
    """The rows of a table as the API streams them, and the version they are of."""
    query = parse_batch(reach.table.query(period))
    request = Request(query, multi=False, context=context)
    with ExitStack() as pins:
        prepared = service.prepare(request, ARROW_TYPE, pins)
        version = prepared.version.name.removesuffix(".duckdb"), prepared.version.business_date
        with closing(service.stream(prepared, Interrupter()).parts) as parts:
            rows = pa.ipc.open_stream(b"".join(parts)).read_all()
    if rows.num_rows > MOST_ROWS:
        raise InvalidExport(
            f"the table '{reach.table.title}' has {rows.num_rows:,} rows; a sheet holds "
            f"{MOST_ROWS:,}",
            "Take a shorter period (--from, --to), or fewer dimensions.",
        )
    columns = tuple(_describe_columns(reach, rows.schema, language))
    return version, Answer(reach.table, columns, rows, reach.left_out)


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
    if member.kind == "dimension" and pa.types.is_integer(kind):
        return "integer"
    known = {"currency": "amount", "percent": "ratio"}.get(member.format or "")
    return known or ("count" if pa.types.is_integer(kind) else "number")


_TIMES: dict[Language, dict[str, str]] = {
    "en": {"month": "Month", "quarter": "Quarter", "year": "Year", "week": "Week", "day": "Day"},
    "zh": {"month": "月份", "quarter": "季度", "year": "年份", "week": "周", "day": "日期"},
}
