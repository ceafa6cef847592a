"""Rows entered into a raw database by hand, personal values into its vault as the loader does."""

from __future__ import annotations

from datetime import date

import duckdb

from bankcrm.sql import quote_name
from pipelines.contracts.contract import get_contract
from pipelines.contracts.stored_columns import stored_names
from pipelines.privacy.vault_entries import tokenise_rows
from pipelines.validation.dispositions import accepted_rows_sql


def insert_row(
    connection: duckdb.DuckDBPyConnection, feed: str, load_id: int, night: date, **values: object
) -> None:
    """One row of a feed; columns that are not named are null."""
    contract = get_contract(feed)
    typed = ", ".join(f"{quote_name(c.name)} {c.sql_type}" for c in contract.columns)
    connection.execute(
        f"create or replace temp table given ({typed}, file_line bigint, row_rules varchar[])"
    )
    places = ", ".join("?" * len(values))
    connection.execute(
        f"insert into given ({', '.join(map(quote_name, values))}) values ({places})",
        list(values.values()),
    )
    relation = (
        tokenise_rows(connection, contract, "select * from given where row_rules is null")
        if contract.is_personal
        else "given"
    )
    names = stored_names(contract)
    connection.execute(accepted_rows_sql(contract, names, relation, night, load_id))
