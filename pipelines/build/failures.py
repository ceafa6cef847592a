"""What failed in a run of dbt, in words: models with their error, tests with the rows they found.

Of the identities of the bank (``tests/dbt``) the first rows are reported, because they say where to
look and which date a waiver would name. Other tests look at single columns, whose values may be
personal: only the number of rows is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from bankcrm.sql import SOUND_OPTIMIZER, quote_text
from pipelines.build.project import identity_tests

MOST_ROWS = 3
Row = Mapping[str, object]


@dataclass(frozen=True)
class Failure:
    """A model or test that failed; ``message`` is dbt's, ``rows`` the first that a test found."""

    name: str
    message: str
    count: int | None = None
    rows: tuple[Row, ...] = ()

    @property
    def first_date(self) -> date | None:
        """Business date of the first row."""
        values = [value for row in self.rows for value in row.values()]
        return next((value for value in values if isinstance(value, date)), None)

    def describe(self) -> str:
        """What failed as a sentence."""
        if self.count is None:
            return f"{self.name}: {self.message}"
        found = f"{self.name} found {self.count:,} row{'s' if self.count != 1 else ''}"
        shown = ["; ".join(map(_describe_row, self.rows))] if self.rows else []
        more = self.count - len(self.rows)
        shown += [f"and {more:,} more"] if shown and more > 0 else []
        return ": ".join([found, "; ".join(shown)]) if shown else found


def _describe_row(row: Row) -> str:
    return ", ".join(f"{name} {'none' if value is None else value}" for name, value in row.items())


def find_failures(
    results: Sequence[dict[str, Any]], build_file: Path, raw_file: Path
) -> list[Failure]:
    """What failed, as ``run_results.json`` has it.

    Args:
        results: entries of that file.
        build_file: file that was built, and that no process holds any more.
        raw_file: raw database that the build reads.
    """
    return [
        _read_failure(result, build_file, raw_file)
        for result in results
        if result["status"] in {"error", "fail"}
    ]


def _read_failure(result: dict[str, Any], build_file: Path, raw_file: Path) -> Failure:
    name, message = result["unique_id"].split(".")[2], " ".join((result["message"] or "").split())
    if result["status"] != "fail":
        return Failure(name, message)
    query = result.get("compiled_code")
    rows = _read_rows(query, build_file, raw_file) if query and name in identity_tests() else ()
    return Failure(name, message, result["failures"], rows)


def _read_rows(query: str, build_file: Path, raw_file: Path) -> tuple[Row, ...]:
    """First rows of a test; none where the build cannot be read any more: the count is known."""
    try:
        with duckdb.connect(str(build_file), read_only=True, config=SOUND_OPTIMIZER) as connection:
            connection.execute(f"attach {quote_text(str(raw_file))} as raw (read_only)")
            found = connection.execute(f"from (\n{query}\n) order by all limit {MOST_ROWS}")
            names = [column[0] for column in found.description or []]
            return tuple(dict(zip(names, row, strict=True)) for row in found.fetchall())
    except duckdb.Error:
        return ()
