"""The earliest business date that must be rebuilt, given what a version already contains.

Compares the loads that count now with the loads in the version to build upon. Every load that was
added or removed since affects the dates from its ``earliest_affected_date`` on. Three things reach
further back:

- the first delivery of a member (an account, a customer, ...) that earlier rows already named:
  those rows must be rebuilt to complete the member in place;
- a source customer that belongs to another unified customer than it did in the version: every row
  about it, or about an account of its, changes hands;
- a row that takes back an earlier one (a reversal), or the late row that an earlier one takes back:
  both of them change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product

import duckdb
import pyarrow as pa

from bankcrm.dates import BEGINNING
from bankcrm.sql import fetch_row
from pipelines.contracts.contract import Column, Contract, load_contracts

ACCOUNT_KEYS = {
    "branch.account": "account_id",
    "card.card": "card_id",
    "loan.loan": "loan_id",
}
"""Feeds whose members customers own, with their ids."""


@dataclass(frozen=True)
class BuiltVersion:
    """What a version contains: the ids of its loads, and its rows of ``identity.link``."""

    loads: tuple[int, ...] = ()
    links: pa.Table | None = None


def read_loads(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    """Ids of the loads that a published version contains."""
    rows = connection.execute("select load_id from meta.load").fetchall()
    return tuple(load_id for (load_id,) in rows)


def read_built(connection: duckdb.DuckDBPyConnection) -> BuiltVersion:
    """What a published version contains.

    Args:
        connection: the version, opened for reading.
    """
    links = connection.execute("from meta.customer_link").to_arrow_table()
    return BuiltVersion(read_loads(connection), links)


def find_refresh_from(connection: duckdb.DuckDBPyConnection, built: BuiltVersion) -> date | None:
    """Earliest business date affected since a version was built.

    Args:
        connection: the raw database, customers linked.
        built: what the version contains.

    Returns:
        The date, or None when the version contains exactly the loads that count now, and links
        customers as they are linked now.
    """
    _compare_loads(connection, built.loads)
    _compare_links(connection, built.links)
    statements = ["select min(earliest_affected_date) from changed_load", *_reach_back_statements()]
    statements += _moved_statements()
    dates = [_earliest(connection, statement) for statement in statements]
    affected = [day for day in dates if day is not None]
    return max(BEGINNING, min(affected)) if affected else None


def _compare_loads(connection: duckdb.DuckDBPyConnection, built_loads: Iterable[int]) -> None:
    """Temporary tables: changed_load (came or went since), unchanged_load (in both)."""
    connection.execute(
        "create or replace temp table built_load as select unnest($1::bigint[]) as load_id",
        [list(built_loads)],
    )
    connection.execute(
        """create or replace temp table changed_load as
        select load_id, source, feed, business_date, earliest_affected_date
        from ops.load
        where status = 'loaded' and (load_id in (from built_load))
            is distinct from (load_id in (select load_id from ops.whole_load))"""
    )
    connection.execute(
        """create or replace temp table unchanged_load as
        select load_id from built_load semi join ops.whole_load using (load_id)"""
    )


def _compare_links(connection: duckdb.DuckDBPyConnection, built_links: pa.Table | None) -> None:
    """Temporary tables: changed_link, moved_customer (of another unified customer than before)
    and moved_account (of such a customer, at any time)."""
    connection.execute("create or replace temp table built_link as from identity.link limit 0")
    if built_links is not None:
        connection.register("given_link", built_links)
        connection.execute("insert into built_link by name from given_link")
        connection.unregister("given_link")
    connection.execute(
        """create or replace temp table changed_link as
        (from identity.link except from built_link)
        union all (from built_link except from identity.link)"""
    )
    connection.execute(
        """create or replace temp table moved_customer as
        select now.source_system, now.source_customer_id
        from identity.link as now
        join built_link as built using (source_system, source_customer_id)
        where now.is_current and built.is_current
            and (now.survivor_system, now.survivor_customer_id)
            is distinct from (built.survivor_system, built.survivor_customer_id)"""
    )
    accounts = " union ".join(_owned_accounts())
    connection.execute(f"create or replace temp table moved_account as {accounts}")


def _owned_accounts() -> Iterator[str]:
    """Accounts of moved customers: the row that names the customer is one, or names one."""
    for contract in load_contracts().values():
        named = [(f, column.name) for column, f in _references(contract) if f in ACCOUNT_KEYS]
        if contract.name in ACCOUNT_KEYS:
            named = [(contract.name, ACCOUNT_KEYS[contract.name])]
        customers = [(c, feed) for c, feed in _references(contract) if _is_customer_feed(feed)]
        for (customer, feed), (account_feed, account) in product(customers, named):
            yield f"""
                select '{account_feed}' as feed, "{account}" as account_id
                from {contract.raw_table} semi join ops.whole_load using (load_id)
                where {_is_moved(customer, feed)}"""


def _is_customer_feed(feed: str) -> bool:
    return bool(load_contracts()[feed].identity)


def _references(contract: Contract) -> Iterator[tuple[Column, str]]:
    """Columns that refer to another feed, each with that feed."""
    for column in contract.columns:
        if column.references is not None:
            yield column, column.references.rpartition(".")[0]


def _is_moved(column: Column, feed: str) -> str:
    """Condition: the column names a moved customer of the feed's system."""
    system = load_contracts()[feed].source
    return f""""{column.name}" in (
        select source_customer_id from moved_customer where source_system = '{system}')"""


def _moved_statements() -> Iterator[str]:
    """Something to publish where links differ; rows of moved customers, and of their accounts."""
    yield "select max(business_date) from ops.complete_through where exists (from changed_link)"
    yield """select min(seen_from) from identity.record as record
        semi join moved_customer as moved
            on record.source_system = moved.source_system
            and record.customer_id = moved.source_customer_id"""
    for contract in load_contracts().values():
        for column, feed in _references(contract):
            if _is_customer_feed(feed):
                yield _earliest_row(contract, _is_moved(column, feed))
            if feed in ACCOUNT_KEYS:
                moved = f"(select account_id from moved_account where feed = '{feed}')"
                yield _earliest_row(contract, f'"{column.name}" in {moved}')


def _earliest_row(contract: Contract, condition: str) -> str:
    return f"""select min("{_dated(contract)}")
        from {contract.raw_table} semi join ops.whole_load using (load_id)
        where {condition}"""


def _dated(contract: Contract) -> str:
    """The column that dates what a row says."""
    return contract.effective.from_column if contract.effective else "business_date"


def _reach_back_statements() -> Iterator[str]:
    contracts = load_contracts()
    for referring in contracts.values():
        for column in referring.columns:
            if column.corrects is not None:
                yield _corrected_rows(referring, column.name, column.corrects)
            if column.references is None:
                continue
            feed, _, key = column.references.rpartition(".")
            yield _first_deliveries(referring, column, contracts[feed], key)


def _corrected_rows(feed: Contract, column: str, key: str) -> str:
    """Earliest unchanged row that a change takes back, through corrections of corrections, or that
    takes back a row among the changes."""
    return f"""
        with recursive correction as (
            select "{key}" as id, "{column}" as corrected, load_id
            from {feed.raw_table}
            where "{column}" is not null
        ),
        named as (
            select corrected as id from correction semi join changed_load using (load_id)
            union
            select correction.corrected from correction join named using (id)
        )
        select min("{_dated(feed)}")
        from {feed.raw_table} semi join unchanged_load using (load_id)
        where "{key}" in (from named)
            or "{column}" in (
                select "{key}" from {feed.raw_table} semi join changed_load using (load_id)
            )"""


def _first_deliveries(referring: Contract, column: Column, member: Contract, key: str) -> str:
    """Earliest unchanged row that names a member whose first delivery is among the changes."""
    return f"""
        with changed_member as (
            select "{key}" as id, min(business_date) as first_date
            from {member.raw_table} semi join changed_load using (load_id)
            group by all
        ),
        first_delivery as (
            from changed_member anti join (
                select "{key}" as id, business_date
                from {member.raw_table} semi join unchanged_load using (load_id)
            ) as known
            on changed_member.id = known.id and known.business_date < changed_member.first_date
        )
        select min("{_dated(referring)}")
        from {referring.raw_table} semi join unchanged_load using (load_id)
        where "{column.name}" in (select id from first_delivery)"""


def _earliest(connection: duckdb.DuckDBPyConnection, statement: str) -> date | None:
    day: date | None = fetch_row(connection, statement)[0]
    return day
