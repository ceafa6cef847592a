"""Expected loss and capital of loans and cards, from delivered positions and the risk seeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.accounts import AccountId, read_arrears
from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.figures import half_up, optional_half_up
from tests.integration.oracle.months import AccountMonth, AccountMonths, Month
from tests.integration.oracle.parameters import ProfitRates, Seed
from tests.integration.oracle.people import CustomerTypes

DAYS_OF_YEAR = 365
ANY = "*"


@dataclass(frozen=True)
class RiskLines:
    """Lines of the profit statement that risk decides; None is unknown."""

    expected_loss_amount: Decimal | None
    capital_amount: Decimal | None
    capital_year_amount: Decimal | None
    capital_charge_amount: Decimal | None


@dataclass(frozen=True)
class Exposure:
    """What an account may lose, at the end of a month."""

    grade: str
    at_default: Fraction
    provision: Fraction
    loss_rate: Fraction


NO_RISK = RiskLines(*[Decimal()] * 4)
UNKNOWN = RiskLines(*[None] * 4)


class Risk:
    """Risk of one bank's accounts.

    Args:
        landing: the bank's deliveries.
        accounts: terms and products of the accounts.
        customer_types: legal forms of the customers.
    """

    def __init__(
        self, landing: Landing, accounts: AccountMonths, customer_types: CustomerTypes
    ) -> None:
        self._arrears = read_arrears(landing)
        self._accounts = accounts
        self._customer_types = customer_types
        self._grades, self._parameters = Seed("risk_grade"), Seed("risk_parameter")
        self._weights, self._rates = Seed("risk_weight"), ProfitRates()

    def lines(
        self, account: AccountId, month: Month, row: AccountMonth, customer: int
    ) -> RiskLines:
        """Lines of an account whose lead owner is this customer."""
        if row.account_type == "DEPOSIT":
            return NO_RISK
        exposure = self.exposure(account, month, row)
        if exposure is None:
            return UNKNOWN
        years = Fraction(row.period_days, DAYS_OF_YEAR)
        capital = self._capital(account, month, row, customer, exposure)
        hurdle = self._rates.on(month.as_of, "HURDLE_RATE")
        return RiskLines(
            half_up(exposure.at_default * exposure.loss_rate * years),
            optional_half_up(capital),
            optional_half_up(None if capital is None else capital * years),
            optional_half_up(None if capital is None else capital * hurdle * years),
        )

    def exposure(self, account: AccountId, month: Month, row: AccountMonth) -> Exposure | None:
        """Exposure of a loan or card; None where no position or limit is known."""
        days_past_due = self._arrears[account].known(month.as_of)
        if days_past_due is None:
            return None
        grade = self._grade(row.account_type, days_past_due, month.as_of)
        parameters = self._parameter(row.account_type, grade, month.as_of)
        debt = max(Fraction(row.end_balance), Fraction())
        undrawn = self._undrawn(account, month, row, debt)
        if undrawn is None:
            return None
        drawable = half_up(undrawn * Fraction(parameters["credit_conversion_factor"]))
        default, given = (
            Fraction(parameters[name]) for name in ("probability_of_default", "loss_given_default")
        )
        return Exposure(
            grade=grade,
            at_default=debt + Fraction(drawable),
            provision=Fraction(half_up(debt * Fraction(parameters["specific_provision_rate"]))),
            loss_rate=default * given,
        )

    def _undrawn(
        self, account: AccountId, month: Month, row: AccountMonth, debt: Fraction
    ) -> Fraction | None:
        if row.account_type == "LOAN":
            return Fraction()
        limit = self._accounts.terms[account].reaching_back(month.as_of).credit_limit
        return None if limit is None else max(limit - debt, Fraction())

    def _capital(
        self,
        account: AccountId,
        month: Month,
        row: AccountMonth,
        customer: int,
        exposure: Exposure,
    ) -> Fraction | None:
        family = self._accounts.products[row.product_id].reaching_back(month.as_of).family
        customer_type = self._customer_types.on(customer, month.as_of)
        weight = self._weight(row.account_type, family, customer_type, month.as_of)
        if weight is None:
            return None
        ratio = self._rates.on(month.as_of, "CAPITAL_RATIO")
        return (exposure.at_default - exposure.provision) * weight * ratio

    def _weight(
        self, kind: str, family: str, customer_type: str | None, day: date
    ) -> Fraction | None:
        """Weight of the most specific row: a named family first, then a named customer type."""
        fitting = {
            (row["product_family"] != ANY, row["customer_type"] != ANY): row["risk_weight"]
            for row in self._weights.on(day, asset_kind=kind)
            if row["product_family"] in {family, ANY}
            and row["customer_type"] in {customer_type, ANY}
        }
        return Fraction(fitting[max(fitting)]) if fitting else None

    def _grade(self, kind: str, days_past_due: int, day: date) -> str:
        (grade,) = (
            row["risk_grade_code"]
            for row in self._grades.on(day, asset_kind=kind)
            if int(row["days_past_due_from"]) <= days_past_due < int(row["days_past_due_to"])
        )
        return grade

    def _parameter(self, kind: str, grade: str, day: date) -> Row:
        (row,) = self._parameters.on(day, asset_kind=kind, risk_grade_code=grade)
        return row
