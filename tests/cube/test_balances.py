"""Balances sum over accounts, never over months, at every level of time and under every filter."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Load = Callable[..., dict[str, Any]]
Sql = Callable[..., list[tuple[Any, ...]]]

MONTH = "balances.month_end_date"
END = "balances.deposit_end_balance"
OPENING = "balances.deposit_opening_balance"
AVERAGE = "balances.deposit_average_balance"
INCOME = "balances.interest_income_amount"
BRANCH = "balances.branch_name"


def by_period(load: Load, granularity: str, measures: list[str], **others: object) -> list[Any]:
    time = [{"dimension": MONTH, "granularity": granularity}]
    rows = load({"measures": measures, "timeDimensions": time, **others})["data"]
    return [tuple(row[name] for name in measures) for row in rows]


@pytest.mark.parametrize("granularity", ["month", "quarter", "year"])
def test_the_end_balance_of_a_period_is_that_of_its_last_month(
    load: Load, sql: Sql, granularity: str
) -> None:
    expected = sql(
        f"""
        with periods as (
            select month_end_date, date_trunc('{granularity}', month_end_date) p,
                max(month_end_date) over (partition by p) l,
                min(month_end_date) over (partition by p) f,
                account_type, end_balance, opening_balance, interest_income_amount income
            from fct_account_monthly
        )
        select sum(end_balance) filter (account_type = 'DEPOSIT' and month_end_date = l),
            sum(opening_balance)
            filter (account_type = 'DEPOSIT' and month_end_date = f), sum(income)
        from periods group by p order by p
        """
    )
    assert by_period(load, granularity, [END, OPENING, INCOME]) == [
        tuple(str(value) for value in row) for row in expected
    ]


@pytest.mark.parametrize("kind", ["end", "opening", "average"])
def test_what_customers_keep_and_what_they_owe_are_never_one_figure(
    load: Load, sql: Sql, kind: str
) -> None:
    sides = {"deposit": "account_type = 'DEPOSIT'", "lending": "account_type <> 'DEPOSIT'"}
    members = {side: f"balances.{side}_{kind}_balance" for side in sides}
    period = {"dimension": MONTH, "dateRange": ["2024-03-01", "2024-03-31"]}
    [row] = load({"measures": list(members.values()), "timeDimensions": [period]})["data"]
    for side, condition in sides.items():
        [[expected]] = sql(
            f"select sum({kind}_balance) from fct_account_monthly "
            f"where {condition} and month_end_date = '2024-03-31'"
        )
        assert round(Decimal(row[members[side]]), 2) == expected


def test_a_product_that_customers_keep_has_no_balance_that_they_owe(load: Load) -> None:
    members = ["balances.deposit_end_balance", "balances.lending_end_balance"]
    rows = load({"measures": members, "dimensions": ["balances.pillar"]})["data"]
    known = {row["balances.pillar"]: [row[name] is not None for name in members] for row in rows}
    assert known == {"LIABILITY": [True, False], "ASSET": [False, True]}


@pytest.mark.parametrize("granularity", ["month", "quarter", "year"])
def test_accounts_are_counted_while_they_are_open_and_at_the_end_of_a_period(
    load: Load, sql: Sql, granularity: str
) -> None:
    measures = ["balances.open_account_count", "balances.account_count"]
    expected = sql(
        f"""
        with periods as (
            select *, date_trunc('{granularity}', month_end_date) p,
                max(month_end_date) over (partition by p) l
            from fct_account_monthly
        )
        select count(*) filter (is_open and month_end_date = l),
            count(distinct account_durable_key)
        from periods group by p order by p
        """
    )
    assert any(still_open < ever for still_open, ever in expected)
    assert by_period(load, granularity, measures) == [
        tuple(str(value) for value in row) for row in expected
    ]


def test_without_a_period_the_balance_is_the_latest(load: Load, sql: Sql) -> None:
    latest = "where month_end_date = '2024-06-30'"
    expected = sql(
        f"select sum(end_balance) filter (account_type = 'DEPOSIT') from "
        f"fct_account_monthly {latest}"
    )[0][0]
    assert load({"measures": [END]})["data"] == [{END: str(expected)}]


def test_who_has_no_row_in_the_last_month_counts_as_nothing(load: Load) -> None:
    rows = load(
        {
            "measures": [END],
            "dimensions": [BRANCH],
            "timeDimensions": [{"dimension": MONTH, "dateRange": "2024-06-30"}],
        }
    )["data"]
    assert {row[BRANCH] for row in rows} == {"Branch 1", "Branch 2"}
    everything = load({"measures": [END], "dimensions": [BRANCH]})["data"]
    assert {row[BRANCH]: row[END] for row in everything}["Branch 3"] is None


def test_branches_add_up_to_the_bank_and_quarters_to_their_last_month(load: Load) -> None:
    period = {"dimension": MONTH, "dateRange": ["2024-01-01", "2024-03-31"]}
    quarter = [period | {"granularity": "quarter"}]
    bank = load({"measures": [END], "timeDimensions": quarter})["data"][0][END]
    rows = load({"measures": [END], "dimensions": [BRANCH], "timeDimensions": quarter})["data"]
    march = load(
        {
            "measures": [END],
            "timeDimensions": [{"dimension": MONTH, "dateRange": ["2024-03-01", "2024-03-31"]}],
        }
    )["data"][0][END]
    assert sum(Decimal(row[END]) for row in rows) == Decimal(bank) == Decimal(march)


def test_a_filter_on_another_dimension_does_not_move_the_end_of_the_period(
    load: Load, sql: Sql
) -> None:
    closed = {"member": "balances.account_id", "operator": "equals", "values": ["A4", "A5"]}
    assert by_period(load, "quarter", [END], filters=[closed]) == [
        (str(value),) if value is not None else (None,)
        for (value,) in sql(
            "select sum(end_balance) filter (account_type = 'DEPOSIT' and "
            "month(month_end_date) % 3 = 0) "
            "from fct_account_monthly where account_key in (4, 5) "
            "group by date_trunc('quarter', month_end_date) order by min(month_end_date)"
        )
    ]


def test_a_filter_on_time_moves_the_end_of_the_period(load: Load, sql: Sql) -> None:
    complete = {"member": "balances.is_complete_month", "operator": "equals", "values": [True]}
    expected = sql(
        "select sum(end_balance) filter (account_type = 'DEPOSIT') from fct_account_monthly "
        "where month_end_date = '2024-05-31'"
    )
    assert load({"measures": [END], "filters": [complete]})["data"] == [{END: str(expected[0][0])}]


def test_calendar_members_are_periods_too(load: Load, sql: Sql) -> None:
    year, quarter = "balances.year_number", "balances.quarter_number"
    rows = load(
        {"measures": [END], "dimensions": [year, quarter], "order": {year: "asc", quarter: "asc"}}
    )["data"]
    assert [(row[END],) for row in rows] == by_period(load, "quarter", [END])


def test_an_additive_measure_is_the_same_beside_a_balance(load: Load) -> None:
    alone = by_period(load, "quarter", [INCOME, "balances.transaction_count"])
    beside = by_period(load, "quarter", [INCOME, "balances.transaction_count", END, AVERAGE])
    assert [row[:2] for row in beside] == alone


def test_the_average_balance_divides_by_all_days_of_the_period(load: Load, sql: Sql) -> None:
    rows = load(
        {
            "measures": [AVERAGE],
            "dimensions": [BRANCH],
            "timeDimensions": [{"dimension": MONTH, "dateRange": ["2024-04-01", "2024-06-30"]}],
            "order": {BRANCH: "asc"},
        }
    )["data"]
    expected = sql(
        "select branch_name, sum(balance_days) / 91 from fct_account_monthly "
        "join dim_branch using (branch_key) where month_end_date >= '2024-04-01' "
        "and account_type = 'DEPOSIT' "
        "group by 1 order by 1"
    )
    assert [(row[BRANCH], row[AVERAGE]) for row in rows] == [(b, str(v)) for b, v in expected]


def test_a_ratio_of_balances_is_a_ratio_of_sums_at_the_end(load: Load, sql: Sql) -> None:
    answer = load(
        {
            "measures": ["loans.npl_ratio", "loans.npl_balance", "loans.principal_balance"],
            "timeDimensions": [{"dimension": "loans.month_end_date", "dateRange": "last quarter"}],
        }
    )["data"][0]
    bad, all_ = sql(
        "select sum(principal_balance) filter (is_non_performing), sum(principal_balance) "
        "from fct_loan_monthly where month_end_date = '2024-03-31'"
    )[0]
    assert (answer["loans.npl_balance"], answer["loans.principal_balance"]) == (str(bad), str(all_))
    assert answer["loans.npl_ratio"] == str(float(bad / all_))


def test_a_filter_on_a_balance_looks_at_the_end_of_the_period(load: Load) -> None:
    rows = load(
        {
            "measures": [INCOME],
            "dimensions": [BRANCH],
            "filters": [{"member": END, "operator": "gt", "values": ["0"]}],
        }
    )["data"]
    assert {row[BRANCH] for row in rows} == {"Branch 1", "Branch 2"}


def test_an_or_that_leaves_the_end_of_the_period_open_is_refused(
    refuse: Callable[..., str],
) -> None:
    either = {
        "or": [
            {"member": MONTH, "operator": "onTheDate", "values": ["2024-03-31"]},
            {"member": BRANCH, "operator": "equals", "values": ["Branch 1"]},
        ]
    }
    assert "end of the period" in refuse({"measures": [END], "filters": [either]})


def test_that_or_is_fine_for_additive_measures(load: Load, sql: Sql) -> None:
    either = {
        "or": [
            {"member": MONTH, "operator": "onTheDate", "values": ["2024-03-31"]},
            {"member": BRANCH, "operator": "equals", "values": ["Branch 1"]},
        ]
    }
    expected = sql(
        "select sum(interest_income_amount) from fct_account_monthly join dim_branch "
        "using (branch_key) where month_end_date = '2024-03-31' or branch_name = 'Branch 1'"
    )
    assert load({"measures": [INCOME], "filters": [either]})["data"] == [
        {INCOME: str(expected[0][0])}
    ]
