"""Tables of the raw database: one per feed, and the books of the loader in schema ``ops``.

No table holds a clear personal value: see :mod:`pipelines.contracts.stored_columns`. ``ops.vault``
names the vault to which the tokens belong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import duckdb

from bankcrm.errors import ContractError
from bankcrm.sql import quote_name
from bankcrm.transactions import transaction
from pipelines.contracts.contract import Contract
from pipelines.contracts.stored_columns import stored_columns

LINEAGE = {"load_id": "bigint", "file_line": "bigint", "business_date": "date"}
"""Columns that every raw table carries beside those of its contract."""

BOOKS = """
create schema if not exists ops;
create table if not exists ops.load (
    load_id bigint primary key, source varchar, feed varchar, file_name varchar,
    business_date date, sequence integer, rerun integer, schema_version integer,
    status varchar, superseded_by bigint,
    rows_delivered bigint, rows_accepted bigint, rows_quarantined bigint, rows_collapsed bigint,
    sha256 varchar, earliest_affected_date date, problem varchar, loaded_at timestamp
);
create table if not exists ops.load_total (
    load_id bigint, label varchar, delivered decimal(38,2), accepted decimal(38,2),
    quarantined decimal(38,2), collapsed decimal(38,2)
);
create table if not exists ops.quarantine (
    load_id bigint, file_line bigint, row_token varchar, holder varchar, rules varchar[],
    source varchar, feed varchar, business_date date
);
create table if not exists ops.nulled_field (load_id bigint, file_line bigint, rule varchar);
create table if not exists ops.repeated_row (
    load_id bigint, file_line bigint, earlier_load_id bigint, earlier_line bigint, is_same boolean
);
create table if not exists ops.check_result (
    rule varchar, load_id bigint, compared bigint, failed bigint
);
create table if not exists ops.vault (fingerprint varchar);
create view if not exists ops.active_load as
    select * from ops.load where status = 'loaded' and superseded_by is null;
"""

RENAMES = """
drop view if exists ops.whole_load;
drop view if exists ops.stale_feed;
drop view if exists ops.active_load;
alter table ops.load rename column touches_from to earliest_affected_date;
alter table if exists ops.horizon rename to complete_through;
"""
"""Brings the ``ops`` tables of an earlier release to the names of this one; the views over them are
created again."""


def raw_columns(contract: Contract) -> dict[str, str]:
    """Columns of a raw table with their SQL types, in order."""
    return {stored.name: stored.sql_type for stored in stored_columns(contract)} | LINEAGE


def create_raw_schema(connection: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> None:
    """Create what is missing in the current database and add columns that contracts gained.

    A raw database of an earlier release is brought to the names of this one.

    Raises:
        ContractError: when a contract changed the type of a column that is already stored.
    """
    if "touches_from" in _stored_columns(connection)["ops", "load"]:
        with transaction(connection):
            connection.execute(RENAMES)
    connection.execute(BOOKS)
    stored = _stored_columns(connection)
    statements = []
    for contract in contracts:
        known = stored[contract.source, contract.feed]
        statements += _migrations(contract, known) if known else _creations(contract)
    if statements:
        connection.execute(";".join(statements))


def _stored_columns(
    connection: duckdb.DuckDBPyConnection,
) -> dict[tuple[str, str], dict[str, str]]:
    stored: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    rows = connection.execute(
        "select schema_name, table_name, column_name, lower(data_type) from duckdb_columns()"
        " where database_name = current_database()"
    ).fetchall()
    for schema, table, column, data_type in rows:
        stored[schema, table][column] = data_type
    return stored


def _creations(contract: Contract) -> list[str]:
    columns = ", ".join(f"{quote_name(n)} {t}" for n, t in raw_columns(contract).items())
    return [
        f"create schema if not exists {quote_name(contract.source)}",
        f"create table {contract.raw_table} ({columns})",
    ]


def _migrations(contract: Contract, known: dict[str, str]) -> list[str]:
    statements = []
    for name, sql_type in raw_columns(contract).items():
        if name not in known:
            statements.append(
                f"alter table {contract.raw_table} add column {quote_name(name)} {sql_type}"
            )
        elif known[name] != sql_type:
            raise ContractError(
                f"{contract.name}.{name} is stored as {known[name]}, the contract says {sql_type}",
                "Give the changed column a new name; stored deliveries keep their type.",
            )
    return statements
