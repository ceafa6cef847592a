"""The earliest business date that must be rebuilt, given what a version already contains.

Compares the loads that count now with the loads in the version to build upon. Every load that
came or went since touches the dates from its ``touches_from`` on. Three things reach further back:

- the first delivery of a member (an account, a customer, ...) that earlier rows already named:
  those rows must be rebuilt to complete the member in place;
- the first identity document of a customer that earlier rows already named: the unified
  customer changes for them;
- a row that takes back an earlier one (a reversal), or the late row that an earlier one takes back:
  both of them change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import duckdb

from pipelines.contract import Column, Contract, load_contracts

BEGINNING = date(1900, 1, 1)


def find_refresh_from(
    connection: duckdb.DuckDBPyConnection, built_loads: Iterable[int]
) -> date | None:
    """Earliest business date touched since a version was built.

    Args:
        connection: the raw database.
        built_loads: ids of the loads the version contains.

    Returns:
        The date, or None when the version contains exactly the loads that count now.
    """
    _compare_loads(connection, built_loads)
    dates = [_earliest(connection, "select min(touches_from) from changed_load")]
    if dates[0] is None:
        return None
    for statement in _reach_back_statements():
        dates.append(_earliest(connection, statement))
    return max(BEGINNING, min(day for day in dates if day is not None))


def _compare_loads(connection: duckdb.DuckDBPyConnection, built_loads: Iterable[int]) -> None:
    """Temporary tables: changed_load (came or went since), unchanged_load (in both)."""
    connection.execute(
        "create or replace temp table built_load as select unnest($1::bigint[]) as load_id",
        [list(built_loads)],
    )
    connection.execute(
        """create or replace temp table changed_load as
        select load_id, source, feed, business_date, touches_from
        from ops.load
        where status = 'loaded' and (load_id in (from built_load))
            is distinct from (load_id in (select load_id from ops.whole_load))"""
    )
    connection.execute(
        """create or replace temp table unchanged_load as
        select load_id from built_load semi join ops.whole_load using (load_id)"""
    )


def _reach_back_statements() -> Iterator[str]:
    contracts = load_contracts()
    for referring in contracts.values():
        for column in referring.columns:
            if column.corrects is not None:
                yield _corrected_rows(referring, column.name, column.corrects)
            if column.references is None:
                continue
            feed, _, key = column.references.rpartition(".")
            member = contracts[feed]
            yield _first_deliveries(referring, column, member, key)
            if member.identity:
                documented = " and ".join(f'"{name}" is not null' for name in member.identity)
                yield _first_deliveries(referring, column, member, key, documented)


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
        select min("{_effective_date(feed)}")
        from {feed.raw_table} semi join unchanged_load using (load_id)
        where "{key}" in (from named)
            or "{column}" in (
                select "{key}" from {feed.raw_table} semi join changed_load using (load_id)
            )"""


def _effective_date(feed: Contract) -> str:
    return feed.effective.from_column if feed.effective else "business_date"


def _first_deliveries(
    referring: Contract, column: Column, member: Contract, key: str, condition: str = "true"
) -> str:
    """Earliest unchanged row that names a member whose first delivery is among the changes."""
    return f"""
        with changed_member as (
            select "{key}" as id, min(business_date) as first_date
            from {member.raw_table} semi join changed_load using (load_id)
            where {condition}
            group by all
        ),
        first_delivery as (
            from changed_member anti join (
                select "{key}" as id, business_date
                from {member.raw_table} semi join unchanged_load using (load_id)
                where {condition}
            ) as known
            on changed_member.id = known.id and known.business_date < changed_member.first_date
        )
        select min("{_effective_date(referring)}")
        from {referring.raw_table} semi join unchanged_load using (load_id)
        where "{column.name}" in (select id from first_delivery)"""


def _earliest(connection: duckdb.DuckDBPyConnection, statement: str) -> date | None:
    row = connection.execute(statement).fetchone()
    day = row[0] if row else None
    assert day is None or isinstance(day, date)
    return day
