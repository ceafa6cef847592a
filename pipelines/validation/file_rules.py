"""Defects of a whole file, although each of its rows might pass, or go into quarantine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import duckdb

from bankcrm.sql import fetch_row, quote_date, quote_name
from pipelines.contracts.contract import Contract
from pipelines.validation.dispositions import is_swapped_date_sql
from pipelines.validation.figures import FileFigures
from pipelines.validation.row_rules import SECOND_HEADER

FEWEST_ROWS = 10
"""From this many rows on, what all rows have in common is a defect of the file."""


def find_file_defects(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    business_date: date,
    figures: FileFigures,
    broken_rules: Mapping[str, int],
) -> list[str]:
    """Problems of a file as a whole, each as a sentence.

    Args:
        connection: it holds the tables ``checked_row`` and ``disposition`` of the file.
        contract: feed of the file.
        business_date: business date of the file.
        figures: figures of its rows.
        broken_rules: number of rows that break each rule, by its label.
    """
    rows = figures.rows.delivered
    problems = []
    if broken_rules.get(f"row: {SECOND_HEADER}"):
        problems.append("contains its header line again: two files were joined")
    if rows >= FEWEST_ROWS:
        problems += _find_common_defects(rows, broken_rules)
        problems += _find_swapped_dates(connection, contract, rows, broken_rules)
        earliest = figures.earliest_effective_date
        problems += _find_other_date(connection, contract, business_date, earliest)
    return problems


def _find_common_defects(rows: int, broken_rules: Mapping[str, int]) -> Iterator[str]:
    """Rules that every row breaks."""
    for rule, count in broken_rules.items():
        if count == rows:
            yield f"every row breaks '{rule}': the extract writes this column in another way"


def _find_swapped_dates(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    rows: int,
    broken_rules: Mapping[str, int],
) -> Iterator[str]:
    """Date columns written year, day, month throughout: the days up to the 12th look right."""
    for column in contract.columns:
        count = broken_rules.get(f"{column.name}: bad_date", 0)
        if 0 < count < rows and _is_true(connection, is_swapped_date_sql(column.name)):
            yield f"{column.name} is written year, day, month throughout; write year, month, day"


def _find_other_date(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    business_date: date,
    earliest: date | None,
) -> Iterator[str]:
    """Entries none of which is of the business date: the file of another one under its name."""
    effective = contract.effective
    if effective is None or not effective.on_business_date:
        return
    if earliest is None or earliest >= business_date:
        return
    name = effective.from_column
    is_dated = f"{quote_name(name)} = {quote_date(business_date)}"
    if not _is_true(connection, f"select exists (from checked_row where {is_dated})"):
        yield (
            f"no row has {name} {business_date}: it is the file of another business date, or day"
            " and month are swapped"
        )


def _is_true(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    return bool(fetch_row(connection, query)[0])
