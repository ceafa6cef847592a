"""Control totals of files with amounts that cannot be read: what they explain, and what not."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.integration.loading.good_files import make_entries

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FEED = "branch.account_balance"
MONDAY = date(2024, 1, 29)


@pytest.mark.parametrize("text", [".5 CNY", "n/a"])
def test_an_unreadable_amount_does_not_hide_a_corrupt_one_in_another_row(
    bank: Bank, text: str
) -> None:
    """The source counted 0.50 + 400.00; the file says 400,000.00 in the second row."""
    lines = [f"A1,{text}", "A2,400000.00", "A3,300.00"]
    stated = {"balance": Decimal("700.50")}
    result = bank.load(bank.deliver_lines(FEED, MONDAY, lines, totals=stated))
    assert result.status == "rejected"
    (problem,) = result.problems
    assert "balance sums to 400300.00, the control file states 700.50" in problem
    assert f"(balance '{text}') do not denote the difference of -399599.50" in problem


def test_an_unreadable_amount_that_was_not_counted_is_a_difference_too(bank: Bank) -> None:
    """The total ties only because another row is a thousand too high."""
    lines = ['A1,"1,000.00"', "A2,1400.00"]
    stated = {"balance": Decimal("1400.00")}
    result = bank.load(bank.deliver_lines(FEED, MONDAY, lines, totals=stated))
    assert result.status == "rejected"


def test_a_decimal_without_its_leading_zero_is_that_amount(bank: Bank) -> None:
    lines = ["A1,.5", "A2,-.25"]
    stated = {"balance": Decimal("0.25")}
    assert bank.load(bank.deliver_lines(FEED, MONDAY, lines, totals=stated)).problems == ()
    assert bank.query("select account_id, balance from branch.account_balance order by all") == [
        ("A1", Decimal("0.50")),
        ("A2", Decimal("-0.25")),
    ]


def test_an_amount_whose_side_cannot_be_read_is_part_of_either_total(bank: Bank) -> None:
    good = make_entries(MONDAY)
    rows = good.change(4, debit_credit="?")
    path = bank.deliver_bytes(
        good.contract.name, MONDAY, good.write(rows).encode(), rows=12, totals=good.totals
    )
    assert bank.load(path).problems == ()
    shifted = {**good.totals, "amount[debit_credit=D]": Decimal("0.01")}
    bank.restate(path, totals=shifted, business_date=MONDAY)
    bank.raw.execute("delete from ops.load")
    (problem,) = bank.load(path).problems
    assert problem.startswith("amount[debit_credit=D] sums to ")
