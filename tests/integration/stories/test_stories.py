"""Nine stories of customers and managers, with the figures that must come out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from tests.integration.stories import merged_branch

Marts = duckdb.DuckDBPyConnection
Rows = list[tuple[Any, ...]]
MARCH, APRIL = date(2023, 3, 31), date(2023, 4, 30)
JUNE, JULY, AUGUST = date(2023, 6, 30), date(2023, 7, 31), date(2023, 8, 31)
SEPTEMBER, OCTOBER = date(2023, 9, 30), date(2023, 10, 31)


def test_the_profit_of_a_joint_account_follows_the_shares_of_its_owners(marts: Marts) -> None:
    """100,000 at 0.20 %, transfer price 2.10 % in January and 1.90 % from July on, ACT/360."""
    assert _profit(marts, "J1", date(2023, 1, 31)) == [
        ("A*** M***", Decimal("0.500000"), Decimal("50000.00"), Decimal("81.81")),
        ("B*** M***", Decimal("0.500000"), Decimal("50000.00"), Decimal("81.80")),
    ]
    assert _profit(marts, "J1", JULY) == [
        ("A*** M***", Decimal("0.600000"), Decimal("60000.00"), Decimal("87.83")),
        ("B*** M***", Decimal("0.400000"), Decimal("40000.00"), Decimal("58.56")),
    ]


def test_a_moved_customer_counts_where_she_was_and_where_she_is(marts: Marts) -> None:
    """50,000 at 1.90 % margin: 81.81 in 31 days, 79.17 in 30."""
    query = """
        select profit.month_end_date, customer.city, was.branch_name, was.region_name,
            now.branch_name, now.region_name, profit.ftp_margin_amount
        from fct_profit_monthly as profit
        join dim_customer as customer using (customer_key)
        join dim_branch as was using (branch_key)
        join dim_account as account using (account_durable_key)
        join dim_branch as now on account.branch_id = now.branch_id and now.is_current
        where account.account_id = 'C1' and account.is_current
            and profit.month_end_date in ($1, $2)
        order by 1"""
    assert marts.execute(query, [MARCH, APRIL]).fetchall() == [
        (MARCH, "Northtown", "Market Street", "North", "Garden", "South", Decimal("81.81")),
        (APRIL, "Southtown", "Garden", "South", "Garden", "South", Decimal("79.17")),
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


def test_a_merged_branch_stays_in_history_and_its_business_is_found_under_its_successor(
    marts: Marts,
) -> None:
    """30,000 move from Harbour to Market Street: nobody grew, and nothing is counted twice."""
    query = """
        select profit.month_end_date, was.branch_name, now.branch_name, profit.ftp_margin_amount
        from fct_profit_monthly as profit
        join dim_account as account using (account_key)
        join dim_branch as was using (branch_key)
        join dim_branch as now
            on was.current_branch_durable_key = now.branch_durable_key and now.is_current
        where account.account_id = 'F1' and profit.month_end_date in ($1, $2)
        order by 1"""
    assert marts.execute(query, [AUGUST, SEPTEMBER]).fetchall() == [
        (AUGUST, "Harbour", "Market Street", Decimal("43.92")),
        (SEPTEMBER, "Market Street", "Market Street", Decimal("42.50")),
    ]
    assert _flows(marts, "F1", merged_branch.TAKEN_OVER) == [
        ("BRANCH_IN", "Market Street", False, Decimal("30000.00")),
        ("BRANCH_OUT", "Harbour", False, Decimal("-30000.00")),
    ]


def test_a_manager_who_hands_over_half_a_book_keeps_its_growth_and_loses_its_stock(
    marts: Marts,
) -> None:
    """Two customers of 40,000 each; one of them goes to a colleague on 1 October."""
    query = """
        select kpi.month_end_date, manager.manager_name, kpi.measure_code, kpi.numerator_value
        from fct_manager_kpi as kpi
        join dim_manager as manager using (manager_key)
        where kpi.measure_code in ('DEPOSIT_STOCK', 'DEPOSIT_GROWTH')
            and manager.manager_id in ('M1', 'M2') and kpi.month_end_date in ($1, $2)
        order by 1, 2, 3 desc"""
    both, half, nothing = Decimal(80000), Decimal(40000), Decimal(0)
    assert marts.execute(query, [SEPTEMBER, OCTOBER]).fetchall() == [
        (SEPTEMBER, "Ann Reed", "DEPOSIT_STOCK", both),
        (SEPTEMBER, "Ann Reed", "DEPOSIT_GROWTH", nothing),
        (SEPTEMBER, "Ben Shaw", "DEPOSIT_STOCK", nothing),
        (SEPTEMBER, "Ben Shaw", "DEPOSIT_GROWTH", nothing),
        (OCTOBER, "Ann Reed", "DEPOSIT_STOCK", half),
        (OCTOBER, "Ann Reed", "DEPOSIT_GROWTH", nothing),
        (OCTOBER, "Ben Shaw", "DEPOSIT_STOCK", half),
        (OCTOBER, "Ben Shaw", "DEPOSIT_GROWTH", nothing),
    ]


def test_a_loan_that_was_bad_is_normal_only_after_six_months_without_arrears(marts: Marts) -> None:
    """Late from 11 January, over 90 days on 11 April, paid on 15 May, normal from 15 November."""
    query = """
        select month(loan.month_end_date), grade.risk_grade_code, loan.days_past_due,
            loan.specific_provision_amount
        from fct_loan_monthly as loan join dim_risk_grade as grade using (risk_grade_key)
        where loan.loan_id = 'L2'
        order by 1"""
    bad = [(month, "SUBSTANDARD", 0, Decimal("23000.00")) for month in range(5, 11)]
    assert marts.execute(query).fetchall() == [
        (1, "SPECIAL_MENTION", 21, Decimal("2000.00")),
        (2, "SPECIAL_MENTION", 49, Decimal("2000.00")),
        (3, "SPECIAL_MENTION", 80, Decimal("2000.00")),
        (4, "SUBSTANDARD", 110, Decimal("25000.00")),
        *bad,
        (11, "NORMAL", 0, Decimal("0.00")),
        (12, "NORMAL", 0, Decimal("0.00")),
    ]


def test_thirds_are_one_and_an_account_with_two_whole_owners_is_nobodys(marts: Marts) -> None:
    """90,000 each: the last heir by key has the millionth, and totals tie."""
    query = """
        select account.account_id, bridge.customer_durable_key = -2, bridge.weight
        from bridge_account_customer as bridge
        join dim_account as account using (account_durable_key)
        where account.is_current and account.account_id in ('T1', 'W1')
        order by 1, bridge.customer_durable_key"""
    assert marts.execute(query).fetchall() == [
        ("T1", False, Decimal("0.333333")),
        ("T1", False, Decimal("0.333333")),
        ("T1", False, Decimal("0.333334")),
        ("W1", True, Decimal(1)),
    ]
    query = """
        select account_id, sum(profit.end_balance)
        from fct_profit_monthly as profit join dim_account as account using (account_key)
        where account_id in ('T1', 'W1') and month_end_date = $1 group by all order by all"""
    assert marts.execute(query, [JUNE]).fetchall() == [
        ("T1", Decimal("90000.00")),
        ("W1", Decimal("90000.00")),
    ]


def test_a_manager_whom_a_full_snapshot_lacks_ends_on_its_date(marts: Marts) -> None:
    query = """
        select manager_id, valid_to, is_current, is_deleted from dim_manager
        where manager_id in ('M5', 'M6') order by manager_id, valid_from"""
    end, gone = date(9999, 12, 31), date(2023, 7, 1)
    assert marts.execute(query).fetchall() == [
        ("M5", end, True, False),
        ("M6", gone, False, False),
        ("M6", end, False, True),
    ]


def test_a_deposit_that_was_closed_with_a_balance_keeps_it_and_costs_nothing(marts: Marts) -> None:
    """36,000 at 1 % ACT/360 cost 1.00 a day until 30 June."""
    query = """
        select month_end_date, end_balance, interest_expense_amount, ftp_margin_amount
        from fct_account_monthly where account_id = 'N1' and month_end_date in ($1, $2)
        order by 1"""
    assert marts.execute(query, [JUNE, JULY]).fetchall() == [
        (JUNE, Decimal("36000.00"), Decimal("30.00"), Decimal("33.00")),
        (JULY, Decimal("36000.00"), Decimal("0.00"), Decimal("0.00")),
    ]


def _flows(marts: Marts, account_id: str, day: date) -> Rows:
    """Class, unit, whether it is growth, and amount of each flow of an account on a day."""
    query = """
        select class.flow_class_code, unit.branch_name, flow.is_growth, flow.flow_amount
        from fct_fund_flow as flow
        join dim_flow_class as class using (flow_class_key)
        join dim_branch as unit using (branch_key)
        join dim_account as account using (account_key)
        where account.account_id = $1 and flow.flow_date = $2
        order by 1"""
    return marts.execute(query, [account_id, day]).fetchall()


def _profit(marts: Marts, account_id: str, month_end: date) -> Rows:
    """Masked name, weight, average balance and margin of each owner of an account in a month."""
    query = """
        select regexp_replace(customer.full_name, ' [0-9]{6}$', ''), profit.weight,
            profit.average_balance, profit.ftp_margin_amount
        from fct_profit_monthly as profit
        join dim_customer as customer using (customer_key)
        join dim_account as account using (account_key)
        where account.account_id = $1 and month_end_date = $2
        order by 1"""
    return marts.execute(query, [account_id, month_end]).fetchall()
