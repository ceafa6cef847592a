"""Analyses of customers on a handful of rows written out."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from bankcrm.settings import PROJECT_FOLDER

Row = tuple[object, ...]
JANUARY = "date '2024-01-31'"


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty file with the schema of the marts."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        yield connection


def run_analysis(connection: duckdb.DuckDBPyConnection, name: str) -> list[Row]:
    query = (PROJECT_FOLDER / "analyses" / f"{name}.sql").read_text(encoding="utf-8")
    return connection.execute(query).fetchall()


def test_customers_with_1_2_and_4_families_hold_2_33_each(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    marts.execute(
        f"""create table marts.fct_customer_monthly as
        select {JANUARY} as month_end_date, customer_durable_key, product_family_count, is_active
        from (values (1, 1, true), (2, 2, true), (3, 4, true), (4, 0, false), (-2, 3, true))
            as customers (customer_durable_key, product_family_count, is_active)"""
    )
    ((_, customers, families, ratio),) = run_analysis(marts, "cross_sell")
    assert (customers, families, ratio) == (3, 7, 2.33)


def test_the_best_two_of_ten_customers_bring_all_of_the_profit_and_most_of_the_income(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    marts.execute(
        f"""create table marts.fct_customer_monthly as
        select {JANUARY} as month_end_date, value_rank as customer_durable_key, value_rank,
            contribution::decimal(18, 2) as pre_tax_contribution_amount,
            (abs(contribution) + 100)::decimal(18, 2) as contribution_before_cost_amount
        from (
            select unnest([500, 300, 150, 80, 40, 20, 5, -15, -80, -200]) as contribution,
                unnest(range(1, 11)) as value_rank
        )"""
    )
    fifths = run_analysis(marts, "best_fifth_of_customers")
    assert [row[1] for row in fifths] == [2] * 5
    assert [row[5] for row in fifths] == [100.0, 28.8, 7.5, -1.3, -35.0]
    assert [row[4] for row in fifths] == [41.8, 18.0, 10.9, 9.2, 20.1]
