"""Tests that a waiver names: run apart, and passed only where every row they find is waived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import duckdb

from bankcrm.errors import FailedBuild
from bankcrm.settings import Settings
from bankcrm.sql import SOUND_OPTIMIZER, quote_name
from pipelines.build.dbt import TestResult, run_tests_apart

AUDIT_SCHEMA = "dbt_test__audit"


def judge_waived_tests(
    settings: Settings,
    build_file: Path,
    refresh_from: date,
    waived: Mapping[str, frozenset[date]],
) -> list[TestResult]:
    """Run tests that are waived for some dates on a build, and look at the rows they find.

    Raises:
        FailedBuild: a test found a row of a date that is not waived.
    """
    if not waived:
        return []
    run_tests_apart(settings, build_file, refresh_from, sorted(waived))
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
    row = connection.execute(f"select count(*) from {_table(test)}").fetchone()
    failures = row[0] if row else 0
    return TestResult(test, "waived" if failures else "pass", failures, 0.0)


def _table(test: str) -> str:
    return f"{AUDIT_SCHEMA}.{quote_name(test)}"
