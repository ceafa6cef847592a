"""Rows whose key an earlier business date delivered; the loader set them aside.

Equal rows are a warning: an extract that sends the day before again loses nothing. Rows of other
content hold the business date back: ids begin again, or an entry was changed outside a rerun.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from bankcrm.sql import quote_names
from pipelines.checks.findings import Finding, make_finding
from pipelines.contracts.contract import Contract, load_contracts

CHECK = "repeated_keys"

REPEATED = """
with repeated as (
    select load_id, is_same, count(*) as rows,
        min(file_line) as line, arg_min(earlier_load_id, file_line) as earlier_id,
        arg_min(earlier_line, file_line) as earlier_line
    from ops.repeated_row semi join checked using (load_id)
    group by all
)
select repeated.load_id, checked.feed_name, checked.business_date, checked.file_name, is_same, rows,
    delivered.rows_delivered, line, earlier.file_name, earlier_line
from repeated join checked using (load_id)
join ops.load as delivered using (load_id)
join ops.load as earlier on earlier.load_id = repeated.earlier_id
order by all"""

LOST = """
select load.load_id, load.business_date, load.file_name, count(*), min(repeated.file_line),
    any_value(earlier.file_name)
from ops.repeated_row as repeated
join ops.active_load as load using (load_id)
join ops.load as earlier
    on earlier.load_id = repeated.earlier_load_id and earlier.superseded_by is not null
join {table} as original
    on original.load_id = repeated.earlier_load_id
    and original.file_line = repeated.earlier_line
where repeated.is_same and load.source || '.' || load.feed = $1 and not exists (
    select 1 from {table} as raw semi join ops.active_load using (load_id)
    where ({raw_key}) = ({original_key})
)
group by all order by all"""


def find_repeated_rows(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Loads with rows that earlier ones delivered; needs the tables of ``choose_loads``."""
    for row in connection.execute(REPEATED).fetchall():
        load_id, feed, day, file_name, is_same, rows, delivered, line, earlier, earlier_line = row
        place = f"{file_name} line {line} repeats line {earlier_line} of {earlier}"
        if is_same:
            message = (
                f"{feed}: {rows:,} of {delivered:,} rows were delivered before and are left out:"
                f" {place}. Nothing is lost; have the extract send each entry once"
            )
            yield Finding(f"{CHECK}:{feed}", load_id, day, message, "warn")
            continue
        key = ", ".join(load_contracts()[feed].key)
        message = (
            f"{rows:,} of {delivered:,} rows have a {key} that was delivered before with other"
            f" content, and are in quarantine: {place}. A {key} is given once and never again;"
            " a changed entry comes as a rerun of its own business date"
        )
        yield make_finding(CHECK, feed, load_id, day, message)


def find_lost_originals(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Loads with collapsed rows whose original a correction took away: they count nowhere now."""
    (has_rows,) = connection.execute("select count(*) > 0 from ops.repeated_row").fetchall()[0]
    for contract in load_contracts().values() if has_rows else ():
        if contract.delivers_keys_once:
            yield from _find_lost(connection, contract)


def _find_lost(connection: duckdb.DuckDBPyConnection, contract: Contract) -> Iterator[Finding]:
    query = LOST.format(
        table=contract.raw_table,
        raw_key=quote_names(contract.key, "raw."),
        original_key=quote_names(contract.key, "original."),
    )
    for load_id, day, file_name, rows, line, earlier in connection.execute(
        query, [contract.name]
    ).fetchall():
        message = (
            f"{rows:,} rows of {file_name}, the first on line {line}, were left out because"
            f" {earlier} had them, whose correction has them no longer"
        )
        yield make_finding(CHECK, contract.name, load_id, day, message)
