"""Keys that an earlier business date delivered already: entries sent again, ids that begin again.

A feed of entries delivers each key once. A row that is equal to the earlier one says nothing new:
it is collapsed. One of other content is quarantined, because nobody can tell which of the two is
wrong; :mod:`pipelines.checks.repeated_rows` holds its business date back. Both are kept in
``ops.repeated_row`` with the line of the earlier load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import duckdb

from bankcrm.sql import fetch_row, quote_date, quote_name, quote_names, quote_text
from pipelines.contracts.contract import Contract
from pipelines.contracts.stored_columns import stored_columns
from pipelines.validation.control_totals import Books
from pipelines.validation.dispositions import IS_ACCEPTED
from pipelines.validation.examination import Examination
from pipelines.validation.figures import TotalFigures, count_figures
from pipelines.validation.row_rules import REPEATED_KEY

STORE = """insert into ops.repeated_row (load_id, file_line, earlier_load_id, earlier_line, is_same)
select {load_id}, file_line, earlier_load_id, earlier_line, is_same from repeated_row
order by file_line"""


def set_repeated_rows_aside(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    business_date: date,
    examination: Examination,
) -> Examination:
    """Collapse or quarantine the accepted rows whose keys other business dates delivered.

    Leaves the temporary table ``repeated_row`` with them.

    Args:
        connection: the raw database; it holds the rows of the examined file.
        contract: feed of the file.
        business_date: business date of the file, whose earlier load it would supersede.
        examination: what the file by itself was found to be.
    """
    if not contract.delivers_keys_once:
        return examination
    connection.execute(_repeated_sql(contract, business_date, examination.relation))
    (repeated,) = fetch_row(connection, "select count(*) from repeated_row")
    if not repeated:
        return examination
    connection.execute(_compared_sql(contract, examination.relation))
    relation = (
        "(select r.* exclude (row_rules, raw_row), coalesce(a.row_rules, r.row_rules) as row_rules,"
        " coalesce(a.raw_row, r.raw_row) as raw_row"
        f" from {examination.relation} as r left join repeated_row as a using (row_id))"
    )
    figures = count_figures(connection, contract, relation, is_clean=False)
    (others,) = fetch_row(connection, "select count(*) from repeated_row where not is_same")
    broken_rules = examination.broken_rules | ({_label(contract): others} if others else {})
    return replace(
        examination,
        relation=relation,
        rows=figures.rows,
        totals=_move_amounts(examination.totals, figures.totals),
        broken_rules=broken_rules,
        earliest_effective_date=figures.earliest_effective_date,
    )


def store_repeated_rows(connection: duckdb.DuckDBPyConnection, load_id: int) -> None:
    """Copy the temporary table ``repeated_row`` of a file into ``ops.repeated_row``."""
    connection.execute(STORE.format(load_id=load_id))


def _label(contract: Contract) -> str:
    return f"{', '.join(contract.key)}: {REPEATED_KEY}"


def _repeated_sql(contract: Contract, business_date: date, relation: str) -> str:
    key = quote_names(contract.key)
    return f"""create or replace temp table repeated_row as
    select row_id, delivered.file_line, raw.load_id as earlier_load_id,
        raw.file_line as earlier_line, null::boolean as is_same
    from {contract.raw_table} as raw
    join (select row_id, file_line, {key} from {relation} where {IS_ACCEPTED}) as delivered
        using ({key})
    join ops.active_load as load on load.load_id = raw.load_id
    where load.business_date <> {quote_date(business_date)}
    qualify row_number() over (partition by row_id order by raw.load_id, raw.file_line) = 1"""


def _compared_sql(contract: Contract, relation: str) -> str:
    """Add to ``repeated_row`` whether each row equals the earlier one, as the raw table keeps it,
    and its disposition."""
    stored = stored_columns(contract)
    new = ", ".join(column.sql for column in stored)
    earlier = quote_names([column.name for column in stored], "raw.")
    label = quote_text(_label(contract))
    values = ", ".join(
        f"{quote_text(name)}: {quote_name(name)}::varchar" for name in contract.column_names
    )
    return f"""create or replace temp table repeated_row as
    with delivered as (
        select row_id, row({new}) as content, to_json({{{values}}})::varchar as raw_row
        from {relation} semi join repeated_row using (row_id)
    ),
    compared as (
        select delivered.raw_row, repeated.* replace (
            delivered.content is not distinct from row({earlier}) as is_same
        )
        from repeated_row as repeated
        join delivered using (row_id)
        join {contract.raw_table} as raw
            on raw.load_id = repeated.earlier_load_id and raw.file_line = repeated.earlier_line
    )
    select *, case when is_same then [] else [{label}] end::varchar[] as row_rules from compared"""


def _move_amounts(books: Sequence[Books], sums: Sequence[TotalFigures]) -> tuple[Books, ...]:
    """The books of the control totals once amounts of repeated rows are no longer accepted."""
    return tuple(
        replace(
            book,
            accepted=total.accepted,
            collapsed=total.collapsed,
            quarantined=book.delivered - total.accepted - total.collapsed,
        )
        for book, total in zip(books, sums, strict=True)
    )
