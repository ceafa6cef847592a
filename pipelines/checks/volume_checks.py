"""What was delivered, compared with the weeks before: checks that hold a business date back until a
person decides.

A file can agree with its own control totals and still be wrong: half a snapshot, a business date of
ten times the rows, a column in cents. How far a feed may differ is data: ``watch`` of its contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise

import duckdb

from bankcrm.sql import quote_names
from pipelines.checks.closed_accounts import find_closed_accounts
from pipelines.checks.findings import (
    Finding,
    choose_loads,
    leave_out_of_history,
    make_finding,
)
from pipelines.checks.repeated_rows import find_lost_originals, find_repeated_rows
from pipelines.checks.roll_forward import find_unexplained_changes
from pipelines.checks.shares import find_broken_shares
from pipelines.checks.unknown_keys import find_unknown_keys
from pipelines.contracts.contract import Contract, load_contracts

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
        from history_load as earlier where {IS_EARLIER}
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

COMPARED_MEANS = f"""
with mean as (
    select load.*, label, accepted / nullif(rows_accepted, 0) as mean
    from ops.active_load as load join ops.load_total using (load_id)
    -- A total of some rows only, amount[debit_credit=D], has no mean over all of them.
    where label not like '%[%'
),
compared as (
    select checked.*, mean.label, mean.mean, abs(mean.mean) as size,
        lowest, highest, lowest_size, highest_size, nights
    from checked join mean using (load_id), lateral (
        select min(earlier.mean) as lowest, max(earlier.mean) as highest,
            min(abs(earlier.mean)) as lowest_size, max(abs(earlier.mean)) as highest_size,
            count(*) as nights
        from mean as earlier
        where earlier.label = mean.label and earlier.load_id not in (from faulty_load)
            and earlier.rows_accepted >= checked.least_rows
            and {IS_EARLIER}
    )
    where checked.rows_accepted >= checked.least_rows and {HAS_HISTORY}
)"""

MEANS = f"""{COMPARED_MEANS}
select load_id, source, feed, business_date,
    format('{{}} is {{:.2f}} a row on average, where the {{}} days before had between {{:.2f}}'
        ' and {{:.2f}}', label, size::double, days, lowest_size::double, highest_size::double)
        as message
from compared
where nights >= least_nights and (
    (highest_size > 0 and size > mean_times * highest_size)
    -- A mean that differs by itself as much as that, say of fees on Sundays, is never too low.
    or (size * mean_times < lowest_size and highest_size < mean_times * lowest_size)
)"""

SIGNS = f"""{COMPARED_MEANS}
select load_id, source, feed, business_date,
    format('{{}} is {{:.2f}} a row on average, where the {{}} days before had between {{:.2f}}'
        ' and {{:.2f}}: the sign is the other one',
        label, mean::double, days, lowest::double, highest::double) as message
from compared
where nights >= least_nights
    and ((lowest > 0 and mean <= -lowest) or (highest < 0 and mean >= -highest))"""


def compare_with_weeks_before(
    connection: duckdb.DuckDBPyConnection, published_loads: Iterable[int]
) -> list[Finding]:
    """Check every load that counts and was never published.

    What is faulty is found date by date: a load with a finding that holds leaves the history of the
    later ones, which are then judged again.

    Args:
        connection: the raw database.
        published_loads: loads that the published version holds; they were checked before.
    """
    choose_loads(connection, published_loads)
    in_themselves = _find_without_history(connection)
    faulty: set[int] = set()
    while True:
        findings = [*in_themselves, *_compare_with_history(connection)]
        found = {f.load_id: f.business_date for f in findings if f.severity == "hold"}
        first = _choose_first({load: day for load, day in found.items() if load not in faulty})
        if not first:
            return sorted(findings, key=lambda finding: (finding.load_id, finding.rule))
        leave_out_of_history(connection, first)
        faulty |= first


def _choose_first(found: Mapping[int, date]) -> set[int]:
    """Loads with a finding that follows from no other one: none is in the history of their date.

    The others are judged again, without these in their history.
    """
    days = [date.min, *sorted(set(found.values()))]
    longest = timedelta(days=max(c.watch.days for c in load_contracts().values()))
    first = {day for earlier, day in pairwise(days) if day - earlier > longest}
    return {load for load, day in found.items() if day in first}


def _find_without_history(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    findings = [*find_repeated_rows(connection), *find_lost_originals(connection)]
    return [*findings, *find_broken_shares(connection), *find_closed_accounts(connection)]


def _compare_with_history(connection: duckdb.DuckDBPyConnection) -> list[Finding]:
    findings = _read_findings(connection, "volume", VOLUMES)
    findings += _read_findings(connection, "mean", MEANS)
    findings += _read_findings(connection, "sign", SIGNS)
    for contract in load_contracts().values():
        if contract.delivery == "full":
            query = _vanished_sql(contract)
            findings += _read_findings(connection, "partial_snapshot", query)
    return [*findings, *find_unexplained_changes(connection), *find_unknown_keys(connection)]


def _read_findings(connection: duckdb.DuckDBPyConnection, check: str, query: str) -> list[Finding]:
    rows = connection.execute(query).fetchall()
    return [
        make_finding(check, f"{source}.{feed}", load_id, business_date, message)
        for load_id, source, feed, business_date, message in rows
    ]


def _vanished_sql(contract: Contract) -> str:
    """Keys of the snapshot before that a checked snapshot does not deliver again."""
    key = quote_names(contract.key)
    return f"""
    with pair as (
        select checked.*, (
            select arg_max(earlier.load_id, earlier.business_date)
            from history_load as earlier
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
