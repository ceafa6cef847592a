"""Rows entered into a raw database by hand, personal values into its vault as the loader does."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from bankcrm.sql import quote_name
from pipelines.contracts.contract import get_contract
from pipelines.contracts.stored_columns import stored_names
from pipelines.privacy.vault_entries import tokenise_rows
from pipelines.validation.dispositions import accepted_rows_sql


def insert_row(
    connection: duckdb.DuckDBPyConnection, feed: str, load_id: int, night: date, **values: object
) -> None:
    """One row of a feed; columns that are not named are null."""
    one = pa.table({name: [value] for name, value in values.items()})
    insert_rows(connection, feed, load_id, night, one)


def insert_rows(
    connection: duckdb.DuckDBPyConnection, feed: str, load_id: int, night: date, rows: pa.Table
) -> None:
    """Rows of a feed; columns that the table does not have are null."""
    contract = get_contract(feed)
    typed = ", ".join(f"{quote_name(c.name)} {c.sql_type}" for c in contract.columns)
    connection.execute(
        f"create or replace temp table given ({typed}, file_line bigint, row_rules varchar[])"
    )
    connection.register("given_rows", rows)
    connection.execute("insert into given by name from given_rows")
    connection.unregister("given_rows")
    relation = (
        tokenise_rows(connection, contract, "select * from given where row_rules is null")
        if contract.is_personal
        else "given"
    )
    names = stored_names(contract)
    connection.execute(accepted_rows_sql(contract, names, relation, night, load_id))
