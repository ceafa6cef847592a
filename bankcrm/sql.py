"""SQL of the project: the optimizer it runs under, the quoting of names and values, single rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import duckdb

STORAGE_VERSION = "v1.5.0"
"""With this storage version a stray write-ahead log is an error, not replayed in silence."""


SOUND_OPTIMIZER: dict[str, str | bool | int | float | list[str]] = {
    "disabled_optimizers": "common_subplan"
}
"""Options of every connection that answers with figures: DuckDB 1.5.5 merges joins that only look
alike and then answers with nulls or wrong sums; tests/cube/test_traps.py has the case."""


def quote_name(name: str) -> str:
    """A column or schema name as an identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def quote_names(names: Iterable[str], prefix: str = "") -> str:
    """Names as a comma-separated list of identifiers, each after a prefix such as ``v.``."""
    return ", ".join(prefix + quote_name(name) for name in names)


def quote_date(day: date) -> str:
    """A date as a literal, for instance ``date '2024-01-31'``."""
    return f"date '{day}'"


def quote_text(value: str) -> str:
    """A value as a string literal."""
    escaped = value.replace("'", "''")
    return f"'{escaped}'"


def fetch_row(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Iterable[object] = ()
) -> tuple[Any, ...]:
    """The one row of a query that always yields one, such as an aggregate.

    Raises:
        LookupError: the query yields none.
    """
    row: tuple[Any, ...] | None = connection.execute(query, list(parameters)).fetchone()
    if row is None:
        raise LookupError(f"No row from: {query}")
    return row
