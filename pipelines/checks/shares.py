"""Shares that do not sum to one: two whole owners of one account, a part that nobody has.

Such an entity waits alone: the warehouse gives the part nobody is named for, or the whole where the
shares exceed one, to the member -2. So the finding is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import duckdb

from bankcrm.sql import quote_name, quote_names
from bankcrm.text import join_first
from pipelines.checks.findings import Finding
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.contracts.watch import Shares

CHECK = "shares"
MOST_NAMED = 5
"""Entities that one finding names."""

BROKEN = """
with touched as (
    select {of} as entity, max(load_id) as load_id, max_by(file_line, load_id) as file_line
    from {table} semi join checked using (load_id) group by all
),
latest as (
    select {of} as entity, {share} as share, {begin} as since, coalesce({end}, 'infinity') as until
    from {table} as raw semi join ops.active_load using (load_id)
    where {of} in (select entity from touched)
    qualify row_number() over (
        partition by {key} order by raw.business_date desc, raw.load_id desc
    ) = 1
),
start as (
    select entity, since as day from latest union select entity, until from latest
),
total as (
    select start.entity, start.day, sum(share) as share
    from start join latest
        on latest.entity = start.entity and start.day >= since and start.day < until and share > 0
    group by all
    having abs(sum(share) - 1) * 1000000 > count(*)
),
broken as (
    select entity, max(day) as day, arg_max(share, day) as share from total group by all
)
select load_id, feed_name, checked.business_date, file_name, entity, file_line, broken.day,
    broken.share
from broken join touched using (entity) join checked using (load_id)
order by load_id, file_line"""


def find_broken_shares(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Entities of which a checked load says something, and whose shares sum to one on no count.

    Needs the tables of ``choose_loads``. Each entity is told with the last date from which its
    shares do not sum to one within a millionth per part.
    """
    for contract in load_contracts().values():
        if contract.shares is not None:
            yield from _compare(connection, contract, contract.shares)


def _compare(
    connection: duckdb.DuckDBPyConnection, contract: Contract, shares: Shares
) -> Iterator[Finding]:
    assert contract.effective is not None and contract.effective.to_column is not None
    query = BROKEN.format(
        of=quote_name(shares.of),
        share=quote_name(shares.column),
        begin=quote_name(contract.effective.from_column),
        end=quote_name(contract.effective.to_column),
        table=contract.raw_table,
        key=quote_names(contract.key),
    )
    found = connection.execute(query).fetchall()
    for (load_id, feed, business_date, file_name), rows in groupby(found, itemgetter(0, 1, 2, 3)):
        told = [
            f"{shares.of} {entity} (line {line}): {share} from {day} on"
            for *_, entity, line, day, share in rows
        ]
        message = (
            f"{feed}: {file_name}: {shares.column} does not sum to 1 for {len(told):,}"
            f" {shares.of}: {join_first(told, MOST_NAMED)}. What is missing, or all of it where the"
            " sum exceeds 1, counts for member -2; have the rows corrected in the source system"
        )
        yield Finding(f"{CHECK}:{feed}", load_id, business_date, message, "warn")
