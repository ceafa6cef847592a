"""Rows as a table on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table


def print_query(
    console: Console, connection: duckdb.DuckDBPyConnection, query: str, title: str = ""
) -> None:
    """Print the rows of a query as a table; numbers right-aligned, money with thousands."""
    result = connection.execute(query)
    columns = [str(column[0]) for column in result.description or []]
    print_rows(console, columns, result.fetchall(), title)


def print_rows(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = ""
) -> None:
    """Print rows as a table. Texts may wrap; numbers and dates never do, and are never cut."""
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for index, name in enumerate(columns):
        values = [row[index] for row in rows]
        numeric = any(isinstance(value, int | Decimal | float) for value in values)
        whole = index == 0 or numeric or any(isinstance(value, date) for value in values)
        header = name.replace("_", " ")
        longest = max((len(format_value(value)) for value in values), default=0)
        table.add_column(
            header,
            justify="right" if numeric else "left",
            min_width=max(longest if whole else min(longest, 12), *map(len, header.split())),
        )
    for row in rows:
        table.add_row(*(format_value(value) for value in row))
    needed = Measurement.get(console, console.options.update(width=1000), table).minimum
    console.print()
    console.print(table, width=max(console.width, needed), crop=False, no_wrap=True)


def format_value(value: object) -> str:
    """A value as people read it: an empty cell for null, thousands separated."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    return escape(str(value))
