"""Optional fields that break a rule: the field is left empty and counted, its row is accepted.

Only columns that the contract calls ``optional``: a birth date of 31 February must not cost the
bank a customer. A row that breaks any other rule besides is quarantined whole.
"""

from __future__ import annotations

import duckdb

from bankcrm.sql import quote_name, quote_text
from pipelines.contracts.contract import Contract
from pipelines.validation.remedies import remedy_of
from pipelines.validation.row_rules import column_rules

LEAVE_EMPTY = """
create or replace temp table nulled_field as
select row_id, raw_row, unnest(row_rules) as rule from disposition
where list_has_all([{labels}]::varchar[], row_rules)"""

ACCEPT = """
update checked_row set raw_row = null where rowid in (select row_id from nulled_field);
delete from disposition where row_id in (select row_id from nulled_field)"""


def leave_fields_empty(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Accept the bad rows that only break rules of optional columns, without these fields.

    Leaves the temporary table ``nulled_field`` with row, delivered fields and rule of each.

    Args:
        connection: it holds the tables ``checked_row`` and ``disposition`` of the file.
        contract: feed of the file.
    """
    optional = [column for column in contract.columns if column.optional]
    labels = ", ".join(
        quote_text(rule.label) for column in optional for rule in column_rules(column)
    )
    connection.execute(LEAVE_EMPTY.format(labels=labels))
    for column in optional:
        connection.execute(
            f"update checked_row set {quote_name(column.name)} = null where rowid in ("
            f"select row_id from nulled_field where starts_with(rule, '{column.name}: '))"
        )
    if optional:
        connection.execute(ACCEPT)


def count_nulled_fields(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Number of fields that were left empty, by rule."""
    rows = connection.execute(
        "select rule, count(*) from nulled_field group by rule order by rule"
    ).fetchall()
    return dict(rows)


def describe_nulled_fields(
    connection: duckdb.DuckDBPyConnection, contract: Contract, relation: str
) -> tuple[str, ...]:
    """What was left empty, rule by rule, with the first line and the remedy."""
    rows = connection.execute(
        f"""select rule, count(*), min(file_line) from nulled_field
        join (select row_id, file_line from {relation}) using (row_id)
        group by rule order by rule"""
    ).fetchall()
    return tuple(
        f"{rule}: {fields:,} optional field{'s' if fields > 1 else ''} left empty, the first on"
        f" line {line:,}. {remedy_of(contract, rule)}"
        for rule, fields, line in rows
    )


def store_nulled_fields(connection: duckdb.DuckDBPyConnection, relation: str, load_id: int) -> None:
    """Copy the temporary table ``nulled_field`` of a file into ``ops.nulled_field``."""
    connection.execute(
        f"""insert into ops.nulled_field (load_id, file_line, rule)
        select {load_id}, file_line, rule from nulled_field
        join (select row_id, file_line from {relation}) using (row_id) order by all"""
    )
