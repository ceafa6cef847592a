"""How far the raw data may be built: up to the last night that arrived whole.

A night with a rejected file, or with a mandatory feed still missing, is loaded as far as it goes
but stays beyond the horizon, so that no model ever sees part of a night. The models read
``ops.whole_load``.
"""

from __future__ import annotations

from datetime import date

import duckdb

from pipelines.contract import load_contracts

HORIZON = """
create table if not exists ops.horizon (business_date date);
create view if not exists ops.whole_load as
    select * from ops.active_load where business_date <= (select max(business_date) from ops.horizon);
"""


def set_horizon(connection: duckdb.DuckDBPyConnection) -> date | None:
    """Move the horizon to the last night that arrived whole, and return it.

    Returns:
        The business date, or None while no night is whole.
    """
    connection.execute(HORIZON)
    mandatory = [[c.source, c.feed] for c in load_contracts().values() if c.mandatory]
    row = connection.execute(
        """with incomplete as (
            select nights.business_date
            from (select distinct business_date from ops.load) as nights
            cross join (select unnest($1::varchar[][]) as feed) as mandatory
            where not exists (
                from ops.load
                where status = 'loaded' and load.business_date = nights.business_date
                    and source = mandatory.feed[1] and load.feed = mandatory.feed[2]
            )
            union
            select business_date from ops.load
            group by source, feed, business_date
            having count(*) filter (where status = 'loaded') = 0
        )
        select max(business_date) from ops.load
        where business_date < all (from incomplete)""",
        [mandatory],
    ).fetchone()
    assert row is not None
    horizon: date | None = row[0]
    connection.execute("begin")
    connection.execute("delete from ops.horizon")
    connection.execute("insert into ops.horizon values ($1)", [horizon])
    connection.execute("commit")
    return horizon
