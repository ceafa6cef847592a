"""What a client may ask beyond grouping: segments, zones, comparison, blending, several facts."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from bankcrm.settings import Settings
from pipelines.cli import app

Load = Callable[..., dict[str, Any]]
Sql = Callable[..., list[tuple[Any, ...]]]
Refuse = Callable[..., str]

API = "/cubejs-api/v1"
COUNT, AMOUNT = "transactions.transaction_count", "transactions.amount"
DAY, POSTED = "transactions.value_date", "transactions.booked_at"
CHANNEL = "transactions.channel_name"


def values(body: dict[str, Any], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in body["data"]]


def as_text(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(None if value is None else str(value) for value in row) for row in rows]


def test_segments_keep_their_rows(load: Load, sql: Sql) -> None:
    body = load(
        {
            "measures": [COUNT, AMOUNT],
            "segments": ["transactions.electronic", "transactions.without_reversals"],
        }
    )
    expected = sql(
        "select count(*), sum(amount) from fct_transaction join dim_channel using (channel_key) "
        "where is_electronic and not is_reversal"
    )
    assert values(body, COUNT, AMOUNT) == as_text(expected)
    assert set(body["annotation"]["segments"]) == set(body["query"]["segments"])


def test_a_segment_is_no_filter_member(refuse: Refuse) -> None:
    wrong = {"member": "transactions.electronic", "operator": "equals", "values": ["true"]}
    assert "belongs under 'segments'" in refuse({"measures": [COUNT], "filters": [wrong]})


def test_a_measure_filter_keeps_the_rows_that_count_to_a_measure(load: Load, sql: Sql) -> None:
    only = {"member": "transactions.debit_amount", "operator": "measureFilter"}
    body = load({"measures": [AMOUNT], "filters": [only]})
    expected = sql("select sum(amount) from fct_transaction where debit_credit = 'D'")
    assert values(body, AMOUNT) == as_text(expected)


def test_time_is_cut_in_the_zone_of_the_query(load: Load, sql: Sql) -> None:
    time = {"dimension": POSTED, "granularity": "day", "dateRange": ["2024-03-25", "2024-04-07"]}
    body = load({"measures": [COUNT], "timeDimensions": [time], "timezone": "Europe/Prague"})
    expected = sql(
        """
        with local_entries as (
            select timezone('Europe/Prague', booked_at at time zone 'UTC') at_local
            from fct_transaction
        )
        select strftime(date_trunc('day', at_local), '%Y-%m-%dT00:00:00.000'), count(*)
        from local_entries where at_local >= '2024-03-25' and at_local < '2024-04-08'
        group by 1 order by 1
        """
    )
    assert values(body, f"{POSTED}.day", COUNT) == as_text(expected)
    assert body["query"]["timezone"] == "Europe/Prague"


def test_compared_ranges_come_as_results_of_their_own(client: TestClient, sql: Sql) -> None:
    ranges = [["2024-01-01", "2024-01-31"], "last month"]
    time = {"dimension": DAY, "compareDateRange": ranges}
    query = {"measures": [COUNT], "timeDimensions": [time]}
    answer = client.post(f"{API}/load", json={"query": query, "queryType": "multi"}).json()
    assert answer["queryType"] == "compareDateRangeQuery"
    assert answer["pivotQuery"]["dimensions"] == ["compareDateRange"]
    counts = [result["data"][0][COUNT] for result in answer["results"]]
    expected = sql(
        "select count(*) filter (value_date between '2024-01-01' and '2024-01-31'), "
        "count(*) filter (value_date between '2024-05-01' and '2024-05-31') "
        "from fct_transaction"
    )
    assert tuple(counts) == as_text(expected)[0]
    shown = [result["data"][0]["compareDateRange"] for result in answer["results"]]
    assert shown[1] == "2024-05-01T00:00:00.000 - 2024-05-31T23:59:59.999"


def test_blended_queries_come_with_a_pivot_over_their_common_time(client: TestClient) -> None:
    def one(measure: str, dimension: str) -> dict[str, Any]:
        return {
            "measures": [measure],
            "timeDimensions": [{"dimension": dimension, "granularity": "month"}],
        }

    queries = [one(COUNT, DAY), one("balances.account_count", "balances.month_end_date")]
    answer = client.post(f"{API}/load", json={"query": queries, "queryType": "multi"}).json()
    assert answer["queryType"] == "blendingQuery"
    for result, query in zip(answer["results"], queries, strict=True):
        (time,) = query["timeDimensions"]
        assert result["data"] and set(result["data"][0]) >= set(query["measures"])
        for row in result["data"]:
            assert row["time.month"] == row[f"{time['dimension']}.month"]
    assert answer["pivotQuery"]["measures"] == [COUNT, "balances.account_count"]
    assert answer["pivotQuery"]["timeDimensions"] == [{"dimension": "time", "granularity": "month"}]


def test_blended_queries_must_share_one_granularity(refuse: Refuse) -> None:
    queries = [
        {"measures": [COUNT], "timeDimensions": [{"dimension": DAY, "granularity": unit}]}
        for unit in ("day", "month")
    ]
    assert "one granularity" in refuse(queries, queryType="multi")


def test_ungrouped_rows_are_shown_one_by_one(load: Load, sql: Sql) -> None:
    query = {
        "measures": [AMOUNT, "transactions.debit_amount", COUNT],
        "dimensions": ["transactions.account_id"],
        "ungrouped": True,
        "limit": 1000,
        "total": True,
    }
    body = load(query)
    expected = sql(
        "select dim_account.account_id, amount, case when debit_credit = 'D' then amount end, 1 "
        "from fct_transaction join dim_account using (account_key)"
    )
    assert body["total"] == 400
    assert sorted(map(str, (tuple(row.values()) for row in body["data"]))) == sorted(
        map(str, as_text(expected))
    )


def test_a_fiscal_year_is_a_granularity_of_the_model(load: Load, sql: Sql) -> None:
    body = load({"measures": [COUNT], "dimensions": [f"{DAY}.fiscal_year"]})
    expected = sql(
        "select strftime(date_trunc('year', value_date - interval 3 month) "
        "+ interval 3 month, '%Y-%m-%dT00:00:00.000'), count(*) from fct_transaction "
        "group by 1 order by 1"
    )
    assert values(body, f"{DAY}.fiscal_year", COUNT) == as_text(expected)
    annotation = body["annotation"]["timeDimensions"][f"{DAY}.fiscal_year"]["granularity"]
    assert annotation["title"] == "Fiscal year" and annotation["offset"] == "3 months"


def test_several_facts_stand_side_by_side_without_multiplying(load: Load, sql: Sql) -> None:
    names = ["deposit_end_balance", "turnover_amount", "net_contribution_amount", "loan_balance"]
    measures = [f"bank_overview.{name}" for name in names]
    branch = "bank_overview.branch_name"
    period = {"dimension": "bank_overview.date", "dateRange": ["2024-01-01", "2024-03-31"]}
    body = load(
        {
            "measures": measures,
            "dimensions": [branch],
            "timeDimensions": [period],
            "order": {branch: "asc"},
        }
    )
    expected = sql(
        """
        select branch_name,
            (select sum(end_balance) filter (account_type = 'DEPOSIT') from fct_account_monthly f
                where f.branch_key = b.branch_key and month_end_date = '2024-03-31'),
            (select sum(amount) from fct_transaction f where f.branch_key = b.branch_key
                and value_date between '2024-01-01' and '2024-03-31'),
            (select sum(net_contribution_amount) from fct_profit_monthly f
                where f.branch_key = b.branch_key
                and month_end_date between '2024-01-01' and '2024-03-31'),
            (select sum(principal_balance) from fct_loan_monthly f
                where f.branch_key = b.branch_key and month_end_date = '2024-03-31')
        from dim_branch b order by 1
        """
    )
    assert values(body, branch, *measures) == as_text(expected)


def test_months_of_several_facts_meet_on_the_calendar(load: Load, sql: Sql) -> None:
    measures = ["bank_overview.deposit_end_balance", "bank_overview.turnover_amount"]
    time = {"dimension": "bank_overview.date", "granularity": "quarter"}
    rows = values(load({"measures": measures, "timeDimensions": [time]}), *measures)
    balances = {"dimension": "balances.month_end_date", "granularity": "quarter"}
    alone = load({"measures": ["balances.deposit_end_balance"], "timeDimensions": [balances]})
    assert [row[0] for row in rows] == [
        row["balances.deposit_end_balance"] for row in alone["data"]
    ]
    assert (
        sum(Decimal(row[1] or 0) for row in rows)
        == sql("select sum(amount) from fct_transaction")[0][0]
    )


def test_a_balance_a_year_before_is_the_balance_of_that_time(load: Load, sql: Sql) -> None:
    names = ["balances.deposit_end_balance", "balances.deposit_end_balance_year_before"]
    time = {
        "dimension": "balances.month_end_date",
        "granularity": "month",
        "dateRange": ["2024-11-01", "2024-12-31"],
    }
    rows = values(load({"measures": names, "timeDimensions": [time]}), *names)
    expected = sql(
        "select null, sum(end_balance) filter (account_type = 'DEPOSIT') from "
        "fct_account_monthly where month_end_date < '2024-01-01'"
        " group by month_end_date order by month_end_date"
    )
    assert rows == as_text(expected)


def test_shares_add_up_to_one_and_ranks_start_at_one(load: Load) -> None:
    share, rank = "transactions.amount_share", "transactions.amount_rank"
    body = load({"measures": [share, rank], "dimensions": [CHANNEL], "order": {rank: "asc"}})
    assert sum(float(row[share]) for row in body["data"]) == pytest.approx(1)
    assert [row[rank] for row in body["data"]] == ["1", "2", "3"]


def test_a_rolling_series_that_is_too_long_is_refused(refuse: Refuse) -> None:
    time = {"dimension": POSTED, "granularity": "second", "dateRange": "this year"}
    query = {"measures": ["transactions.amount_3_months"], "timeDimensions": [time]}
    assert "more than 50000 periods" in refuse(query)


def test_a_dry_run_tells_how_a_query_was_understood(client: TestClient) -> None:
    time = {"dimension": DAY, "granularity": "month", "dateRange": "this quarter"}
    query = {"measures": [COUNT], "timeDimensions": [time]}
    answer = client.post(f"{API}/dry-run", json={"query": query}).json()
    assert answer["queryType"] == "regularQuery"
    (normalized,) = answer["normalizedQueries"]
    assert normalized["timeDimensions"][0]["dateRange"][0] == "2024-04-01T00:00:00.000"
    assert answer["queryOrder"] == [{f"{DAY}.month": "asc"}]
    assert answer["pivotQuery"]["measures"] == [COUNT]
    assert client.post(f"{API}/dry-run", json={"query": {"measures": ["x.y"]}}).status_code == 400


def test_an_explanation_names_plan_sql_and_the_column_behind_each_member(
    client: TestClient, home: Settings
) -> None:
    dimensions = [CHANNEL, "transactions.account_type"]
    query = {"measures": ["transactions.electronic_share"], "dimensions": dimensions}
    (one,) = client.post(f"{API}/explain", json={"query": query}).json()["queries"]
    assert one["plan"]["sources"][0]["from"] == "marts.fct_transaction as transaction"
    lineage = {item["member"]: item for item in one["lineage"]}
    share = lineage["transactions.electronic_share"]
    assert share["columns"] == ["marts.dim_channel.is_electronic"]
    assert lineage[CHANNEL]["dbtModels"] == ["dim_channel"]
    command = ["explain", json.dumps(query), "--home", str(home.home), "--sql"]
    printed = CliRunner().invoke(app, command)
    assert printed.exit_code == 0 and printed.output.strip() == one["sql"]
