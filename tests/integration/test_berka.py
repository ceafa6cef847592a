"""The PKDD'99 bank from its files to the marts: whole, and equal to the haler."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from tests.tools import find_berka, require


@pytest.fixture(scope="module")
def published(berka_bank: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_published(berka_bank) as connection:
        yield connection


@pytest.fixture(scope="module")
def file_rows() -> list[dict[str, str]]:
    with (require(find_berka) / "trans.asc").open(encoding="ascii", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def test_every_transaction_account_loan_and_card_is_in_the_marts(
    published: duckdb.DuckDBPyConnection,
) -> None:
    members = published.execute(
        """select account_type, count(*) from marts.dim_account
        where is_current and account_type is not null group by all order by all"""
    ).fetchall()
    assert members == [("CARD", 6), ("DEPOSIT", 1229), ("LOAN", 37)]
    entries = published.execute("select count(*) from marts.fct_transaction").fetchone()
    assert entries == (46_997,)


def test_credits_and_debits_equal_those_of_the_file_to_the_haler(
    published: duckdb.DuckDBPyConnection, file_rows: list[dict[str, str]]
) -> None:
    credit = sum(Decimal(r["amount"]) for r in file_rows if r["type"] == "PRIJEM")
    debit = sum(Decimal(r["amount"]) for r in file_rows if r["type"] != "PRIJEM")
    sums = published.execute(
        """select sum(amount) filter (debit_credit = 'C'), sum(amount) filter (debit_credit = 'D')
        from marts.fct_transaction"""
    ).fetchone()
    assert sums == (credit, debit)


def test_end_of_day_balances_equal_the_entries_but_for_the_rounding_of_the_file(
    published: duckdb.DuckDBPyConnection,
) -> None:
    """The file rounds each running balance to 0.10: a day may be off by 0.10 for each entry."""
    row = published.execute(
        """with days as (
            select account_durable_key, value_date as day, sum(signed_amount) as change,
                count(*) as entries
            from marts.fct_transaction group by all
        ), chained as (
            select days.*, spans.balance - coalesce(before.balance, 0) - change as difference
            from days
            inner join intermediate.int_balances__spans as spans
                on days.account_durable_key = spans.account_durable_key
                and days.day >= spans.valid_from and days.day < spans.valid_to
            left join intermediate.int_balances__spans as before
                on days.account_durable_key = before.account_durable_key
                and days.day - 1 >= before.valid_from and days.day - 1 < before.valid_to
        )
        select count(*), count(*) filter (difference = 0),
            count(*) filter (difference <> 0 and abs(difference) <= 0.10 * entries)
        from chained"""
    ).fetchone()
    assert row is not None
    days, exact, rounded = row
    assert (days, exact, rounded) == (38_821, 36_880, 1_941)


def test_what_the_bank_does_not_tell_is_unknown_and_not_invented(
    published: duckdb.DuckDBPyConnection,
) -> None:
    row = published.execute(
        """select count(*) filter (has_ftp_margin), count(ftp_margin_amount),
            count(*) filter (manager_key <> -1)
        from marts.fct_account_monthly"""
    ).fetchone()
    assert row == (0, 0, 0)
    entries = published.execute(
        """select count(*) filter (channel_key <> -1), count(*) filter (teller_key <> -1)
        from marts.fct_transaction"""
    ).fetchone()
    assert entries == (0, 0)
