"""Rows out of quarantine: corrected, they are delivered again and keep their history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bankcrm.errors import BankcrmError
from pipelines.contracts.contract import get_contract
from pipelines.loading.quarantine import list_quarantine, read_fields
from pipelines.loading.release import find_quarantined, release_rows, write_corrections

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FEED = "branch.account_balance"
MONDAY = date(2024, 1, 29)
ROWS = ["A1,10.50", "A2,1.5E2", "A3,-3.00", '"A,4","1,234.56"']
Balances = Callable[..., str]


@pytest.fixture
def corrections(bank: Bank, tmp_path: Path) -> Path:
    """A night with two bad rows, and the file in which they are to be corrected."""
    path = bank.deliver_lines(FEED, MONDAY, ROWS, totals={"balance": "1392.06"})
    assert bank.load(path).rows_quarantined == 2
    contract = get_contract(FEED)
    file = tmp_path / "bad rows.csv"
    rows = read_fields(bank.raw, find_quarantined(bank.raw, contract, MONDAY))
    write_corrections(rows, contract, file)
    return file


def test_the_file_to_be_corrected_holds_the_rows_as_delivered(corrections: Path) -> None:
    assert corrections.read_text(encoding="utf-8").splitlines() == [
        "file_line,account_id,balance",
        "3,A2,1.5E2",
        '5,"A,4","1,234.56"',
    ]


def test_corrected_rows_are_loaded_by_a_rerun_and_the_books_balance(
    bank: Bank, corrections: Path
) -> None:
    text = corrections.read_text(encoding="utf-8")
    corrections.write_text(text.replace("1.5E2", "150.00").replace("1,234.56", "1234.56"))
    release = release_rows(bank.settings, bank.raw, get_contract(FEED), MONDAY, corrections)
    assert (release.data_file.name, release.rows, release.corrected) == (
        "account_balance_2024-01-29_r1.csv", 4, 2,
    )  # fmt: skip

    result = bank.load(release.data_file)
    assert (result.status, result.rows_accepted, result.rows_quarantined) == ("loaded", 4, 0)
    balances = bank.query(
        "select account_id, balance::varchar from branch.account_balance"
        " join ops.active_load using (load_id) order by file_line"
    )
    assert balances == [("A1", "10.50"), ("A2", "150.00"), ("A3", "-3.00"), ("A,4", "1234.56")]
    bank.assert_books_balance()
    history = [(row.file_line, row.is_active) for row in list_quarantine(bank.raw)]
    assert history == [(3, False), (5, False)]
    with pytest.raises(BankcrmError, match="No row"):
        find_quarantined(bank.raw, get_contract(FEED), MONDAY)


def test_a_row_that_is_not_corrected_goes_back_into_quarantine(
    bank: Bank, corrections: Path
) -> None:
    corrections.write_text("file_line,account_id,balance\n3,A2,150.00\n")
    release = release_rows(bank.settings, bank.raw, get_contract(FEED), MONDAY, corrections)
    result = bank.load(release.data_file)
    assert (result.rows_accepted, result.rows_quarantined) == (3, 1), result.problems
    bank.assert_books_balance()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("account_id,balance\nA2,1\n", "other columns"),
        ("file_line,account_id,balance\n2,A1,1\n", "not in quarantine"),
        ("file_line,account_id,balance\n3,A2,1\n3,A2,2\n", "twice"),
        ("file_line,account_id,balance\nx,A2,1\n", "not in quarantine"),
    ],
)
def test_corrections_that_do_not_fit_change_nothing(
    bank: Bank, corrections: Path, content: str, problem: str
) -> None:
    corrections.write_text(content)
    with pytest.raises(BankcrmError, match=problem):
        release_rows(bank.settings, bank.raw, get_contract(FEED), MONDAY, corrections)
    assert len(list(bank.settings.landing_folder.rglob("*_r1*"))) == 0
