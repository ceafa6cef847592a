"""Grouping, time, order, limits, and the keys that are refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Load = Callable[..., dict[str, Any]]
Sql = Callable[..., list[tuple[Any, ...]]]
Refuse = Callable[..., str]

COUNT = "transactions.transaction_count"
AMOUNT = "transactions.amount"
CHANNEL = "transactions.channel_name"
DAY = "transactions.value_date"


def test_every_measure_of_a_view_equals_hand_written_sql(load: Load, sql: Sql) -> None:
    expected = {
        "transaction_count": "count(*)",
        "amount": "sum(amount)",
        "net_inflow_amount": "sum(signed_amount)",
        "debit_amount": "sum(amount) filter (debit_credit = 'D')",
        "credit_amount": "sum(amount) filter (debit_credit = 'C')",
        "fee_amount": "sum(fee_amount)",
        "fee_income_amount": "sum(fee_income_amount)",
        "customer_count": "count(distinct customer_durable_key)",
        "account_count": "count(distinct account_durable_key)",
        "largest_amount": "max(amount)",
        "average_amount": "sum(amount) / count(*)",
        "fee_income_per_transaction": "sum(fee_income_amount) / count(*)",
        "electronic_transaction_count": "count(*) filter (is_electronic)",
        "electronic_share": "count(*) filter (is_electronic) / count(*)",
    }
    row = sql(
        f"select {', '.join(expected.values())} "
        "from fct_transaction left join dim_channel using (channel_key)"
    )[0]
    answer = load({"measures": [f"transactions.{name}" for name in expected]})["data"][0]
    assert list(answer.values()) == [str(value) for value in row]


def test_joins_do_not_multiply_a_measure(load: Load, sql: Sql) -> None:
    dimensions = [CHANNEL, "transactions.branch_name", "transactions.customer_city"]
    dimensions += [
        "transactions.product_name",
        "transactions.teller_name",
        "transactions.month_name",
    ]
    rows = load({"measures": [COUNT], "dimensions": dimensions})["data"]
    assert sum(int(row[COUNT]) for row in rows) == 400


def test_two_views_of_one_dimension_agree_with_sql(load: Load, sql: Sql) -> None:
    rows = load(
        {
            "measures": ["profit_contribution.contribution_before_cost_amount"],
            "dimensions": ["profit_contribution.branch_name"],
            "order": {"profit_contribution.branch_name": "asc"},
        }
    )["data"]
    assert [tuple(row.values()) for row in rows] == [
        (name, str(amount))
        for name, amount in sql(
            "select branch_name, sum(contribution_before_cost_amount) from fct_profit_monthly "
            "join dim_branch using (branch_key) group by 1 order by 1"
        )
    ]


@pytest.mark.parametrize(
    "granularity", ["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
)
def test_a_granularity_cuts_time_into_units(load: Load, sql: Sql, granularity: str) -> None:
    member = "transactions.booked_at"
    query = {
        "measures": [COUNT],
        "timeDimensions": [{"dimension": member, "granularity": granularity}],
    }
    rows = load(query)["data"]
    expected = sql(
        f"select date_trunc('{granularity}', booked_at)::timestamp, count(*) "
        "from fct_transaction group by 1 order by 1"
    )
    assert [(row[f"{member}.{granularity}"], row[COUNT]) for row in rows] == [
        (moment.isoformat(timespec="milliseconds"), str(number)) for moment, number in expected
    ]
    assert all(row[member] == row[f"{member}.{granularity}"] for row in rows)


def test_a_granularity_may_stand_among_the_dimensions(load: Load) -> None:
    short = load({"measures": [COUNT], "dimensions": [f"{DAY}.month"]})
    long = load(
        {"measures": [COUNT], "timeDimensions": [{"dimension": DAY, "granularity": "month"}]}
    )
    assert short["data"] == long["data"]
    assert short["query"]["timeDimensions"] == [{"dimension": DAY, "granularity": "month"}]


def test_the_bare_time_key_holds_the_finest_granularity(load: Load) -> None:
    query = {"measures": [COUNT], "dimensions": [f"{DAY}.year", f"{DAY}.month"]}
    row = load(query)["data"][1]
    assert row[DAY] == row[f"{DAY}.month"] != row[f"{DAY}.year"]


@pytest.mark.parametrize(
    ("date_range", "where"),
    [
        (["2024-01-01", "2024-01-31"], "strftime(value_date, '%Y%m') = '202401'"),
        (["2024-01-15"], "value_date = '2024-01-15'"),
        ("this month", "strftime(value_date, '%Y%m') = '202406'"),
        ("last 2 months", "strftime(value_date, '%Y%m') in ('202404', '202405')"),
        ("from 7 days ago to now", "value_date between '2024-06-21' and '2024-06-28'"),
    ],
)
def test_a_date_range_filters_without_grouping(
    load: Load, sql: Sql, date_range: object, where: str
) -> None:
    query = {"measures": [COUNT], "timeDimensions": [{"dimension": DAY, "dateRange": date_range}]}
    body = load(query)
    expected = sql(f"select count(*) from fct_transaction where {where}")[0][0]
    assert [row[COUNT] for row in body["data"]] == [str(expected)]
    assert len(body["query"]["timeDimensions"][0]["dateRange"]) == 2


def test_the_default_order_is_time_then_first_measure_then_first_dimension(load: Load) -> None:
    by_time = load({"measures": [COUNT], "dimensions": [CHANNEL, f"{DAY}.month"]})
    months = [row[f"{DAY}.month"] for row in by_time["data"]]
    assert months == sorted(months)
    by_measure = load({"measures": [AMOUNT], "dimensions": [CHANNEL]})["data"]
    amounts = [float(row[AMOUNT]) for row in by_measure]
    assert amounts == sorted(amounts, reverse=True)
    by_name = load({"dimensions": [CHANNEL]})["data"]
    assert [row[CHANNEL] for row in by_name] == ["Branch counter", "Cash machine", "Not applicable"]


@pytest.mark.parametrize(
    "order", [{CHANNEL: "desc"}, [[CHANNEL, "desc"]], [[CHANNEL, "desc"], [AMOUNT, "asc"]]]
)
def test_order_may_be_an_object_or_pairs(load: Load, order: object) -> None:
    rows = load({"measures": [AMOUNT], "dimensions": [CHANNEL], "order": order})["data"]
    assert [row[CHANNEL] for row in rows] == ["Not applicable", "Cash machine", "Branch counter"]


def test_order_by_a_bare_time_dimension_means_its_granularity(load: Load) -> None:
    query = {"measures": [COUNT], "dimensions": [f"{DAY}.month"], "order": {DAY: "desc"}}
    months = [row[f"{DAY}.month"] for row in load(query)["data"]]
    assert months == sorted(months, reverse=True)


def test_nothing_sorts_last_in_both_directions(load: Load) -> None:
    city = "transactions.customer_city"
    for direction in ("asc", "desc"):
        rows = load({"dimensions": [city], "order": {city: direction}})["data"]
        assert rows[-1][city] is None


def test_pages_cover_the_rows_without_overlap(load: Load) -> None:
    query = {"measures": [COUNT], "dimensions": ["transactions.account_id"], "total": True}
    whole = load(query)
    pages = [load(query | {"limit": 7, "offset": start}) for start in range(0, 21, 7)]
    assert [row for page in pages for row in page["data"]] == whole["data"]
    assert [page["total"] for page in pages] == [20, 20, 20]
    assert [page["truncated"] for page in pages] == [True, True, False]
    assert whole["truncated"] is False


def test_a_limit_that_just_fits_is_not_called_truncated(load: Load) -> None:
    body = load({"dimensions": [CHANNEL], "limit": 3})
    assert (len(body["data"]), body["truncated"]) == (3, False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"measure": [COUNT]}, "the key 'measure' is not supported; did you mean 'measures'"),
        ({"segments": ["transactions.larg_amount"]}, "is not a member"),
        ({"segments": [CHANNEL]}, "is a dimension, not a segment"),
        ({"ungrouped": "yes"}, "ungrouped"),
        ({"renewQuery": True}, "renewQuery"),
        ({"timezone": "Europe/Atlantis"}, "'Europe/Atlantis' is not an IANA time zone"),
        ({"timezone": "../secret"}, "is not an IANA time zone"),
        ({"rowLimit": 5}, "the key 'rowLimit' is not supported"),
        ({"joinHints": []}, "the key 'joinHints' is not supported"),
        ({"limit": 0}, "limit"),
        ({"limit": 50_001}, "limit"),
        ({"limit": "10"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"responseFormat": "csv"}, "responseFormat"),
        ({"total": "yes"}, "total"),
        ({"measures": [COUNT, COUNT]}, "asked for twice"),
        ({"measures": ["transactions.amuont"]}, "did you mean 'transactions.amount'"),
        ({"measures": ["transaction.amount"]}, "did you mean 'transactions.amount'"),
        ({"measures": [CHANNEL]}, "is a dimension, not a measure"),
        ({"dimensions": [COUNT]}, "is a measure, not a dimension"),
        ({"dimensions": [f"{DAY}.fortnight"]}, "'fortnight' is not a granularity"),
        ({"dimensions": [f"{CHANNEL}.month"]}, "not a time dimension"),
        ({"dimensions": ["transactions.transaction_key"]}, "is not a member"),
        ({"dimensions": ['transactions.x" or 1=1']}, "is not a member"),
        ({"dimensions": ["balances.has_ftp_margin"]}, "does not describe the rows that"),
        ({"timeDimensions": [{"dimension": CHANNEL, "granularity": "day"}]}, "not a time"),
        ({"timeDimensions": [{"dimension": DAY, "granularity": "decade"}]}, "granularity"),
        ({"timeDimensions": [{"dimension": DAY, "dateRange": "one day"}]}, "cannot read"),
        ({"timeDimensions": [{"dimension": DAY, "dateRange": []}]}, "dateRange"),
        ({"timeDimensions": [{"dimension": DAY, "compareDateRange": ["today"]}]}, "multi"),
        (
            {"timeDimensions": [{"dimension": DAY, "compareDateRange": [], "granularity": "day"}]},
            "compareDateRange",
        ),
        ({"order": {AMOUNT: "asc"}}, "which the query does not select"),
        ({"order": {COUNT: "up"}}, "order"),
        ({"measures": []}, "needs measures"),
    ],
)
def test_what_the_server_does_not_do_is_refused_by_name(
    refuse: Refuse, change: dict[str, Any], expected: str
) -> None:
    assert expected in refuse({"measures": [COUNT]} | change)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"measures": ["transactions.amount_3_months"]},
            "the rolling window of 'transactions.amount_3_months' needs one time dimension",
        ),
        (
            {"measures": ["transactions.amount_month_before"]},
            "the time shift of 'transactions.amount_month_before' needs a time dimension",
        ),
        (
            {"measures": ["transactions.amount_growth_on_year"]},
            "the time shift of 'transactions.amount_growth_on_year' needs a time dimension",
        ),
        (
            {"measures": ["managers.average_score"], "dimensions": ["managers.measure_name"]},
            "'managers.measure_name' does not describe the rows that 'managers.average_score' "
            "counts",
        ),
    ],
)
def test_a_refusal_names_measures_as_the_user_knows_them_and_no_private_cube(
    refuse: Refuse, change: dict[str, Any], expected: str
) -> None:
    """It named `transaction.amount_3_months`, and the title of the cube: Manager score month."""
    assert expected in refuse(change)


def test_a_request_is_refused_for_its_own_keys_too(refuse: Refuse) -> None:
    query = {"measures": [COUNT]}
    assert "one granularity" in refuse([query, query])
    assert "queryType" in refuse(query, queryType="blending")
    assert "cache" in refuse(query, cache="forever")
    assert "did you mean 'queryType'" in refuse(query, querytype="multi")
    assert "JSON object" in refuse("text")


def test_harmless_empties_that_clients_send_are_accepted(load: Load) -> None:
    query = {"measures": [COUNT], "segments": [], "ungrouped": False, "timezone": "UTC"}
    assert load(query, cache="no-cache")["data"] == [{COUNT: "400"}]


def test_net_interest_of_a_product_without_income_is_its_expense(load: Load, sql: Sql) -> None:
    """Deposits have no interest income: the sum is null, and null must not swallow the expense."""
    deposits = {"member": "balances.pillar", "operator": "equals", "values": ["LIABILITY"]}
    rows = load({"measures": ["balances.net_interest_amount"], "filters": [deposits]})["data"]
    expense = sql("select sum(interest_expense_amount) from fct_account_monthly")[0][0]
    assert rows == [{"balances.net_interest_amount": str(-expense)}]


def test_the_profit_statement_and_raroc_equal_hand_written_sql(load: Load, sql: Sql) -> None:
    lines = ["pre_tax_contribution_amount", "economic_value_added_amount", "cost_to_serve_amount"]
    names = [f"profit_contribution.{line}" for line in lines]
    (row,) = load({"measures": [*names, "profit_contribution.raroc"]})["data"]
    sums = ", ".join(f"sum({line})" for line in lines)
    ratio = "sum(net_contribution_amount)::double / sum(capital_year_amount)::double"
    (expected,) = sql(f"select {sums}, {ratio} from fct_profit_monthly")
    assert [row[name] for name in names] == [str(value) for value in expected[:3]]
    assert float(row["profit_contribution.raroc"]) == pytest.approx(expected[3])


def test_unused_capacity_is_a_cost_of_nobody(load: Load, sql: Sql) -> None:
    measures = ["cost_to_serve.cost_amount", "cost_to_serve.idle_cost_amount"]
    (row,) = load({"measures": measures})["data"]
    (expected,) = sql(
        "select sum(cost_amount), sum(cost_amount) filter (is_idle) from fct_activity_cost"
    )
    assert [row[name] for name in measures] == [str(value) for value in expected]
