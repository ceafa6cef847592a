"""How far the raw data may be built: up to the last business date that arrived whole.

A business date with a rejected file, with a mandatory feed still missing, or held back by a check,
is loaded as far as it goes but stays beyond that date, so that no model ever sees part of a
business date; except where the contract of a feed that missed its deadline says to skip it. The
models read ``ops.whole_load``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb

from bankcrm.errors import BlockedDate, HeldDate
from bankcrm.sql import fetch_row
from bankcrm.transactions import transaction
from pipelines.contracts.contract import load_contracts
from pipelines.landing.delivery import name_files
from pipelines.loading.deadlines import MISSED

COMPLETE_THROUGH = """
create table if not exists ops.complete_through (business_date date);
create table if not exists ops.finding (
    load_id bigint, rule varchar, business_date date, message varchar,
    severity varchar, is_waived boolean
);
alter table ops.finding add column if not exists severity varchar default 'hold';
alter table ops.finding add column if not exists is_waived boolean default false;
create view if not exists ops.whole_load as
    select * from ops.active_load
    where business_date <= (select max(business_date) from ops.complete_through);
"""

INCOMPLETE_DATES = """
create or replace temp table incomplete_date as
    select known.business_date, 'no ' || mandatory.feed || ' was delivered' as reason,
        reason as brief, null as rule, mandatory.feed, 0 as rerun
    from (select distinct business_date from ops.load) as known
    cross join (select unnest(getvariable('mandatory_feeds')) as feed) as mandatory
    anti join ops.load as load
        on load.business_date = known.business_date
        and load.source || '.' || load.feed = mandatory.feed
    anti join ops.missed_delivery as skipped
        on skipped.feed = mandatory.feed and skipped.business_date = known.business_date
    union all
    select business_date,
        arg_max(file_name, load_id) || ' was rejected: ' || arg_max(problem, load_id),
        arg_max(file_name, load_id) || ' was rejected', null, source || '.' || feed, max(rerun) + 1
    from ops.load
    group by source, feed, business_date
    having count(*) filter (status = 'loaded') = 0
    union all
    select finding.business_date, finding.message, finding.message, finding.rule, null, null
    from ops.finding as finding semi join ops.active_load using (load_id)
    where finding.severity = 'hold' and not finding.is_waived;
"""


def create_complete_through(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables and views of the complete-through date where they are missing."""
    connection.execute(COMPLETE_THROUGH)
    connection.execute(MISSED)


def set_complete_through(connection: duckdb.DuckDBPyConnection) -> date | None:
    """Set the complete-through date to the last business date that arrived whole.

    Args:
        connection: the raw database, from ``open_raw``.

    Returns:
        That date, or None while no business date is whole.
    """
    _find_incomplete_dates(connection)
    query = """select max(business_date) from ops.load
        where business_date < all (select business_date from incomplete_date)"""
    complete_through: date | None = fetch_row(connection, query)[0]
    with transaction(connection):
        connection.execute("delete from ops.complete_through")
        connection.execute("insert into ops.complete_through values ($1)", [complete_through])
    return complete_through


def explain_incomplete_date(connection: duckdb.DuckDBPyConnection) -> BlockedDate | None:
    """Why the first incomplete business date is not whole; None when every business date is.

    Args:
        connection: the raw database.
    """
    _find_incomplete_dates(connection)
    row = connection.execute(
        """select business_date, string_agg(reason, '; ' order by reason),
            string_agg(brief, '; ' order by reason),
            list(rule order by rule) filter (rule is not null),
            list((feed, rerun) order by feed) filter (feed is not null)
        from incomplete_date group by business_date order by business_date limit 1"""
    ).fetchone()
    if row is None:
        return None
    business_date, reasons, brief, rules, missing = row
    if rules:
        return _explain_findings(business_date, reasons, rules)
    return BlockedDate(
        f"{business_date} is not whole: {reasons}",
        f"Have the source systems deliver {_name_files(business_date, missing)}; then run"
        " `bankcrm refresh`.",
        f"{business_date} is not whole: {brief}",
    )


def _name_files(business_date: date, missing: Iterable[tuple[str, int]]) -> str:
    """The files that would make a business date whole: what never came, and the next rerun of what
    was rejected."""
    contracts = load_contracts()
    named = [(contracts[feed], rerun) for feed, rerun in missing if feed in contracts]
    return name_files(named, business_date) or "what is missing"


def _explain_findings(business_date: date, reasons: str, rules: list[str]) -> HeldDate:
    return HeldDate(
        f"{business_date} is held back: {reasons}",
        "Have the source system deliver a correction with the next rerun number; or, if it is "
        f"right as it is, `bankcrm waive {rules[0]} --date {business_date} --reason WHY --until"
        " DAY`. Then run `bankcrm refresh`.",
    )


def _find_incomplete_dates(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table incomplete_date: each business date that is not whole, with every reason."""
    mandatory = [name for name, contract in load_contracts().items() if contract.mandatory]
    connection.execute("set variable mandatory_feeds = $1::varchar[]", [mandatory])
    connection.execute(INCOMPLETE_DATES)
