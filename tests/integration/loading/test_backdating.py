"""The earliest date a load changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

PARTY = "branch.account_party"
FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)
KNOWN = "A1,C1,OWNER,1.0,2024-01-10,2024-02-20"


@pytest.mark.parametrize(
    ("line", "touched"),
    [
        ("A1,C1,OWNER,1.0,2024-01-10,2024-02-20", SECOND),
        ("A1,C1,OWNER,1.0,2024-01-10,2024-02-25", date(2024, 2, 20)),
        ("A1,C1,OWNER,1.0,2024-01-10,2024-02-15", date(2024, 2, 15)),
        ("A1,C1,OWNER,1.0,2024-01-10,", date(2024, 2, 20)),
        ("A1,C1,JOINT,1.0,2024-01-10,2024-02-20", date(2024, 1, 10)),
        ("A2,C1,OWNER,1.0,2024-01-05,", date(2024, 1, 5)),
        ("A2,C1,OWNER,1.0,2024-03-05,", SECOND),
        ("A2,C1,OWNER,x,2024-01-05,", SECOND),
    ],
)
def test_a_back_dated_row_touches_the_date_from_which_it_says_something_new(
    bank: Bank, line: str, touched: date
) -> None:
    bank.load(bank.deliver_lines(PARTY, FIRST, [KNOWN]))
    result = bank.load(bank.deliver_lines(PARTY, SECOND, [line], sequence=2))
    assert result.earliest_affected_date == touched
    assert bank.query("select earliest_affected_date from ops.load where load_id = 2") == [
        (touched,)
    ]


def test_the_last_delivered_row_of_a_key_is_the_one_to_differ_from(bank: Bank) -> None:
    bank.load(bank.deliver_lines(PARTY, FIRST, ["A1,C1,JOINT,1.0,2024-01-10,2024-02-20"]))
    bank.load(bank.deliver_lines(PARTY, SECOND, [KNOWN], sequence=2))
    third = bank.deliver_lines(PARTY, date(2024, 3, 3), [KNOWN], sequence=3)
    assert bank.load(third).earliest_affected_date == date(2024, 3, 3)


def test_a_rerun_touches_at_least_what_the_superseded_load_touched(bank: Bank) -> None:
    bank.load(bank.deliver_lines(PARTY, FIRST, [KNOWN]))
    rerun = bank.deliver_lines(PARTY, FIRST, ["A9,C1,OWNER,1.0,2024-02-01,"], rerun=1)
    assert bank.load(rerun).earliest_affected_date == date(2024, 1, 10)


def test_rows_of_a_superseded_load_are_no_history(bank: Bank) -> None:
    bank.load(bank.deliver_lines(PARTY, FIRST, [KNOWN]))
    bank.load(bank.deliver_lines(PARTY, FIRST, ["A9,C1,OWNER,1.0,2024-02-28,"], rerun=1))
    second = bank.deliver_lines(PARTY, SECOND, [KNOWN], sequence=2)
    assert bank.load(second).earliest_affected_date == date(2024, 1, 10)


def test_a_back_valued_entry_touches_its_posting_date(bank: Bank) -> None:
    fields = "A1|2024-02-27||TRANSFER|ATM|||C|5.00|0|CNY||"
    totals = {
        "amount": Decimal(5),
        "amount[debit_credit=D]": Decimal(0),
        "amount[debit_credit=C]": Decimal(5),
        "fee_amount": Decimal(0),
    }
    path = bank.deliver_lines("teller.transaction", FIRST, [f"T1|{fields}"], totals=totals)
    assert bank.load(path).earliest_affected_date == date(2024, 2, 27)


def test_a_feed_without_effective_dates_touches_its_business_date(bank: Bank) -> None:
    path = bank.deliver_lines("teller.teller", FIRST, ["T1|Ann|B1"])
    assert bank.load(path).earliest_affected_date == FIRST
