"""The raw tables follow their contracts."""

from __future__ import annotations

import duckdb
import pytest

from bankcrm.errors import ContractError
from pipelines.contracts.contract import Column, get_contract
from pipelines.loading.raw_schema import create_raw_schema

CONTRACT = get_contract("teller.teller")


@pytest.fixture
def database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    create_raw_schema(connection, [CONTRACT])
    return connection


def test_a_column_that_a_contract_gained_is_added_and_empty_in_old_rows(
    database: duckdb.DuckDBPyConnection,
) -> None:
    database.execute("insert into teller.teller values ('T1', 'Ann', 'B1', 1, 2, '2024-01-01')")
    grade = Column(name="grade", type="share", description="", needed_by=(), nullable=True)
    wider = CONTRACT.model_copy(update={"columns": (*CONTRACT.columns, grade)})
    create_raw_schema(database, [wider])
    create_raw_schema(database, [wider])
    assert database.execute("select teller_id, grade from teller.teller").fetchall() == [
        ("T1", None)
    ]
    assert database.execute("describe select grade from teller.teller").fetchall()[0][1] == (
        "DECIMAL(9,6)"
    )


def test_a_changed_type_is_refused(database: duckdb.DuckDBPyConnection) -> None:
    first, *others = CONTRACT.columns
    retyped = first.model_copy(update={"type": "integer"})
    changed = CONTRACT.model_copy(update={"columns": (retyped, *others)})
    with pytest.raises(ContractError, match="teller_id is stored as varchar"):
        create_raw_schema(database, [changed])
