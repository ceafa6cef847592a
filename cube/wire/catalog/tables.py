"""What a user sees as tables: the views of the cubes, and for administrators the marts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from cube.compiler.compiled import CompiledDimension, CompiledView, Member
from cube.compiler.measures import CompiledMeasure
from cube.security.access import ADMINISTRATORS, AccessControl
from cube.security.auth import SecurityContext
from cube.wire.codec.types import (
    BOOL,
    DATE,
    FLOAT8,
    INT8,
    NUMERIC,
    TEXT,
    TIMESTAMP,
    WireType,
    from_duckdb,
)

CUBES, MARTS = "cubes", "marts"
_FIRST_CUBE, _FIRST_MART = 30_000, 40_000
_ORDER = ("dimension", "measure", "segment")
_TYPES = {"string": TEXT, "number": NUMERIC, "boolean": BOOL, "time": TIMESTAMP}


@dataclass(frozen=True)
class TableColumn:
    """A column as the catalog describes it."""

    name: str
    type: WireType
    description: str | None


@dataclass(frozen=True)
class Table:
    """A table as the catalog describes it."""

    oid: int
    schema: str
    name: str
    description: str | None
    columns: tuple[TableColumn, ...]


def list_members(view: CompiledView) -> list[Member]:
    """Members of a view in the order of their columns: dimensions, measures, segments."""
    return sorted(view.members.values(), key=lambda member: _ORDER.index(member.kind))


def may_read_marts(control: AccessControl, context: SecurityContext) -> bool:
    """Whether a user reads tables beside the cubes: an administrator who has no other group.

    The marts know no row rules and no masks, and a mask of another group holds against this one.
    """
    return control.groups.intersection(context.get("groups", ())) == {ADMINISTRATORS}


def show_views(names: Iterable[str], views: Iterable[CompiledView]) -> list[Table]:
    """Tables of the views that a user may see; ``names`` of all views give lasting oids."""
    oids = {name: _FIRST_CUBE + place for place, name in enumerate(sorted(names))}
    return [
        Table(
            oids[view.definition.name],
            CUBES,
            view.definition.name,
            _describe(view.definition.title, view.definition.description),
            tuple(_show_member(member) for member in list_members(view)),
        )
        for view in views
        if view.definition.public
    ]


def show_marts(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """Tables of the marts of a version."""
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() where schema_name = ? "
        "union all select view_name, comment from duckdb_views() where schema_name = ? order by 1",
        [MARTS, MARTS],
    ).fetchall()
    columns = connection.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns() "
        "where schema_name = ? order by table_name, column_index",
        [MARTS],
    ).fetchall()
    found: dict[str, list[TableColumn]] = {name: [] for name, _ in tables}
    for table, name, kind, comment in columns:
        found[table].append(TableColumn(name, from_duckdb(kind), comment))
    return [
        Table(_FIRST_MART + place, MARTS, name, comment, tuple(found[name]))
        for place, (name, comment) in enumerate(tables)
    ]


def _show_member(member: Member) -> TableColumn:
    name = member.name.split(".", maxsplit=1)[1]
    kind = _TYPES[member.type]
    hint = ""
    if isinstance(member.source, CompiledMeasure):
        kind = type_of_measure(member.source.definition.type)
        hint = f"Measure: write MEASURE({name})."
    elif member.kind == "segment":
        hint = "Segment: rows for which it holds."
    elif isinstance(member.source, CompiledDimension) and member.source.is_day:
        kind = DATE
    return TableColumn(name, kind, _describe(member.title, member.description, hint))


def type_of_measure(kind: str) -> WireType:
    """Type of the column of a measure of Cube's ``kind``."""
    if kind.startswith("count") or kind == "rank":
        return INT8
    return FLOAT8 if kind in ("avg", "number") else NUMERIC


def _describe(*texts: str | None) -> str | None:
    """Title, description and hint as one text, each once."""
    return ". ".join(text.removesuffix(".") for text in dict.fromkeys(texts) if text) or None
