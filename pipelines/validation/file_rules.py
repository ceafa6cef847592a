"""Faults of a whole file, although each of its rows might pass, or go into quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb

from bankcrm.sql import quote_name
from pipelines.contracts.contract import Contract
from pipelines.validation import row_rules as verdict

FEWEST_ROWS_TO_CONDEMN = 10
"""From this many rows on, what all rows have in common is a fault of the file."""


@dataclass(frozen=True)
class Night:
    """What is known of the rows of a file; ``broken_rules`` counts the rows that break each."""

    contract: Contract
    business_date: date
    rows: int
    broken_rules: dict[str, int]
    earliest_effect: date | None


def condemn_file(connection: duckdb.DuckDBPyConnection, night: Night) -> list[str]:
    """Problems of the file that ``verdict`` and ``fate`` of the connection hold."""
    problems = []
    if night.broken_rules.get(f"row: {verdict.SECOND_HEADER}"):
        problems.append("contains its header line again: two files were joined")
    if night.rows >= FEWEST_ROWS_TO_CONDEMN:
        problems += _find_common_faults(night)
        problems += _find_swapped_dates(connection, night)
        problems += _find_other_night(connection, night)
    return problems


def _find_common_faults(night: Night) -> Iterator[str]:
    """Rules that every row breaks."""
    for rule, count in night.broken_rules.items():
        if count == night.rows:
            yield f"every row breaks '{rule}': the extract writes this column in another way"


def _find_swapped_dates(connection: duckdb.DuckDBPyConnection, night: Night) -> Iterator[str]:
    """Date columns written year, day, month throughout: the days up to the 12th look right."""
    for column in night.contract.columns:
        count = night.broken_rules.get(f"{column.name}: bad_date", 0)
        if 0 < count < night.rows and _is_true(
            connection, verdict.is_swapped_date_sql(column.name)
        ):
            yield f"{column.name} is written year, day, month throughout; write year, month, day"


def _find_other_night(connection: duckdb.DuckDBPyConnection, night: Night) -> Iterator[str]:
    """Entries none of which is of the business date: another night's file under this one's name."""
    effective = night.contract.effective
    if effective is None or not effective.on_business_date:
        return
    if night.earliest_effect is None or night.earliest_effect >= night.business_date:
        return
    name = effective.from_column
    day = f"date '{night.business_date}'"
    if not _is_true(connection, f"select exists (from verdict where {quote_name(name)} = {day})"):
        yield (
            f"no row has {name} {night.business_date}: it is the file of another night, or day and"
            " month are swapped"
        )


def _is_true(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    row = connection.execute(query).fetchone()
    return row is not None and bool(row[0])
