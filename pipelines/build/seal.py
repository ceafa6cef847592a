"""The label of a version, written into its file when it is whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from bankcrm.sql import quote_text
from pipelines.build.dbt import TestResult
from pipelines.contracts.contract import load_contracts
from pipelines.contracts.dbt_sources import model_name


@dataclass(frozen=True)
class VersionLabel:
    """What a version is: its name, business date and the hash of the project that built it."""

    version: str
    business_date: date
    project_hash: str


def seal(
    build_file: Path, raw_file: Path, label: VersionLabel, tests: Sequence[TestResult] = ()
) -> None:
    """Write down what the version holds, drop what only the build needed, and checkpoint."""
    with duckdb.connect(str(build_file)) as connection:
        connection.execute(f"attach {quote_text(str(raw_file))} as raw (read_only)")
        connection.execute("create schema if not exists meta")
        _count_staged_rows(connection)
        connection.execute("drop schema if exists staging cascade")
        connection.execute("drop schema if exists dbt_test__audit cascade")
        connection.execute(
            "create or replace table meta.version as select $1::varchar as version, "
            "$2::date as business_date, (select max(load_id) from raw.ops.load) as "
            "built_through_load, $3::varchar as project_hash",
            [label.version, label.business_date, label.project_hash],
        )
        connection.execute(
            "create or replace table meta.load as select load.* from raw.ops.load as load "
            "semi join raw.ops.whole_load as counting using (load_id) order by load_id"
        )
        connection.execute(
            "create or replace table meta.customer_link as "
            "from raw.identity.link order by source_system, source_customer_id, valid_from"
        )
        connection.execute(
            "create or replace table meta.stale_feed as from raw.ops.stale_feed order by feed"
        )
        _record_tests(connection, tests)
        connection.execute("detach raw")
        connection.execute("checkpoint")


def _count_staged_rows(connection: duckdb.DuckDBPyConnection) -> None:
    """Table meta.staged: how many rows of each feed the star was built from."""
    connection.execute(
        "create or replace table meta.staged (source varchar, feed varchar, rows bigint)"
    )
    for contract in load_contracts().values():
        connection.execute(
            f"insert into meta.staged select $1, $2, count(*) from staging.{model_name(contract)}",
            [contract.source, contract.feed],
        )


def _record_tests(connection: duckdb.DuckDBPyConnection, tests: Sequence[TestResult]) -> None:
    """Table meta.test: every test of the build, with the rows it found."""
    connection.execute(
        "create or replace table meta.test (name varchar, status varchar, failures bigint)"
    )
    rows = [[test.name, test.status, test.failures] for test in tests]
    if rows:
        connection.executemany("insert into meta.test values ($1, $2, $3)", rows)
