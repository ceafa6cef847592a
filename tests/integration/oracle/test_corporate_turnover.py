"""fct_corporate_turnover_monthly against the delivered entries and declarations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.months import Month
from tests.integration.oracle.turnover import Company, Turnover, annualise

FACT = "fct_corporate_turnover_monthly"
KEY = ("customer_durable_key", "currency_code", "month_end_date")


@dataclass(frozen=True)
class TurnoverMonth:
    """Turnover of a company in a month and in the year that ends with it."""

    is_complete_month: bool
    declared_year_end_date: date | None
    declared_turnover_amount: Decimal | None
    turnover_amount: Decimal
    observed_turnover_amount: Decimal
    observed_days: int
    annualised_turnover_amount: Decimal | None


def test_every_cell_of_a_turnover_month_follows_from_entries_and_declarations(
    sample: OracleBank,
) -> None:
    turnover = Turnover(sample)
    expected = {
        (*company, month.end): _turnover_month(turnover, company, month)
        for company, months in turnover.months.items()
        for month in months
    }
    assert_equal(expected, read_fact(sample.published, FACT, KEY, TurnoverMonth))
    assert any(month.declared_turnover_amount is None for month in expected.values())
    assert any(month.declared_turnover_amount for month in expected.values())


def test_the_berka_bank_without_companies_has_no_turnover_months(berka: OracleBank) -> None:
    assert read_fact(berka.published, FACT, KEY, TurnoverMonth) == {}


def _turnover_month(turnover: Turnover, company: Company, month: Month) -> TurnoverMonth:
    year = turnover.year(company, month)
    declared = turnover.declared(company, month)
    amount = sum((turnover.observed[company, other.end] for other in year), Decimal())
    days = sum(len(other.days) for other in year)
    return TurnoverMonth(
        is_complete_month=month.is_complete,
        declared_year_end_date=declared.year_end if declared else None,
        declared_turnover_amount=declared.amount if declared else None,
        turnover_amount=turnover.observed[company, month.end],
        observed_turnover_amount=amount,
        observed_days=days,
        annualised_turnover_amount=annualise(amount, days),
    )
