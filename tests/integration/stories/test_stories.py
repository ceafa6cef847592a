"""Seven stories of customers and managers, with the figures that must come out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

Marts = duckdb.DuckDBPyConnection
Rows = list[tuple[Any, ...]]
MARCH, APRIL = date(2023, 3, 31), date(2023, 4, 30)
JUNE, JULY = date(2023, 6, 30), date(2023, 7, 31)


def test_the_profit_of_a_joint_account_follows_the_shares_of_its_owners(marts: Marts) -> None:
    """100,000 at 0.20 %, transfer price 2.10 % in January and 1.90 % from July on, ACT/360."""
    assert _profit(marts, "J1", date(2023, 1, 31)) == [
        ("Ada Moss", Decimal("0.500000"), Decimal("50000.00"), Decimal("81.81")),
        ("Bert Moss", Decimal("0.500000"), Decimal("50000.00"), Decimal("81.80")),
    ]
    assert _profit(marts, "J1", JULY) == [
        ("Ada Moss", Decimal("0.600000"), Decimal("60000.00"), Decimal("87.83")),
        ("Bert Moss", Decimal("0.400000"), Decimal("40000.00"), Decimal("58.56")),
    ]


def test_a_moved_customer_counts_where_she_was_and_where_she_is(marts: Marts) -> None:
    """50,000 at 1.90 % margin: 81.81 in 31 days, 79.17 in 30."""
    query = """
        select profit.month_end_date, customer.city, was.branch_name, account_now.branch_name
        , profit.ftp_margin_amount
        from fct_profit_monthly as profit
        join dim_customer as customer using (customer_key)
        join dim_branch as was on profit.branch_key = was.branch_key
        join (
            select account.account_durable_key, branch.branch_name
            from fct_profit_monthly as account
            join dim_branch as branch using (branch_key)
            where month_end_date = date '2023-12-31'
        ) as account_now on profit.account_durable_key = account_now.account_durable_key
        join dim_account as account on profit.account_key = account.account_key
        where account.account_id = 'C1' and profit.month_end_date in ($1, $2)
        order by 1"""
    assert marts.execute(query, [MARCH, APRIL]).fetchall() == [
        (MARCH, "Northtown", "Market Street", "Garden", Decimal("81.81")),
        (APRIL, "Southtown", "Garden", "Garden", Decimal("79.17")),
    ]


def test_a_repriced_loan_takes_the_curve_of_its_last_repricing(marts: Marts) -> None:
    """100,000 at 4.35 % against 2.10 % for a year; from July on 4.10 % against 1.90 %."""
    query = """
        select month_end_date, interest_rate, ftp_rate, interest_income_amount, ftp_margin_amount
        from fct_account_monthly
        where account_id = 'L1' and month_end_date in ($1, $2)
        order by 1"""
    rates = [(Decimal("0.0435"), Decimal("0.0210")), (Decimal("0.0410"), Decimal("0.0190"))]
    assert marts.execute(query, [JUNE, JULY]).fetchall() == [
        (JUNE, *rates[0], Decimal("362.50"), Decimal("187.50")),
        (JULY, *rates[1], Decimal("353.06"), Decimal("189.44")),
    ]


def _profit(marts: Marts, account_id: str, month_end: date) -> Rows:
    """Name, weight, average balance and margin of each owner of an account in a month."""
    query = """
        select customer.full_name, profit.weight, profit.average_balance, profit.ftp_margin_amount
        from fct_profit_monthly as profit
        join dim_customer as customer using (customer_key)
        join dim_account as account using (account_key)
        where account.account_id = $1 and month_end_date = $2
        order by 1"""
    return marts.execute(query, [account_id, month_end]).fetchall()
