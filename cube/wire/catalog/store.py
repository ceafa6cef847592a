"""Catalogs as DuckDB databases in memory: one per set of tables that users see.

A catalog holds names, types and descriptions only. It cannot reach files, the network or settings.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv

from cube.wire.catalog.oids import SYSTEM_OIDS
from cube.wire.catalog.tables import Table

FOLDER = Path(__file__).parent
_MOST_CATALOGS = 32
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": "512MB",
    "threads": "1",
    "python_enable_replacements": "false",
}


def _schema(columns: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema(list(columns.items()))


_TABLES = _schema(
    {
        "oid": pa.uint32(),
        "schema_name": pa.string(),
        "table_name": pa.string(),
        "description": pa.string(),
        "columns": pa.int16(),
    }
)
_COLUMNS = _schema(
    {
        "table_oid": pa.uint32(),
        "column_name": pa.string(),
        "type_oid": pa.uint32(),
        "modifier": pa.int32(),
        "position": pa.int16(),
        "description": pa.string(),
    }
)
_SETTINGS = _schema({"name": pa.string(), "setting": pa.string()})


class Catalogs:
    """Catalogs by what they show; the latest few are kept. Safe to share between threads."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._known: dict[Hashable, duckdb.DuckDBPyConnection] = {}

    def open(self, key: Hashable, list_tables: Callable[[], list[Table]]) -> Catalog:
        """A connection to the catalog of a key, filled with the tables when it is new."""
        with self._lock:
            if key not in self._known:
                if len(self._known) >= _MOST_CATALOGS:
                    # Connections that are in use keep their database open.
                    self._known.pop(next(iter(self._known))).close()
                self._known[key] = build_catalog(list_tables(), self._settings)
            return self._known[key].cursor()

    def close(self) -> None:
        """Forget every catalog."""
        with self._lock:
            for connection in self._known.values():
                connection.close()
            self._known.clear()


Catalog = duckdb.DuckDBPyConnection


def build_catalog(tables: list[Table], settings: Mapping[str, str]) -> Catalog:
    """A catalog of some tables and settings, locked against change of its configuration."""
    connection = duckdb.connect(":memory:", config=_CONFIG)
    connection.execute((FOLDER / "tables.sql").read_text(encoding="utf-8"))
    connection.register("type_rows", pa_csv.read_csv(FOLDER / "types.csv"))
    connection.register("table_rows", _list_tables(tables))
    connection.register("column_rows", _list_columns(tables))
    connection.execute((FOLDER / "fill.sql").read_text(encoding="utf-8"))
    for name in ("type_rows", "table_rows", "column_rows"):
        connection.unregister(name)
    rows = [{"name": name, "setting": value} for name, value in sorted(settings.items())]
    connection.register("setting_rows", pa.Table.from_pylist(rows, _SETTINGS))
    connection.execute("insert into pg.pg_settings by name from setting_rows")
    connection.unregister("setting_rows")
    connection.execute((FOLDER / "functions.sql").read_text(encoding="utf-8"))
    connection.execute("set lock_configuration = true")
    return connection


@cache
def catalog_tables() -> dict[str, str]:
    """Schema in the database of each catalog table, by its full name as clients write it."""
    connection = build_catalog([], {})
    rows = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    connection.close()
    schemas = {"pg": "pg_catalog", "info": "information_schema"}
    return {f"{schemas[schema]}.{name}": schema for schema, name in rows}


def _list_tables(tables: list[Table]) -> pa.Table:
    rows: list[dict[str, object]] = [
        {"oid": oid, "schema_name": "pg_catalog", "table_name": name, "columns": 0}
        for name, oid in SYSTEM_OIDS.items()
    ]
    rows += [
        {
            "oid": table.oid,
            "schema_name": table.schema,
            "table_name": table.name,
            "description": table.description,
            "columns": len(table.columns),
        }
        for table in tables
    ]
    return pa.Table.from_pylist(rows, _TABLES)


def _list_columns(tables: list[Table]) -> pa.Table:
    rows = [
        {
            "table_oid": table.oid,
            "column_name": column.name,
            "type_oid": column.type.oid,
            "modifier": column.type.modifier,
            "position": position,
            "description": column.description,
        }
        for table in tables
        for position, column in enumerate(table.columns, start=1)
    ]
    return pa.Table.from_pylist(rows, _COLUMNS)
