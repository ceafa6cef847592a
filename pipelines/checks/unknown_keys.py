"""Keys that no member feed knows: ids without their zeros, ids of another system.

A few members arrive late, and the warehouse infers them. A file most of whose keys nobody knows is
another case: its figures would count for members that do not exist.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from bankcrm.sql import quote_name
from pipelines.checks.findings import Finding, make_finding, record_results
from pipelines.contracts.contract import Column, Contract, load_contracts

CHECK = "unknown_keys"

COMPARED = """
create or replace temp table compared_key as
with used as (
    select checked.load_id, checked.business_date, {column} as key, count(*) as keys,
        min(file_line) as file_line
    from {table} join checked using (load_id)
    where {column} is not null
    group by all
),
member as (
    select {member_key} as key, min(business_date) as since
    from {members} semi join ops.active_load using (load_id)
    group by all
),
start as (select min(since) as day from member)
select used.*, member.since is null or member.since > used.business_date as is_unknown
from used left join member using (key)
where used.business_date >= (select day from start)"""

RESULTS = """select load_id, sum(keys)::bigint, coalesce(sum(keys) filter (is_unknown), 0)::bigint
from compared_key group by all"""

UNKNOWN = """
with result as (
    select result.*, load.business_date, failed / compared as share
    from ops.check_result as result join ops.active_load as load using (load_id)
    where rule = $1
)
select checked.load_id, checked.business_date, file_name, result.failed, result.compared,
    first.file_line, first.key, highest
from result join checked using (load_id)
join (
    select load_id, min(file_line) as file_line, arg_min(key, file_line) as key
    from compared_key where is_unknown group by all
) as first using (load_id), lateral (
    select coalesce(max(earlier.share), 0) as highest
    from result as earlier
    where earlier.business_date < checked.business_date
        and earlier.business_date >= checked.business_date - checked.days
        and earlier.compared >= checked.least_rows
        and earlier.load_id not in (from faulty_load)
)
where result.failed >= unknown_rows and result.share > greatest(unknown_share, highest)
order by load_id"""

SIMILAR = """select {member_key} from {members} semi join ops.active_load using (load_id)
where ltrim({member_key}, '0') = ltrim($1, '0') and {member_key} <> $1 limit 1"""


def find_unknown_keys(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Loads with a column whose keys are mostly unknown; needs the tables of ``choose_loads``.

    Compared is every column that ``references`` another one, from the first delivery of the member
    feed on. A finding is a share above ``unknown_share``, and above every share of the days before.
    """
    contracts = load_contracts()
    delivered = connection.execute("select distinct feed_name from checked order by all").fetchall()
    for (feed,) in delivered:
        for column in contracts[feed].columns:
            if column.references is not None:
                yield from _compare(connection, contracts[feed], column, column.references)


def _compare(
    connection: duckdb.DuckDBPyConnection, contract: Contract, column: Column, references: str
) -> Iterator[Finding]:
    member_feed, _, member_key = references.rpartition(".")
    names = {
        "column": quote_name(column.name),
        "table": contract.raw_table,
        "member_key": quote_name(member_key),
        "members": load_contracts()[member_feed].raw_table,
    }
    connection.execute(COMPARED.format(**names))
    rule = f"{CHECK}:{contract.name}:{column.name}"
    record_results(connection, rule, connection.execute(RESULTS).fetchall())
    for row in connection.execute(UNKNOWN, [rule]).fetchall():
        load_id, business_date, file_name, failed, compared, line, key, highest = row
        similar = connection.execute(SIMILAR.format(**names), [key]).fetchone()
        hint = f"; {member_feed} knows {similar[0]!r}: zeros were lost" if similar else ""
        message = (
            f"{failed:,} of {compared:,} keys in {column.name} are unknown to {member_feed},"
            f" where the days before had at most {highest:.1%}: {file_name} line {line},"
            f" {key!r}{hint}"
        )
        yield make_finding(CHECK, contract.name, load_id, business_date, message)
