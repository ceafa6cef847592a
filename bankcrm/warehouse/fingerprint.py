"""Fingerprints of tables and of files: equal ones mean the same rows, the same bytes."""

from __future__ import annotations

import duckdb

DBT_SCHEMAS = ("parameters", "intermediate", "marts")
BUILT_SCHEMAS = (*DBT_SCHEMAS, "rollup")
"""What a refresh builds: the tables of dbt, and the rollups of the cubes."""


def fingerprint_tables(
    connection: duckdb.DuckDBPyConnection, schemas: tuple[str, ...] = BUILT_SCHEMAS
) -> dict[str, tuple[int, int]]:
    """Row count and order-independent hash of every table of some schemas.

    Returns:
        By ``schema.table``: the number of rows, and the sum of the hashes of its rows, in which a
        row that occurs twice counts twice.
    """
    tables = connection.execute(
        """select schema_name, table_name from duckdb_tables()
        where list_contains($1, schema_name) and database_name = current_database()
        order by all""",
        [list(schemas)],
    ).fetchall()
    return {
        f"{schema}.{table}": fingerprint_table(connection, f'"{schema}"."{table}"')
        for schema, table in tables
    }


def fingerprint_table(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int]:
    """Row count and order-independent hash of one table, named as SQL names it."""
    statement = f"select count(*), coalesce(sum(hash(rows)::hugeint), 0) from {table} as rows"
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0], row[1]
