"""Accounts that are closed and still have a balance.

The books keep the balance, because the general ledger does; a closed deposit no longer costs
interest on it. Which of the two deliveries is wrong is for the source system to say: the finding is
a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import duckdb

from bankcrm.sql import quote_name, quote_text
from bankcrm.text import join_first
from pipelines.checks.findings import Finding
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.contracts.watch import Closing

CHECK = "closed_accounts"
MOST_NAMED = 5
"""Accounts that one finding names."""

OPEN_BALANCES = """
with touched as (
    select {key} as key, load_id from {accounts} semi join checked using (load_id)
    union all
    select {balance_key}, load_id from {balances} semi join checked using (load_id)
),
entity as (select key, max(load_id) as load_id from touched group by all),
closed as (
    select {key} as key, file_line, file_name
    from {accounts} as raw
    join (select load_id, file_name from ops.active_load) as load using (load_id)
    where {key} in (select key from entity)
    qualify row_number() over (partition by {key} order by raw.business_date desc) = 1
        and {status} = {closed}
),
balance as (
    select {balance_key} as key, {balance} as balance, raw.business_date
    from {balances} as raw semi join ops.active_load using (load_id)
    where {balance_key} in (select key from closed)
    qualify row_number() over (partition by {balance_key} order by raw.business_date desc) = 1
)
select load.load_id, load.source || '.' || load.feed, load.business_date, key, closed.file_name,
    closed.file_line, balance.balance, balance.business_date
from closed join balance using (key) join entity using (key)
join ops.load as load on load.load_id = entity.load_id
where balance.balance <> 0
order by load.load_id, key"""


def find_closed_accounts(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Closed accounts with a balance, of which a checked load says something.

    Needs the tables of ``choose_loads``.
    """
    for contract in load_contracts().values():
        if contract.closing is not None:
            yield from _compare(connection, contract, contract.closing)


def _compare(
    connection: duckdb.DuckDBPyConnection, contract: Contract, closing: Closing
) -> Iterator[Finding]:
    balances = load_contracts()[closing.balances]
    query = OPEN_BALANCES.format(
        key=quote_name(contract.key[0]),
        accounts=contract.raw_table,
        balance_key=quote_name(balances.key[0]),
        balances=balances.raw_table,
        balance=quote_name(closing.balance),
        status=quote_name(closing.column),
        closed=quote_text(closing.value),
    )
    found = connection.execute(query).fetchall()
    for (load_id, feed, business_date), rows in groupby(found, itemgetter(0, 1, 2)):
        told = [
            f"{contract.key[0]} {key} ({file_name} line {line}) has {amount:,} since {since}"
            for *_, key, file_name, line, amount, since in rows
        ]
        message = (
            f"{feed}: {len(told):,} with {closing.column} {closing.value} have a balance:"
            f" {join_first(told, MOST_NAMED)}. Have the source system deliver a balance of 0, or"
            f" the right {closing.column}"
        )
        yield Finding(f"{CHECK}:{feed}", load_id, business_date, message, "warn")
