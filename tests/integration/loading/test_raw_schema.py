"""The raw tables follow their contracts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from bankcrm.errors import ContractError
from bankcrm.settings import Settings
from pipelines.contracts.contract import Column, get_contract
from pipelines.loading.raw import open_raw
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


def test_a_raw_database_of_an_earlier_release_keeps_its_loads_under_the_new_names(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path)
    with open_raw(settings, with_vault=False) as raw:
        raw.execute(
            "insert into ops.load (load_id, business_date, status, earliest_affected_date)"
            " values (1, date '2024-01-31', 'loaded', date '2024-01-15')"
        )
        raw.execute("insert into ops.complete_through values (date '2024-01-31')")
        raw.execute("alter table ops.load rename column earliest_affected_date to touches_from")
        raw.execute("alter table ops.complete_through rename to horizon")
        raw.execute(
            "create or replace view ops.whole_load as select * from ops.active_load"
            " where business_date <= (select max(business_date) from ops.horizon)"
        )
    for _ in range(2):
        with open_raw(settings, with_vault=False) as raw:
            loads = raw.execute("select load_id, earliest_affected_date from ops.whole_load")
            assert loads.fetchall() == [(1, date(2024, 1, 15))]
            assert raw.execute("from ops.stale_feed").fetchall() == []
