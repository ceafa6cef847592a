"""How far the raw data may be built: up to the last night that arrived whole.

A night with a rejected file, with a mandatory feed still missing, or held back by a check, is
loaded as far as it goes but stays beyond the horizon, so that no model ever sees part of a night;
except where its policy lets the night go on without a feed that missed its deadline.
The models read ``ops.whole_load``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb

from bankcrm.errors import BlockedNight, HeldNight
from bankcrm.transactions import transaction
from pipelines.contracts.contract import load_contracts
from pipelines.landing.delivery import name_files
from pipelines.loading.deadlines import MISSED

HORIZON = """
create table if not exists ops.horizon (business_date date);
create table if not exists ops.finding (
    load_id bigint, rule varchar, business_date date, message varchar
);
create view if not exists ops.whole_load as
    select * from ops.active_load
    where business_date <= (select max(business_date) from ops.horizon);
"""

INCOMPLETE_NIGHTS = """
create or replace temp table incomplete_night as
    select nights.business_date, 'no ' || mandatory.feed || ' was delivered' as reason,
        reason as brief, null as rule, mandatory.feed, 0 as rerun
    from (select distinct business_date from ops.load) as nights
    cross join (select unnest(getvariable('mandatory_feeds')) as feed) as mandatory
    anti join ops.load as load
        on load.business_date = nights.business_date
        and load.source || '.' || load.feed = mandatory.feed
    anti join ops.missed_delivery as excused
        on excused.feed = mandatory.feed and excused.business_date = nights.business_date
    union all
    select business_date,
        arg_max(file_name, load_id) || ' was rejected: ' || arg_max(problem, load_id),
        arg_max(file_name, load_id) || ' was rejected', null, source || '.' || feed, max(rerun) + 1
    from ops.load
    group by source, feed, business_date
    having count(*) filter (status = 'loaded') = 0
    union all
    select finding.business_date, finding.message, finding.message, finding.rule, null, null
    from ops.finding as finding semi join ops.active_load using (load_id);
"""


def prepare_horizon(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables and the view of the horizon where they are missing."""
    connection.execute(HORIZON)
    connection.execute(MISSED)


def set_horizon(connection: duckdb.DuckDBPyConnection) -> date | None:
    """Move the horizon to the last night that arrived whole.

    Args:
        connection: the raw database, from ``open_raw``.

    Returns:
        The business date of that night, or None while no night is whole.
    """
    _find_incomplete_nights(connection)
    row = connection.execute(
        """select max(business_date) from ops.load
        where business_date < all (select business_date from incomplete_night)"""
    ).fetchone()
    assert row is not None
    horizon: date | None = row[0]
    with transaction(connection):
        connection.execute("delete from ops.horizon")
        connection.execute("insert into ops.horizon values ($1)", [horizon])
    return horizon


def explain_horizon(connection: duckdb.DuckDBPyConnection) -> BlockedNight | None:
    """Why the first night beyond the horizon is not whole; None when every night is.

    Args:
        connection: the raw database.
    """
    _find_incomplete_nights(connection)
    row = connection.execute(
        """select business_date, string_agg(reason, '; ' order by reason),
            string_agg(brief, '; ' order by reason),
            list(rule order by rule) filter (rule is not null),
            list((feed, rerun) order by feed) filter (feed is not null)
        from incomplete_night group by business_date order by business_date limit 1"""
    ).fetchone()
    if row is None:
        return None
    night, reasons, brief, rules, missing = row
    if rules:
        return _explain_findings(night, reasons, rules)
    return BlockedNight(
        f"{night} is not whole: {reasons}",
        f"Have the source systems deliver {_name_files(night, missing)}; then run"
        " `bankcrm refresh`.",
        f"{night} is not whole: {brief}",
    )


def _name_files(night: date, missing: Iterable[tuple[str, int]]) -> str:
    """The files that would make a night whole: what never came, and the next rerun of what was
    rejected."""
    contracts = load_contracts()
    named = [(contracts[feed], rerun) for feed, rerun in missing if feed in contracts]
    return name_files(named, night) or "what is missing"


def _explain_findings(night: date, reasons: str, rules: list[str]) -> HeldNight:
    return HeldNight(
        f"{night} is held back: {reasons}",
        "Have the source system deliver a correction with the next rerun number; or, if it is "
        f"right as it is, `bankcrm waive {rules[0]} --date {night} --reason WHY --until DAY`. "
        "Then run `bankcrm refresh`.",
    )


def _find_incomplete_nights(connection: duckdb.DuckDBPyConnection) -> None:
    """Temporary table incomplete_night: each night that is not whole, with every reason."""
    mandatory = [name for name, contract in load_contracts().items() if contract.mandatory]
    connection.execute("set variable mandatory_feeds = $1::varchar[]", [mandatory])
    connection.execute(INCOMPLETE_NIGHTS)
