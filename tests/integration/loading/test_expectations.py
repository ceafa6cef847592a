from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bankcrm.errors import RejectedDelivery
from pipelines.contracts.contract import get_contract, load_contracts
from pipelines.validation.expectations import build_suite, read_frame, write_data_docs

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

MONDAY = date(2024, 1, 29)
FEED = "loan.loan_status"
FAILED_ICON = "fa-times"


def validation_page(folder: Path) -> str:
    (page,) = folder.glob("validations/**/*.html")
    return page.read_text(encoding="utf-8")


def deliver(bank: Bank, *lines: str, rows: int) -> Path:
    return bank.deliver_lines(FEED, MONDAY, list(lines), rows=rows)


def test_a_good_file_gets_a_page_that_says_so(bank: Bank, tmp_path: Path) -> None:
    path = deliver(bank, "L1|+|100.00|+|0|+|0|+|0", " L2|+|50|+|1.5|+|0|+|3", rows=2)
    index = write_data_docs(path, get_contract(FEED), tmp_path / "docs")
    assert index.is_file()
    page = validation_page(tmp_path / "docs")
    assert "fa-check-circle" in page
    assert FAILED_ICON not in page


def test_a_bad_file_gets_a_page_that_shows_the_bad_values(bank: Bank, tmp_path: Path) -> None:
    path = deliver(bank, "L1|+|1,5|+|0|+|0|+|0", "L1|+|50|+|0|+||+|3", rows=3)
    write_data_docs(path, get_contract(FEED), tmp_path / "docs")
    page = validation_page(tmp_path / "docs")
    assert page.count(FAILED_ICON) == 4 + 1  # count, key, decimal, null; and the whole
    assert "1,5" in page


def test_the_frame_holds_every_delivered_column_as_normalised_text(bank: Bank) -> None:
    content = b"teller_id|colour|teller_name|branch_id\n 007 |red||B1\n"
    path = bank.deliver_bytes("teller.teller", MONDAY, content, totals={"x": Decimal(0)})
    frame = read_frame(path, get_contract("teller.teller"))
    assert list(frame.columns) == ["teller_id", "colour", "teller_name", "branch_id"]
    assert frame.to_dict("records")[0]["teller_id"] == "007"
    assert frame["teller_name"].isna().all()


def test_a_file_that_cannot_be_split_has_no_page(bank: Bank, tmp_path: Path) -> None:
    path = deliver(bank, "L1|+|1", rows=1)
    with pytest.raises(RejectedDelivery, match="line 2: 2 fields"):
        write_data_docs(path, get_contract(FEED), tmp_path / "docs")


def test_every_contract_has_a_suite_that_covers_its_columns() -> None:
    for contract in load_contracts().values():
        suite = build_suite(contract, rows=1)
        covered = {getattr(expectation, "column", None) for expectation in suite.expectations}
        required = {column.name for column in contract.columns if not column.nullable}
        assert required <= covered
