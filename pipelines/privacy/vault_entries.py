"""Values on their way into the vault, and out of it again.

The vault is written before the raw tables, in a transaction of its own (DuckDB writes one database
per transaction). A crash between the two leaves entries that nothing names: the next load of the
same file finds them there.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from bankcrm.sql import quote_name, quote_text
from pipelines.contracts.contract import Contract
from pipelines.contracts.stored_columns import (
    holder_sql,
    personal_columns,
    stored_columns,
    token_name,
    token_sql,
)

ROW = "row"
"""Kind of a whole quarantined row: whatever stands in the wrong place, it stays in the vault."""

ENTER = """
insert into vault.entry
select token, value from ({values}) anti join vault.entry using (token)
"""


def tokenise_rows(connection: duckdb.DuckDBPyConnection, contract: Contract, rows: str) -> str:
    """Put the personal values of the accepted rows of a file into the vault.

    Args:
        connection: the raw database with its vault, without an open transaction.
        contract: feed of the file, with personal columns.
        rows: query of the accepted rows of the file, with clear values.

    Returns:
        A relation of these rows as the raw table keeps them.
    """
    stored = ", ".join(f"{c.sql} as {quote_name(c.name)}" for c in stored_columns(contract))
    clear = ", ".join(
        f"{quote_name(c.name)}::varchar as {_clear(c.name)}" for c in personal_columns(contract)
    )
    holder = holder_sql(contract, quote_name(contract.holder[1]))
    # While nobody was erased, no holder is looked for: its token would be one of eleven to be made.
    is_asked = "(select count(*) > 0 from erased_holder)"
    connection.execute(
        f"""create or replace temp table tokenised as
        select {stored}, {clear}, case when {is_asked} then {holder} end as holder,
            file_line, row_rules
        from ({rows})"""
    )
    tokens = ", ".join(quote_name(token_name(c)) for c in personal_columns(contract))
    values = ", ".join(_clear(c.name) for c in personal_columns(contract))
    entries = f"""select token, any_value(value) as value from (
        select unnest([{tokens}]) as token, unnest([{values}]) as value
        from tokenised anti join erased_holder using (holder))
        where token is not null group by token"""
    connection.execute(ENTER.format(values=entries))
    return "tokenised"


def tokenise_quarantine(
    connection: duckdb.DuckDBPyConnection, contract: Contract, rows: str
) -> None:
    """Put the quarantined rows of a file, which a query lists, into the vault, whole.

    Leaves the temporary table ``quarantined``: file_line, row_rules, row_token, and holder, the
    token of the customer whose row it is (null where the feed has no personal columns).
    """
    holder = "null::varchar"
    if contract.is_personal:
        customer = f"trim(raw_row ->> {quote_text(contract.holder[1])})"
        holder = holder_sql(contract, customer)
    connection.execute(
        f"""create or replace temp table quarantined as
        select *, {token_sql(ROW, "raw_row")} as row_token, {holder} as holder
        from ({rows})"""
    )
    entries = """select row_token as token, any_value(raw_row) as value
        from quarantined anti join erased_holder using (holder) group by all"""
    connection.execute(ENTER.format(values=entries))
    connection.execute("alter table quarantined drop column raw_row")


def read_values(
    connection: duckdb.DuckDBPyConnection, tokens: Iterable[str | None]
) -> dict[str, str]:
    """Clear values by their tokens; a token whose value was erased is missing."""
    wanted = sorted({token for token in tokens if token is not None})
    if not wanted:
        return {}
    rows = connection.execute(
        "select token, value from vault.entry where token in (select unnest($1::varchar[]))",
        [wanted],
    ).fetchall()
    return dict(rows)


def _clear(name: str) -> str:
    return quote_name(f"{name}__clear")
