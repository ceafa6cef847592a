"""What a version says of its rollups: table ``meta.rollup``, written by the refresh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Literal

import duckdb

_COLUMNS = (
    "name varchar, table_name varchar, digest varchar, partitions bigint, rows bigint, "
    "fact_rows bigint, state varchar, reason varchar"
)

REFUSED_REMEDY = (
    "Correct the definition of the rollup or the model; the next refresh builds it again. Until"
    " then its fact answers in its place: the figures are right, only slower. `bankcrm rollups`"
    " shows how it stands."
)


@dataclass(frozen=True)
class RollupState:
    """A rollup of a version; a refused one answers no query, and ``reason`` says why.

    ``digest`` is that of the definition it was built from, ``fact_rows`` the rows of its fact.
    """

    name: str
    table: str
    digest: str
    partitions: int
    rows: int
    fact_rows: int
    state: Literal["ready", "refused"]
    reason: str | None = None


States = Mapping[str, RollupState]


def describe_refused(states: Iterable[RollupState]) -> str:
    """The refused among the rollups as a sentence; empty where none is."""
    refused = [f"{one.name}: {one.reason}" for one in states if one.state == "refused"]
    return f"Refused rollups: {'; '.join(refused)}" if refused else ""


def read_rollups(connection: duckdb.DuckDBPyConnection) -> dict[str, RollupState]:
    """Rollups of a version by name; none where only dbt built it."""
    found = connection.execute(
        "select 1 from duckdb_tables() where (schema_name, table_name) = ('meta', 'rollup') "
        "and database_name = current_database()"
    ).fetchone()
    if found is None:
        return {}
    rows = connection.execute("from meta.rollup order by name").fetchall()
    return {row[0]: RollupState(*row) for row in rows}


def record_rollups(connection: duckdb.DuckDBPyConnection, states: Iterable[RollupState]) -> None:
    """Write down the rollups of a version, instead of those of the version before."""
    connection.execute("create schema if not exists meta")
    connection.execute(f"create or replace table meta.rollup ({_COLUMNS})")
    rows = [astuple(state) for state in states]
    if rows:
        connection.executemany("insert into meta.rollup values (?, ?, ?, ?, ?, ?, ?, ?)", rows)
