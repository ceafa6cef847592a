"""A measure in a hundred parts: sums and losses are those of all rows, however many there are."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.cube.conftest import Sql

PATH = "/cubejs-api/v1/distribution"
RANGE = {"dimension": "transactions.date", "dateRange": ["2024-01-01", "2024-06-30"]}
QUERY = {
    "measures": ["transactions.net_inflow_amount"],
    "dimensions": ["transactions.account_id"],
    "timeDimensions": [RANGE],
}


def ask(client: TestClient, query: dict[str, Any]) -> Any:
    return client.get(PATH, params={"query": json.dumps(query)})


def test_few_rows_are_a_part_each_from_the_largest_down(client: TestClient) -> None:
    answer = ask(client, QUERY).json()
    load = client.post("/cubejs-api/v1/load", json={"query": QUERY}).json()
    figures = [row["transactions.net_inflow_amount"] for row in load["data"]]
    known = sorted((Decimal(figure) for figure in figures if figure is not None), reverse=True)
    assert known and answer["version"] == load["version"]
    assert [Decimal(part["value"]) for part in answer["data"]] == known
    assert [part["part"] for part in answer["data"]] == list(range(1, len(known) + 1))


def test_many_rows_are_a_hundred_parts_with_every_loss(client: TestClient, sql: Sql) -> None:
    query = {
        "measures": ["transactions.net_inflow_amount"],
        "dimensions": ["transactions.booked_at", "transactions.account_id"],
    }
    parts = ask(client, query).json()["data"]
    rows = sql(
        """select count(*), sum(value), count(*) filter (value < 0), sum(value) filter (value < 0)
        from (select sum(signed_amount) as value from fct_transaction
            join dim_account using (account_key) group by booked_at, dim_account.account_id)"""
    )
    assert len(parts) == 100
    counted = sum(part["count"] for part in parts), sum(part["negativeCount"] for part in parts)
    sums = sum(Decimal(p["value"]) for p in parts), sum(Decimal(p["negativeValue"]) for p in parts)
    assert [(counted[0], sums[0], counted[1], sums[1])] == rows


@pytest.mark.parametrize(
    "query",
    [
        {"measures": ["transactions.amount"]},
        {"dimensions": ["transactions.account_id"]},
        {**QUERY, "measures": ["transactions.amount", "transactions.transaction_count"]},
    ],
)
def test_what_is_no_distribution_is_refused(client: TestClient, query: dict[str, Any]) -> None:
    answer = ask(client, query)
    assert answer.status_code == 400
    assert "one measure over at least one dimension" in answer.json()["error"]
