"""Tables of schema ``identity`` in the raw database: what is known about who is who.

``decision`` holds what people decided and is only ever appended to. All others follow
from the deliveries, the decisions and the parameters; a refresh writes again what the night changed
in them, and all of it when ``linked`` says that they were made by other rules or of other loads.

No clear personal value stands here: ``name``, ``birth_date``, ``phone``, ``address`` and
``document_number`` are the tokens of their comparable form
(:mod:`pipelines.contracts.stored_columns`), and ``*_token`` names the entry of the vault.
"""

from __future__ import annotations

import duckdb

TABLES = """
create schema if not exists identity;
create table if not exists identity.source_attribute (
    load_id bigint, rules_hash varchar, source_system varchar, customer_id varchar,
    business_date date, customer_type varchar, name varchar, birth_date varchar, phone varchar,
    address varchar, city varchar, gender varchar, document_type varchar, document_number varchar,
    name_token varchar, phone_token varchar, address_token varchar, document_token varchar
);
create table if not exists identity.record (
    record_id bigint, source_system varchar, customer_id varchar, seen_from date,
    customer_type varchar, name varchar, birth_date varchar, phone varchar, address varchar,
    city varchar, gender varchar,
    document_type varchar, document_number varchar,
    name_token varchar, phone_token varchar, address_token varchar, document_token varchar
);
create table if not exists identity.document (
    source_system varchar, customer_id varchar, document_type varchar, document_number varchar,
    valid_from date, valid_to date
);
create table if not exists identity.block_key (record_id bigint, key bigint);
create table if not exists identity.compared (record_id bigint, scoring_hash varchar);
create table if not exists identity.pair (
    left_record_id bigint, right_record_id bigint, match_probability double, agrees boolean,
    reasons varchar, document varchar, contradicts boolean
);
create table if not exists identity.decision (
    decision_id bigint, pair_id varchar,
    left_system varchar, left_customer_id varchar, right_system varchar, right_customer_id varchar,
    verdict varchar, reason varchar, decided_by varchar, decided_at timestamp, business_date date
);
create table if not exists identity.candidate (
    pair_id varchar,
    left_system varchar, left_customer_id varchar, right_system varchar, right_customer_id varchar,
    match_probability double, agrees boolean, reasons varchar, seen_from date,
    left_record_id bigint, right_record_id bigint, document varchar
);
create table if not exists identity.stranger (
    document_type varchar, document_number varchar,
    left_system varchar, left_customer_id varchar, right_system varchar, right_customer_id varchar
);
create table if not exists identity.placeholder (
    document_type varchar, document_number varchar, is_crowded boolean
);
create table if not exists identity.edge (
    left_system varchar, left_customer_id varchar, right_system varchar, right_customer_id varchar,
    match_rule varchar, match_probability double, valid_from date, valid_to date,
    document_type varchar, document_number varchar
);
create table if not exists identity.linked (
    rules_hash varchar, loads_hash varchar, decision_id bigint
);
create table if not exists identity.link (
    source_system varchar, source_customer_id varchar,
    survivor_system varchar, survivor_customer_id varchar,
    match_rule varchar, match_confidence decimal(9,6),
    valid_from date, valid_to date, is_current boolean
);
"""

RENAMINGS = {
    ("said", "load_id"): "rename to source_attribute",
    ("link", "founder_system"): "rename founder_system to survivor_system",
    ("link", "founder_customer_id"): "rename founder_customer_id to survivor_customer_id",
}
"""Tables and columns of earlier databases, and how they come to their names of today."""


ADDITIONS = {
    "source_attribute": ("document_token varchar",),
    "record": ("document_type varchar", "document_number varchar", "document_token varchar"),
    "pair": ("document varchar", "contradicts boolean"),
    "candidate": ("document varchar",),
}
"""Columns that an earlier database lacks. They stand last, as they do in no new database, so rows
are inserted by name."""


def create_identity_schema(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing in the current database, and rename what had another name."""
    known = set(
        connection.execute(
            """select table_name, column_name from duckdb_columns()
            where schema_name = 'identity' and database_name = current_database()"""
        ).fetchall()
    )
    for (table, column), renaming in RENAMINGS.items():
        if (table, column) in known:
            connection.execute(f"alter table identity.{table} {renaming}")
    connection.execute(TABLES)
    for table, columns in ADDITIONS.items():
        for column in columns:
            connection.execute(f"alter table identity.{table} add column if not exists {column}")


def pair_id_sql(left_system: str, left_id: str, right_system: str, right_id: str) -> str:
    """SQL of the short, lasting name of a pair of customers; the left one sorts first.

    Args:
        left_system: SQL expressions of the two customers' systems and ids.
        left_id: see above.
        right_system: see above.
        right_id: see above.
    """
    parts = " || '|' || ".join((left_system, left_id, right_system, right_id))
    return f"left(md5({parts}), 10)"
