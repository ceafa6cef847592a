"""Analyses and the rows they answer with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from bankcrm.errors import BankcrmError
from bankcrm.settings import PROJECT_FOLDER

ANALYSES_FOLDER = PROJECT_FOLDER / "analyses"
READING = "How to read: "


@dataclass(frozen=True)
class Answer:
    """Rows of one analysis, and what its comment says about them."""

    analysis: str
    title: str
    how_to_read: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def column(self, name: str) -> list[Any]:
        """Values of a column; ValueError when there is none of that name."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def keep_latest(self, name: str) -> Answer:
        """The answer with the rows alone that have the highest value of a column."""
        values = self.column(name)
        kept = [value for value in values if value is not None]
        if not kept:
            return self
        rows = zip(self.rows, values, strict=True)
        return replace(self, rows=tuple(row for row, value in rows if value == max(kept)))

    def drop_columns(self, names: Collection[str]) -> Answer:
        """The answer without some columns."""
        places = [place for place, name in enumerate(self.columns) if name not in names]
        return replace(
            self,
            columns=tuple(self.columns[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
        )


def ask(
    connection: duckdb.DuckDBPyConnection, analysis: str, folder: Path = ANALYSES_FOLDER
) -> Answer:
    """Run an analysis on a published version.

    Raises:
        BankcrmError: there is no such analysis, or it does not run.
    """
    path = folder / f"{analysis}.sql"
    if not path.is_file():
        raise BankcrmError(f"There is no analysis {path.name}", "Correct the sections file.")
    query = path.read_text(encoding="utf-8")
    title, how_to_read = read_comment(query)
    try:
        result = connection.execute(query)
    except duckdb.Error as error:
        raise BankcrmError(f"{path.name}: {error}", "Correct the analysis.") from error
    columns = tuple(str(column[0]) for column in result.description or [])
    return Answer(analysis, title, how_to_read, columns, tuple(result.fetchall()))


def read_comment(query: str) -> tuple[str, str]:
    """Title and explanation in the comment that a query begins with."""
    lines = []
    for line in query.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    title, *others = lines or [""]
    return title, " ".join(others).removeprefix(READING)
