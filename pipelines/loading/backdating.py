"""The earliest date on which a delivery changes the warehouse: ``earliest_affected_date`` of the
ledger."""

from __future__ import annotations

from datetime import date

import duckdb

from bankcrm.dates import END_OF_TIME
from bankcrm.sql import fetch_row, quote_date, quote_name, quote_names
from pipelines.contracts.contract import Contract
from pipelines.contracts.stored_columns import stored_names
from pipelines.validation.dispositions import IS_ACCEPTED

OPEN_END = quote_date(END_OF_TIME)


def find_earliest_affected_date(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    relation: str,
    business_date: date,
    earliest_effective_date: date | None,
) -> date:
    """Earliest date that the accepted rows of an examined file change.

    The business date, unless a row takes effect earlier and says something new. A row says
    something new from its effective date when its key was not delivered on an earlier business
    date, or with other values; when only its end differs, from the earlier of the two ends.

    Args:
        connection: the raw database.
        contract: feed of the file.
        relation: rows of the file as the raw table keeps them.
        business_date: business date of the file.
        earliest_effective_date: earliest effective date in the file; None without ``effective``.
    """
    if earliest_effective_date is None or earliest_effective_date >= business_date:
        return business_date
    query = earliest_affected_date_sql(contract, relation, business_date)
    (affected,) = fetch_row(connection, query)
    return business_date if affected is None else min(business_date, affected)


def earliest_affected_date_sql(contract: Contract, relation: str, business_date: date) -> str:
    """SQL for the earliest date affected by back-dated rows; null when they say nothing new."""
    assert contract.effective is not None
    begin, end = contract.effective.from_column, contract.effective.to_column
    names = stored_names(contract)
    others = [name for name in names if name not in (*contract.key, end)]
    key = quote_names(contract.key)
    differs = "p.file_line is null"
    if others:
        new, previous = quote_names(others, "n."), quote_names(others, "p.")
        differs += f" or row({new}) is distinct from row({previous})"
    start = quote_name(begin)
    cases = [f"when {differs} then least(n.{start}, coalesce(p.{start}, n.{start}))"]
    if end is not None:
        finish = quote_name(end)
        cases.append(
            f"when n.{finish} is distinct from p.{finish} then"
            f" least(coalesce(n.{finish}, {OPEN_END}), coalesce(p.{finish}, {OPEN_END}))"
        )
    return (
        f"with backdated as (select {quote_names(names)} from {relation}\n"
        f"  where {IS_ACCEPTED} and {start} < date '{business_date}'),\n"
        f"previous as (select raw.* from {contract.raw_table} as raw\n"
        "  join ops.active_load as load using (load_id)\n"
        f"  semi join backdated using ({key})\n"
        f"  where raw.business_date < date '{business_date}'\n"
        f"  qualify row_number() over (partition by {quote_names(contract.key, 'raw.')}\n"
        "    order by raw.business_date desc, raw.load_id desc) = 1)\n"
        f"select min(case {' '.join(cases)} end)\n"
        f"from backdated as n left join previous as p using ({key})"
    )
