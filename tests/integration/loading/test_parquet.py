"""Parquet files: read by name and type, and rejected where they differ from the contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from bankcrm.files import hash_file

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FEED = "branch.account_balance"
MONDAY = date(2024, 1, 29)


def test_parquet_files_are_loaded_by_name_and_type(bank: Bank) -> None:
    path = _write_parquet(bank, "select 'A1' as account_id, 10::decimal(18,2) as balance")
    assert bank.load(path).problems == ()
    assert bank.query("select account_id, balance, file_line from branch.account_balance") == [
        ("A1", 10, 1)
    ]


def test_a_parquet_column_of_another_type_is_rejected(bank: Bank) -> None:
    path = _write_parquet(bank, "select 1 as account_id, 1000 as balance")
    assert bank.load(path).problems == (
        "column account_id is integer, the contract says varchar: write it as a string; a number"
        " has lost the zeros in front of an id",
        "column balance is integer, the contract says decimal(18,2): write it as decimal(18,2);"
        " a whole number may be cents",
    )


def test_a_parquet_file_without_footer_is_rejected(bank: Bank) -> None:
    path = bank.deliver_bytes(FEED, MONDAY, b"PAR1 and nothing else", suffix=".parquet")
    assert bank.load(path).status == "rejected"


def _write_parquet(bank: Bank, query: str) -> Path:
    path = bank.deliver_bytes(
        FEED, MONDAY, b"", suffix=".parquet", rows=1, totals={"balance": Decimal(10)}
    )
    duckdb.execute(f"copy ({query}) to '{path}' (format parquet)")
    bank.restate(path, sha256=hash_file(path))
    return path
