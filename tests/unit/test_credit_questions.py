"""Questions on credit, asked of a few rows whose answer is known."""

from __future__ import annotations

from decimal import Decimal

import duckdb

from bankcrm.settings import PROJECT_FOLDER

EXPOSURES = """
create schema marts;
create table marts.dim_currency as select 1 as currency_key, 'CNY' as currency_code;
create table marts.fct_card_monthly (
    month_end_date date, currency_key bigint, end_balance decimal(18, 2), is_non_performing boolean,
    general_provision_amount decimal(18, 2), specific_provision_amount decimal(18, 2)
);
create table marts.fct_loan_monthly as select
    date '2024-01-31' as month_end_date, 1 as currency_key, is_non_performing,
    cast(balance as decimal(18, 2)) as principal_balance,
    cast(general as decimal(18, 2)) as general_provision_amount,
    cast(specific as decimal(18, 2)) as specific_provision_amount
from (values (false, 9800000, 98000, 20000), (true, 200000, 2000, 200000))
    as loans (is_non_performing, balance, general, specific)
"""


def test_10m_with_0_2m_bad_and_0_32m_of_provisions_are_2_percent_bad_and_covered_by_160() -> None:
    query = (PROJECT_FOLDER / "analyses" / "npl_and_coverage_by_month.sql").read_text("utf-8")
    with duckdb.connect() as connection:
        connection.execute(EXPOSURES)
        rows = connection.execute(query).fetchall()
    ((_, kind, currency, balance, bad, provisions, npl_percent, coverage_percent),) = rows
    assert (kind, currency) == ("Loans", "CNY")
    assert (balance, bad, provisions) == (Decimal(10_000_000), Decimal(200_000), Decimal(320_000))
    assert (float(npl_percent), float(coverage_percent)) == (2.0, 160.0)
