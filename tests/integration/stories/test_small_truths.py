"""Truths of the statement that a controller tries by hand, with the figures that come out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb

Marts = duckdb.DuckDBPyConnection
JANUARY, MARCH = date(2023, 1, 31), date(2023, 3, 31)
APRIL, MAY = date(2023, 4, 30), date(2023, 5, 31)
JUNE, DECEMBER = date(2023, 6, 30), date(2023, 12, 31)


def test_an_entry_taken_back_by_a_negative_debit_is_nothing_and_one_of_6000_in_part_is_5000(
    marts: Marts,
) -> None:
    """Two withdrawals: 5,000 - 5,000 and 6,000 - 1,000."""
    query = """
        select months.frequency_count, months.monetary_amount, months.recent_transaction_count
        from fct_customer_monthly as months
        join dim_customer as customer using (customer_key)
        where customer.full_name like 'N*** F***%' and months.month_end_date = $1"""
    assert marts.execute(query, [MARCH]).fetchall() == [(1, Decimal("5000.00"), 1)]


def test_exempt_interest_bears_no_value_added_tax(marts: Marts) -> None:
    """Interest of 31 days: 374.58; / 1.06 x 6 % = 21.20, and 12 % of that 2.54."""
    query = """
        select account.account_id, profit.interest_income_amount, profit.vat_amount,
            profit.surcharge_amount
        from fct_profit_monthly as profit join dim_account as account using (account_key)
        where account.account_id in ('F2', 'F3') and profit.month_end_date = $1
        order by 1"""
    interest = Decimal("374.58")
    assert marts.execute(query, [JANUARY]).fetchall() == [
        ("F2", interest, Decimal("0.00"), Decimal("0.00")),
        ("F3", interest, Decimal("21.20"), Decimal("2.54")),
    ]


def test_a_loan_is_charged_for_the_days_on_which_it_is_owed(marts: Marts) -> None:
    """365,000 at 1.2 % x 45 % is 5.40 a day: 11 days of March, 30 of April, 10 of May.

    Capital 365,000 x 75 % x 10.5 % for 11 days is 866.25, and costs 11 %. At the end of March 72
    days are left: 1,971.00 a year x 72 / 365; a repaid loan expects nothing.
    """
    query = """
        select profit.month_end_date, profit.expected_loss_amount, profit.capital_year_amount,
            profit.capital_charge_amount, loan.expected_loss_amount,
            loan.expected_credit_loss_amount
        from fct_profit_monthly as profit
        join dim_account as account using (account_key)
        join fct_loan_monthly as loan using (account_key, month_end_date)
        where account.account_id = 'H1' and profit.month_end_date <= $1
        order by 1"""
    rows = marts.execute(query, [MAY]).fetchall()
    assert [row[:2] for row in rows] == [
        (MARCH, Decimal("59.40")),
        (APRIL, Decimal("162.00")),
        (MAY, Decimal("54.00")),
    ]
    assert rows[0][2:] == tuple(map(Decimal, ("866.25", "95.29", "59.40", "388.80")))
    assert rows[2][5] == 0


def test_a_demand_balance_is_priced_each_day_by_the_curve_of_that_day(marts: Marts) -> None:
    """100,000 at 0.20 %: 1.90 % until a curve on the 15th, 1.80 % from then on, ACT/360."""
    query = """
        select ftp_rate, ftp_amount, ftp_margin_amount from fct_account_monthly
        where account_id = 'J1' and month_end_date = $1"""
    assert marts.execute(query, [DECEMBER]).fetchall() == [
        (Decimal("0.01800000"), Decimal("158.89"), Decimal("141.67"))
    ]


def test_a_debit_card_bears_its_cost_and_is_one_open_account(marts: Marts) -> None:
    """Two minutes of a pool of 1,000.00 for 2,000 minutes: 1.00, and nothing else."""
    query = """
        select profit.end_balance, profit.expected_loss_amount, profit.capital_charge_amount,
            profit.vat_amount, profit.cost_to_serve_amount, profit.pre_tax_contribution_amount,
            months.is_open
        from fct_profit_monthly as profit
        join fct_account_monthly as months using (account_key, month_end_date)
        join dim_product as product on profit.product_key = product.product_key
        where product.product_id = 'DEBIT_CARD' and profit.month_end_date = $1"""
    nothing, cost = Decimal("0.00"), Decimal("1.00")
    assert marts.execute(query, [JUNE]).fetchall() == [
        (nothing, nothing, nothing, nothing, cost, -cost, True)
    ]
