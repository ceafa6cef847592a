"""Transactions: all of a block or nothing, and a connection that can be used afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from bankcrm.settings import Settings
from bankcrm.transactions import transaction
from pipelines.checks.findings import Finding, choose_loads, record_findings
from pipelines.contracts.contract import load_contracts
from pipelines.loading.complete_through import set_complete_through
from pipelines.loading.raw import open_raw

DAY = date(2024, 1, 31)


@pytest.fixture
def table() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create table entry (number integer check (number > 0))")
        yield connection


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_raw(Settings(home=tmp_path), with_vault=False) as connection:
        yield connection


def read(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query).fetchall()


def test_a_block_is_kept_when_it_ends(table: duckdb.DuckDBPyConnection) -> None:
    with transaction(table):
        table.execute("insert into entry values (1)")
    assert read(table, "from entry") == [(1,)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_of_a_block_that_raises_is_kept(
    table: duckdb.DuckDBPyConnection, error: type[BaseException]
) -> None:
    with pytest.raises(error), transaction(table):
        table.execute("insert into entry values (1)")
        raise error
    assert read(table, "from entry") == []
    with transaction(table):
        table.execute("insert into entry values (2)")
    assert read(table, "from entry") == [(2,)]


def test_a_failed_statement_leaves_a_usable_connection(table: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.ConstraintException), transaction(table):
        table.execute("insert into entry values (1)")
        table.execute("insert into entry values (-1)")
    assert read(table, "from entry") == []


def test_a_refused_commit_is_the_error_that_is_raised() -> None:
    with duckdb.connect() as connection, connection.cursor() as other:
        connection.execute("create table entry (number integer primary key, writer varchar)")
        refused = pytest.raises(duckdb.TransactionException, match="Failed to commit")
        with refused, transaction(connection):
            connection.execute("insert into entry values (1, 'refused')")
            other.execute("insert into entry values (1, 'first')")
        assert read(connection, "select writer from entry") == [("first",)]


def test_findings_stay_when_their_successors_cannot_be_written(
    raw: duckdb.DuckDBPyConnection,
) -> None:
    known = Finding("volume:branch.account", 1, DAY, "too few")
    choose_loads(raw, ())
    record_findings(raw, [known])
    with pytest.raises(duckdb.ConversionException):
        record_findings(raw, [Finding("volume:branch.account", "x", DAY, "bad")])  # type: ignore[arg-type]
    assert read(raw, "select load_id, message from ops.finding") == [(1, "too few")]


def test_the_complete_through_date_stays_when_its_successor_cannot_be_written(
    raw: duckdb.DuckDBPyConnection,
) -> None:
    for number, contract in enumerate(load_contracts().values()):
        raw.execute(
            "insert into ops.load (load_id, source, feed, business_date, status)"
            " values ($1, $2, $3, $4, 'loaded')",
            [number, contract.source, contract.feed, DAY],
        )
    raw.execute("drop table ops.complete_through")
    raw.execute(
        "create table ops.complete_through (business_date date check (business_date is null))"
    )
    raw.execute("insert into ops.complete_through values (null)")
    with pytest.raises(duckdb.ConstraintException):
        set_complete_through(raw)
    assert read(raw, "from ops.complete_through") == [(None,)]
