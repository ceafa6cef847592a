from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bankcrm.errors import BankcrmError
from pipelines.contracts.contract import get_contract
from pipelines.landing.control import control_path
from pipelines.validation.check import check_file

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

MONDAY = date(2024, 1, 29)
FEED = "branch.account_balance"


def test_a_good_file_is_fit(bank: Bank) -> None:
    path = bank.deliver_lines(FEED, MONDAY, ["A1,1.00"], totals={"balance": Decimal(1)})
    report = check_file(path)
    assert report.is_fit
    assert (report.contract.name, report.business_date) == (FEED, MONDAY)
    assert report.totals[0].accepted == 1


STATED = {"balance": Decimal(4)}


def test_everything_wrong_is_told_at_once_with_lines(bank: Bank) -> None:
    path = bank.deliver_lines(FEED, MONDAY, ["A1,1.00", "A2,x", ",3.00"], rows=4, totals=STATED)
    report = check_file(path)
    assert not report.is_fit
    assert report.problems == ("has 3 rows, the control file states 4",)
    assert [(row.file_line, row.rules) for row in report.bad_rows] == [
        (3, ("balance: bad_decimal",)),
        (4, ("account_id: null_not_allowed",)),
    ]
    assert report.bad_rows[0].fields["balance"] == "x"


def test_without_a_control_file_a_warning_says_what_was_not_compared(bank: Bank) -> None:
    path = bank.deliver_lines(FEED, MONDAY, ["A1,1.00"])
    control_path(path).unlink()
    report = check_file(path)
    assert report.is_fit
    assert not report.has_control
    assert "totals and hash were not compared" in report.warnings[0]


def test_a_file_that_cannot_be_split_is_reported(bank: Bank) -> None:
    path = bank.deliver_bytes(FEED, MONDAY, b"account_id;balance\nA1;1.00\n")
    report = check_file(path)
    assert report.rows is None
    assert "fields are separated by ';'" in report.problems[0]


def test_a_broken_control_file_is_a_problem(bank: Bank) -> None:
    path = bank.deliver_lines(FEED, MONDAY, ["A1,1.00"])
    control_path(path).write_text("{}")
    assert "is no control file" in check_file(path).problems[0]


def test_a_file_outside_the_landing_folder_needs_its_feed_or_a_telling_name(bank: Bank) -> None:
    path = bank.deliver_lines(FEED, MONDAY, ["A1,1.00"])
    elsewhere = bank.settings.home / "account_balance_2024-01-29_r0.csv"
    anonymous = bank.settings.home / "mine.csv"
    for copy in (elsewhere, anonymous):
        copy.write_bytes(path.read_bytes())
    assert check_file(elsewhere).contract.name == FEED
    with pytest.raises(BankcrmError, match="which feed mine"):
        check_file(anonymous)
    report = check_file(anonymous, get_contract(FEED))
    assert "deliver it as account_balance_<business date>_r<rerun>" in report.warnings[0]


def test_a_missing_file_is_an_error(bank: Bank) -> None:
    with pytest.raises(BankcrmError, match="no file"):
        check_file(bank.settings.home / "nothing.csv")
