"""What failed in a build, as the operator reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.build.failures import find_failures

LEDGER = "test.bankcrm.subledger_equals_general_ledger"


@pytest.fixture
def build_file(tmp_path: Path) -> Path:
    path = tmp_path / "build.duckdb"
    duckdb.connect(str(tmp_path / "raw.duckdb")).close()
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table breaks as select date '2024-01-31' as month_end_date, 'B' || n as unit,"
            " 1.10::decimal(18, 2) as amount, null as ledger from range(5) as t(n)"
        )
    return path


def describe(build_file: Path, unique_id: str, **fields: Any) -> str:
    result: dict[str, Any] = {
        "unique_id": unique_id,
        "status": "fail",
        "message": "Got 5 results, configured to",
    }
    result |= {
        "message": "Got 5 results",
        "failures": 5,
        "compiled_code": "select * from breaks -- all of them",
    } | fields
    passed = {"unique_id": "model.bankcrm.fine", "status": "success", "message": "OK"}
    (failure,) = find_failures([passed, result], build_file, build_file.with_name("raw.duckdb"))
    return failure.describe()


def test_an_identity_that_fails_is_told_with_its_first_rows_and_their_date(
    build_file: Path,
) -> None:
    assert describe(build_file, LEDGER) == (
        "subledger_equals_general_ledger found 5 rows: "
        "month_end_date 2024-01-31, unit B0, amount 1.10, ledger none; "
        "month_end_date 2024-01-31, unit B1, amount 1.10, ledger none; "
        "month_end_date 2024-01-31, unit B2, amount 1.10, ledger none; and 2 more"
    )


def test_rows_of_tests_of_single_columns_are_only_counted(build_file: Path) -> None:
    assert describe(build_file, "test.bankcrm.unique_dim_customer.a1b2", failures=1) == (
        "unique_dim_customer found 1 row"
    )


def test_an_error_is_told_in_the_words_of_dbt(build_file: Path) -> None:
    told = describe(build_file, LEDGER, status="error", message="Catalog Error:\n  no  table")
    assert told == "subledger_equals_general_ledger: Catalog Error: no table"
    told = describe(build_file, "model.bankcrm.fct_x", status="error", message="Binder Error")
    assert told == "fct_x: Binder Error"


def test_a_build_that_cannot_be_read_any_more_leaves_the_count(build_file: Path) -> None:
    build_file.write_bytes(b"torn")
    assert describe(build_file, LEDGER) == "subledger_equals_general_ledger found 5 rows"
