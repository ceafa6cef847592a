"""fct_account_monthly against figures computed day by day from the delivered files."""

from __future__ import annotations

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import AccountMonth
from tests.integration.oracle.people import People

FACT = "fct_account_monthly"
KEY = ("account_system", "account_number", "month_end_date")


def test_every_cell_of_an_account_month_follows_from_the_delivered_files(bank: OracleBank) -> None:
    expected = {(*account, month.end): row for account, month, row in bank.account_months}
    assert_equal(expected, read_fact(bank.published, FACT, KEY, AccountMonth))


def test_an_account_month_belongs_to_the_lead_owner_and_the_lead_manager(bank: OracleBank) -> None:
    expected = {
        (*account, month.end): bank.lead_people(account, month.as_of)
        for account, month, _ in bank.account_months
    }
    assert_equal(expected, read_fact(bank.published, FACT, KEY, People))


def test_the_deliveries_exercise_what_the_oracle_tells_apart(sample: OracleBank) -> None:
    rows = [row for _, _, row in sample.account_months]
    cards = sample.accounts.debit_cards
    assert any(account in cards for account, _, _ in sample.account_months)
    products = {row.product_id for account, _, row in sample.account_months if account not in cards}
    assert {row.account_type for row in rows} == {"DEPOSIT", "LOAN", "CARD"}
    assert {row.is_complete_month for row in rows} == {True, False}
    assert {sample.accounts.day_basis(name) for name in products} == {
        "ACT/360",
        "ACT/365",
        "30/360",
    }
    assert any(row.opening_balance != row.end_balance for row in rows)
    assert any(len(sample.owners.on(a, m.as_of)) > 1 for a, m, _ in sample.account_months)
