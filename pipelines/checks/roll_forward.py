"""Balances against entries: the change of a balance is the sum of its entries less fees.

A file of balances can agree with its own control totals and still be wrong: signs turned round, an
amount with a zero too many. The entries of the same bank tell. A bank whose entries explain its
balances on every day before is held to it; one whose entries never did (interest that is booked
without an entry) is not. A difference below one unit of the currency is rounding.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from bankcrm.sql import quote_name, quote_text
from pipelines.checks.findings import Finding, make_finding, record_results
from pipelines.contracts.contract import Contract, load_contracts
from pipelines.contracts.watch import RollForward

CHECK = "roll_forward"

CHANGES = """
create or replace temp table roll_forward as
with first as (
    select min(business_date) as day from ops.active_load
    where load_id in (from checked_load)
        and source || '.' || feed in ({balances_feed}, {entries_feed})
),
balance as (
    select {key} as key, {balance} as balance, business_date, load_id, file_line,
        load_id in (from faulty_load) as is_faulty
    from {balances} semi join ops.active_load using (load_id)
),
-- Keys that changed since the first checked day, and the day of their balance before.
changed as (
    select key, max(business_date) filter (
            business_date < (select day from first) and not is_faulty
        ) as since
    from balance group by key having max(business_date) >= (select day from first)
),
entry as (
    select {entry_key} as key, business_date, sum({signed}) as amount
    from {entries} as entry semi join ops.active_load using (load_id)
    join changed on changed.key = {entry_key}
    where since is null or business_date > since
    group by all
),
day as (
    select key, business_date, balance.balance, balance.load_id, balance.file_line,
        balance.is_faulty,
        sum(coalesce(entry.amount, 0)) over (partition by key order by business_date) as entered
    from (from balance join changed using (key) where since is null or business_date >= since)
        as balance
    full join entry using (key, business_date)
),
-- A change since the last balance that was not found faulty.
change as (
    select key, load_id, file_line, business_date,
        last_value(case when not is_faulty then business_date end ignore nulls) over earlier
            as since,
        balance - last_value(case when not is_faulty then balance end ignore nulls) over earlier
            as change,
        entered - last_value(case when not is_faulty then entered end ignore nulls) over earlier
            as entered
    from day where balance is not null
    window earlier as (
        partition by key order by business_date rows between unbounded preceding and 1 preceding
    )
),
entry_load as (
    select business_date from ops.active_load where source || '.' || feed = {entries_feed}
),
-- Only where the entries of every day between came can they explain a change.
whole as (
    select since, period.business_date
    from (select distinct since, business_date from change where since is not null) as period
    join entry_load on entry_load.business_date > since
        and entry_load.business_date <= period.business_date
    group by all having count(*) = period.business_date - since
)
select change.* from change join whole using (since, business_date)
where business_date >= (select day from first)"""

FAILED = "abs(change - entered) >= 1"
"""Systems that keep balances in whole units round each of them: PKDD'99 differs by up to a unit."""

RESULTS = f"""select load_id, count(*), count(*) filter ({FAILED})
from roll_forward group by all"""

MISMATCHES = f"""
with failed as (
    select load_id, arg_min((file_line, key, change, entered), file_line) as first
    from roll_forward where {FAILED} group by all
),
result as (
    select result.*, load.business_date, failed / compared as share
    from ops.check_result as result join ops.active_load as load using (load_id)
    where rule = $1
)
select load.load_id, load.business_date, load.file_name, result.failed, result.compared, first,
    history.compared >= watch.least_rows and history.share <= watch.roll_forward_share as is_usual,
    result.share > history.highest
        and result.failed > (
            select sum(rows_quarantined) from ops.active_load as near
            where near.business_date = load.business_date
                and near.source || '.' || near.feed in ($2, $3)
        ) as is_grave
from failed join result using (load_id) join ops.active_load as load using (load_id)
join watch on watch.name = $2, lateral (
    select coalesce(sum(earlier.compared), 0) as compared,
        coalesce(sum(earlier.failed) / sum(earlier.compared), 0) as share,
        coalesce(max(earlier.share), 0) as highest
    from result as earlier
    where earlier.business_date < load.business_date
        and earlier.business_date >= load.business_date - watch.days
        and earlier.load_id not in (from faulty_load)
) as history
order by load_id"""


def find_unexplained_changes(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Loads of balances that the entries do not explain; needs the tables of ``choose_loads``.

    It holds where the entries explained the changes of the days before, as far as ``watch`` of the
    contract says, and more changes fail than rows are in quarantine. Otherwise it warns: there is
    no history yet, or the mismatches are as many as they were before.
    """
    for contract in load_contracts().values():
        if contract.roll_forward is not None:
            yield from _compare(connection, contract, contract.roll_forward)


def _compare(
    connection: duckdb.DuckDBPyConnection, contract: Contract, rule: RollForward
) -> Iterator[Finding]:
    entries = load_contracts()[rule.entries]
    feeds = [contract.name, entries.name]
    if not connection.execute(
        "select 1 from checked where feed_name in ($1, $2) limit 1", feeds
    ).fetchall():
        return
    connection.execute(_changes_sql(contract, entries, rule))
    name = f"{CHECK}:{contract.name}"
    record_results(connection, name, connection.execute(RESULTS).fetchall())
    for row in connection.execute(MISMATCHES, [name, *feeds]).fetchall():
        load_id, business_date, file_name, failed, compared, first, is_usual, is_grave = row
        line, key, change, entered = first.values() if isinstance(first, dict) else first
        message = (
            f"{failed:,} of {compared:,} changes of {rule.balance} are not what"
            f" {entries.name} explains: {file_name} line {line}, {contract.key[0]} {key} changed"
            f" by {change:,}, its entries less fees are {entered:,}"
        )
        finding = make_finding(CHECK, contract.name, load_id, business_date, message)
        if is_usual and is_grave:
            yield finding
        elif is_usual or compared == failed:
            yield Finding(finding.rule, load_id, business_date, finding.message, "warn")


def _changes_sql(contract: Contract, entries: Contract, rule: RollForward) -> str:
    side = f"{quote_name(rule.side)} = {quote_text(rule.credit)}"
    amount, fee = quote_name(rule.amount), quote_name(rule.fee)
    return CHANGES.format(
        balances_feed=quote_text(contract.name),
        entries_feed=quote_text(entries.name),
        balances=contract.raw_table,
        entries=entries.raw_table,
        key=quote_name(contract.key[0]),
        balance=quote_name(rule.balance),
        entry_key=quote_name(rule.key),
        signed=f"case when {side} then {amount} else -{amount} end - coalesce({fee}, 0)",
    )
