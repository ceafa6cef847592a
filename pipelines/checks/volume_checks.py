"""What was delivered, compared with the weeks before: checks that hold a business date back until a
person decides.

A file can agree with its own control totals and still be wrong: half a snapshot, a business date of
ten times the rows, a column in cents. How far a feed may differ is data: ``watch`` of its contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

from bankcrm.sql import quote_names
from bankcrm.transactions import transaction
from pipelines.contracts.contract import Contract, load_contracts

RULES = ("volume", "mean", "partial_snapshot")

CHECKED = """
create or replace temp table checked as
select load.load_id, load.source, load.feed, load.business_date, load.rows_accepted,
    load.source || '.' || load.feed as feed_name, watch.*
from ops.active_load as load
join watch on watch.name = load.source || '.' || load.feed
where load.load_id in (from checked_load)"""

HAS_HISTORY = """checked.business_date - checked.days >= (
    select min(first.business_date) from ops.active_load as first
    where first.source = checked.source and first.feed = checked.feed)"""

IS_EARLIER = """earlier.source = checked.source and earlier.feed = checked.feed
    and earlier.business_date < checked.business_date
    and earlier.business_date >= checked.business_date - checked.days"""

VOLUMES = f"""
with compared as (
    select checked.*, lowest, highest, nights
    from checked, lateral (
        select min(earlier.rows_accepted) as lowest, max(earlier.rows_accepted) as highest,
            count(*) as nights
        from ops.active_load as earlier where {IS_EARLIER}
    )
    where {HAS_HISTORY}
)
select load_id, source, feed, business_date,
    format('{{:,}} rows, where the {{}} days before had between {{:,}} and {{:,}} a day',
        rows_accepted, days, lowest, highest) as message
from compared
where nights >= least_nights and (
    rows_accepted > most_times * greatest(highest, least_rows)
    or (lowest >= least_rows and rows_accepted < least_share * lowest)
)"""

MEANS = f"""
with mean as (
    select load.*, label, abs(accepted) / nullif(rows_accepted, 0) as mean
    from ops.active_load as load join ops.load_total using (load_id)
    -- A total of some rows only, amount[debit_credit=D], has no mean over all of them.
    where label not like '%[%'
),
compared as (
    select checked.*, mean.label, mean.mean, lowest, highest, nights
    from checked join mean using (load_id), lateral (
        select min(earlier.mean) as lowest, max(earlier.mean) as highest, count(*) as nights
        from mean as earlier
        where earlier.label = mean.label and earlier.rows_accepted >= checked.least_rows
            and {IS_EARLIER}
    )
    where checked.rows_accepted >= checked.least_rows and {HAS_HISTORY}
)
select load_id, source, feed, business_date,
    format('{{}} is {{:.2f}} a row on average, where the {{}} days before had between {{:.2f}}'
        ' and {{:.2f}}', label, mean::double, days, lowest::double, highest::double) as message
from compared
where nights >= least_nights
    and ((highest > 0 and mean > mean_times * highest) or mean * mean_times < lowest)"""


@dataclass(frozen=True)
class Finding:
    """A delivery that differs too much from the weeks before. ``rule`` can be waived."""

    rule: str
    load_id: int
    business_date: date
    message: str


def compare_with_weeks_before(
    connection: duckdb.DuckDBPyConnection, published_loads: Iterable[int]
) -> list[Finding]:
    """Check every load that counts and was never published.

    Args:
        connection: the raw database.
        published_loads: loads that the published version holds; they were checked before.
    """
    _choose_loads(connection, published_loads)
    findings = _read_findings(connection, "volume", VOLUMES)
    findings += _read_findings(connection, "mean", MEANS)
    for contract in load_contracts().values():
        if contract.delivery == "full":
            query = _vanished_sql(contract)
            findings += _read_findings(connection, "partial_snapshot", query)
    return sorted(findings, key=lambda finding: (finding.load_id, finding.rule))


def record_findings(connection: duckdb.DuckDBPyConnection, findings: Iterable[Finding]) -> None:
    """Replace the findings that hold business dates back, in ``ops.finding``."""
    rows = [[f.load_id, f.rule, f.business_date, f.message] for f in findings]
    with transaction(connection):
        connection.execute("delete from ops.finding")
        if rows:
            connection.executemany("insert into ops.finding values ($1, $2, $3, $4)", rows)


def _choose_loads(connection: duckdb.DuckDBPyConnection, published_loads: Iterable[int]) -> None:
    """Temporary tables: watch (limits by feed), checked (loads to check, with their limits)."""
    watched = {name: contract.watch for name, contract in load_contracts().items()}
    limits = [{"name": name} | watch.model_dump() for name, watch in watched.items()]
    connection.execute(
        "create or replace temp table watch as select unnest($1, recursive := true)", [limits]
    )
    connection.execute(
        "create or replace temp table checked_load as select load_id from ops.active_load"
        " anti join (select unnest($1::bigint[]) as load_id) using (load_id)",
        [list(published_loads)],
    )
    connection.execute(CHECKED)


def _read_findings(connection: duckdb.DuckDBPyConnection, check: str, query: str) -> list[Finding]:
    rows = connection.execute(query).fetchall()
    return [
        Finding(f"{check}:{source}.{feed}", load_id, business_date, f"{source}.{feed}: {message}")
        for load_id, source, feed, business_date, message in rows
    ]


def _vanished_sql(contract: Contract) -> str:
    """Keys of the snapshot before that a checked snapshot does not deliver again."""
    key = quote_names(contract.key)
    return f"""
    with pair as (
        select checked.*, (
            select arg_max(earlier.load_id, earlier.business_date)
            from ops.active_load as earlier
            where earlier.source = checked.source and earlier.feed = checked.feed
                and earlier.business_date < checked.business_date
        ) as earlier_id
        from checked where checked.feed_name = '{contract.name}'
    ),
    before as (
        select pair.load_id, {quote_names(contract.key, "raw.")}
        from pair join {contract.raw_table} as raw on raw.load_id = pair.earlier_id
    ),
    vanished as (
        select load_id, count(*) as keys from (
            select load_id, {key} from before
            except select load_id, {key} from {contract.raw_table}
        ) group by load_id
    ),
    known as (select load_id, count(*) as keys from before group by load_id)
    select pair.load_id, source, feed, business_date,
        format('{{:,}} of {{:,}} keys of the snapshot before are missing',
            vanished.keys, known.keys) as message
    from vanished join known using (load_id) join pair using (load_id)
    where vanished.keys > vanished_share * known.keys"""
