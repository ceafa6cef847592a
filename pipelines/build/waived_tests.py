"""Tests that a waiver names: passed only where every row that they found is waived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import duckdb

from bankcrm.errors import FailedBuild
from bankcrm.sql import SOUND_OPTIMIZER, fetch_row, quote_name
from pipelines.build.dbt import TestResult

AUDIT_SCHEMA = "dbt_test__audit"


def check_waived_tests(build_file: Path, waived: Mapping[str, frozenset[date]]) -> list[TestResult]:
    """Look at the rows that waived tests found in a build.

    Args:
        build_file: the build, with what the tests found in schema ``dbt_test__audit``.
        waived: dates that are waived, by test.

    Raises:
        FailedBuild: a test found a row of a date that is not waived.
    """
    if not waived:
        return []
    with duckdb.connect(str(build_file), config=SOUND_OPTIMIZER) as connection:
        problems = [
            problem
            for test, dates in waived.items()
            for problem in _find_problems(connection, test, dates)
        ]
        if problems:
            raise FailedBuild(
                "dbt build failed: " + "; ".join(problems),
                "Correct the data, or waive these dates as well, and run `bankcrm refresh` again.",
            )
        return [_describe(connection, test) for test in waived]


def _find_problems(
    connection: duckdb.DuckDBPyConnection, test: str, dates: frozenset[date]
) -> Iterator[str]:
    """What speaks against publishing although a test is waived for some dates."""
    columns = dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns()"
            " where schema_name = $1 and table_name = $2 order by column_index",
            [AUDIT_SCHEMA, test],
        ).fetchall()
    )
    dated = next((name for name, data_type in columns.items() if data_type == "DATE"), None)
    if not columns:
        yield f"{test} could not be run"
    elif dated is None:
        yield f"{test} finds rows without a date, which no waiver can name"
    else:
        yield from _find_open_dates(connection, test, dated, dates)


def _find_open_dates(
    connection: duckdb.DuckDBPyConnection, test: str, dated: str, dates: frozenset[date]
) -> Iterator[str]:
    rows = connection.execute(
        f"select {quote_name(dated)}, count(*) from {_table(test)} group by all order by all"
    ).fetchall()
    for day, count in rows:
        if day not in dates:
            yield f"{test}: got {count} results of {day}, for which no waiver counts"


def _describe(connection: duckdb.DuckDBPyConnection, test: str) -> TestResult:
    (failures,) = fetch_row(connection, f"select count(*) from {_table(test)}")
    return TestResult(test, "waived" if failures else "pass", failures, 0.0)


def _table(test: str) -> str:
    return f"{AUDIT_SCHEMA}.{quote_name(test)}"
