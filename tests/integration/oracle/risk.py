"""Exposure, provisions, expected loss and capital of loans and cards, from their classes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.accounts import AccountId, Standing
from tests.integration.oracle.classes import Class, Classes, add_months
from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.figures import half_up, optional_half_up
from tests.integration.oracle.months import AccountMonth, AccountMonths, Month
from tests.integration.oracle.parameters import ProfitRates, Seed
from tests.integration.oracle.people import CustomerTypes
from tests.integration.oracle.ratings import Securities

DAYS_OF_YEAR = 365
ANY = "*"
GENERAL_RATE = Fraction(1, 100)
SIGNIFICANT_DAYS, IMPAIRED_DAYS, SIGNIFICANT_NOTCHES = 30, 90, 2
CARD_YEARS = 3
IMPAIRED = 3
"""Stage of impaired exposures."""


@dataclass(frozen=True)
class RiskLines:
    """Lines of the profit statement that risk decides; None is unknown."""

    expected_loss_amount: Decimal | None
    capital_amount: Decimal | None
    capital_year_amount: Decimal | None
    capital_charge_amount: Decimal | None


@dataclass(frozen=True)
class Day:
    """What an account may lose on a day, and what is provided for it."""

    at_default: Fraction
    provision: Fraction


@dataclass(frozen=True)
class Exposure:
    """What an account may lose, at the end of a month."""

    grade: str
    stage: int
    default: Fraction
    default_source: str
    loss: Fraction
    loss_source: str
    debt: Fraction
    at_default: Fraction | None
    provision: Fraction
    days: list[Day] | None
    weight: Fraction | None

    @property
    def loss_rate(self) -> Fraction:
        """Part of the exposure expected to be lost in a year."""
        return self.default * self.loss


NO_RISK = RiskLines(*[Decimal()] * 4)
UNKNOWN = RiskLines(*[None] * 4)


class Risk:
    """Risk of one bank's accounts.

    Args:
        landing: the bank's deliveries.
        accounts: terms and products of the accounts.
        customer_types: legal forms of the customers.
        classes: five-tier classes.
    """

    def __init__(
        self,
        landing: Landing,
        accounts: AccountMonths,
        customer_types: CustomerTypes,
        classes: Classes,
    ) -> None:
        self._accounts, self._classes = accounts, classes
        self._customer_types = customer_types
        self._parameters, self._weights = Seed("risk_parameter"), Seed("risk_weight")
        self._scenarios = Seed("default_scenario")
        self._rates = ProfitRates()
        self.collateral = Securities(landing, "risk.collateral", "value_amount", "PLEDGED")
        self.guarantees = Securities(landing, "risk.guarantee", "guaranteed_amount", "ACTIVE")

    def lines(self, account: AccountId, month: Month, row: AccountMonth) -> RiskLines:
        """Lines of an account."""
        if row.account_type == "DEPOSIT" or account in self._accounts.debit_cards:
            return NO_RISK
        exposure = self.exposure(account, month)
        if exposure is None:
            return UNKNOWN
        tied_up = self._capital_years(exposure, month)
        hurdle = self._rates.on(month.as_of, "HURDLE_RATE")
        return RiskLines(
            self.expected_loss(exposure),
            optional_half_up(self.capital(exposure, month)),
            optional_half_up(tied_up),
            optional_half_up(None if tied_up is None else tied_up * hurdle),
        )

    def exposure(self, account: AccountId, month: Month) -> Exposure | None:
        """Exposure of a loan or card; None where no position is known."""
        known = self._classes.of(account, month.end)
        if known is None:
            return None
        kind, rating = account[0].upper(), known.rating
        parameters = self._parameter(kind, known.grade, month.as_of)
        default, source = Fraction(parameters["probability_of_default"]), "FALLBACK"
        if known.is_non_performing:
            source = "CLASS"
        elif rating is not None:
            default, source = rating.default, rating.source
        loss, loss_source = Fraction(parameters["loss_given_default"]), "FALLBACK"
        if rating is not None and rating.loss is not None and rating.loss_source is not None:
            loss, loss_source = rating.loss, rating.loss_source
        debt = max(known.standing.balance, Fraction())
        return Exposure(
            grade=known.grade,
            stage=_stage(known, known.standing),
            default=default,
            default_source=source,
            loss=loss,
            loss_source=loss_source,
            debt=debt,
            at_default=self._at_default(account, month.as_of, debt, parameters),
            provision=_provision(debt, parameters),
            days=self._days(account, month, parameters),
            weight=self._weight(account, known.customer, month.as_of),
        )

    def expected_loss(self, exposure: Exposure) -> Decimal | None:
        """Expected loss of the days of a month, each on its own exposure."""
        if exposure.days is None:
            return None
        exposed = sum((day.at_default for day in exposure.days), Fraction())
        return half_up(exposed * exposure.loss_rate / DAYS_OF_YEAR)

    def _capital_years(self, exposure: Exposure, month: Month) -> Fraction | None:
        """Capital held over the days of a month, in years."""
        if exposure.days is None or exposure.weight is None:
            return None
        held = sum((day.at_default - day.provision for day in exposure.days), Fraction())
        ratio = self._rates.on(month.as_of, "CAPITAL_RATIO")
        return held * exposure.weight * ratio / DAYS_OF_YEAR

    def _days(self, account: AccountId, month: Month, parameters: Row) -> list[Day] | None:
        """Exposure on the days of a month on which a position is known; None where one is not."""
        standings, terms = self._classes.standings[account], self._accounts.terms[account]
        alike: dict[tuple[Standing, Fraction | None], list[date]] = defaultdict(list)
        for day in month.days:
            if (standing := standings.known(day)) is not None:
                alike[standing, terms.reaching_back(day).credit_limit].append(day)
        days = []
        for (standing, _), dates in alike.items():
            debt = max(standing.balance, Fraction())
            at_default = self._at_default(account, dates[0], debt, parameters)
            if at_default is None:
                return None
            days += [Day(at_default, _provision(debt, parameters))] * len(dates)
        return days

    def weighted(self, exposure: Exposure) -> Fraction | None:
        """Risk-weighted amount, unrounded."""
        if exposure.at_default is None or exposure.weight is None:
            return None
        return (exposure.at_default - exposure.provision) * exposure.weight

    def capital(self, exposure: Exposure, month: Month) -> Fraction | None:
        """Capital held, unrounded."""
        weighted = self.weighted(exposure)
        ratio = self._rates.on(month.as_of, "CAPITAL_RATIO")
        return None if weighted is None else weighted * ratio

    def credit_loss(self, account: AccountId, month: Month, exposure: Exposure) -> Decimal | None:
        """Expected credit loss of the stage, each year rounded."""
        if exposure.at_default is None:
            return None
        if exposure.stage == IMPAIRED:
            return half_up(exposure.at_default * exposure.loss)
        rate = self._accounts.terms[account].reaching_back(month.as_of).interest_rate
        if rate is None:
            return None
        path = self._path(account, month, exposure)
        return sum(
            (
                half_up(
                    self._loss_of_year(exposure, month.as_of, year) * exposed / (1 + rate) ** year
                )
                for year, exposed in enumerate(path, start=1)
            ),
            Decimal(),
        )

    def _loss_of_year(self, exposure: Exposure, day: date, year: int) -> Fraction:
        """Part of an exposure that a whole year ahead loses, over the scenarios."""
        lost = Fraction()
        for scenario in self._scenarios.on(day):
            default = min(exposure.default * Fraction(scenario["default_factor"]), Fraction(1))
            survival = (1 - default) ** (year - 1)
            lost += Fraction(scenario["weight"]) * survival * default * exposure.loss
        return lost

    def _path(self, account: AccountId, month: Month, exposure: Exposure) -> list[Fraction]:
        """Exposure at the beginning of each year that may lose, the last year for its days."""
        at_default, day = exposure.at_default or Fraction(), month.as_of
        if account[0] == "card":
            return [at_default] * (1 if exposure.stage == 1 else CARD_YEARS)
        dues = [(due, part) for due, part in self._dues(account, day) if due > day]
        matures = self._accounts.terms[account].reaching_back(day).matures
        last = max((due for due, _ in dues), default=matures or day)
        last = last if last > day else add_months(day, 12)
        path: list[Fraction] = []
        begins = day
        while begins < last and not (path and exposure.stage == 1):
            repaid = sum((part for due, part in dues if due <= begins), Fraction())
            days = min((last - begins).days, DAYS_OF_YEAR)
            path.append(max(at_default - repaid, Fraction()) * Fraction(days, DAYS_OF_YEAR))
            begins = add_months(day, 12 * len(path))
        return path

    def _dues(self, account: AccountId, day: date) -> list[tuple[date, Fraction]]:
        return self._classes.schedules.dues(account[1], day)

    def _at_default(
        self, account: AccountId, day: date, debt: Fraction, parameters: Row
    ) -> Fraction | None:
        if account[0] == "loan":
            return debt
        limit = self._accounts.terms[account].reaching_back(day).credit_limit
        if limit is None:
            return None
        undrawn = max(limit - debt, Fraction())
        return debt + Fraction(half_up(undrawn * Fraction(parameters["credit_conversion_factor"])))

    def _weight(self, account: AccountId, customer: int, day: date) -> Fraction | None:
        """Weight of the most specific row: a named family first, then a named customer type."""
        product_id = self._accounts.terms[account].reaching_back(day).product_id
        family = self._accounts.products[product_id].reaching_back(day).family
        customer_type = self._customer_types.on(customer, day)
        fitting = {
            (row["product_family"] != ANY, row["customer_type"] != ANY): row["risk_weight"]
            for row in self._weights.on(day, asset_kind=account[0].upper())
            if row["product_family"] in {family, ANY}
            and row["customer_type"] in {customer_type, ANY}
        }
        return Fraction(fitting[max(fitting)]) if fitting else None

    def _parameter(self, kind: str, grade: str, day: date) -> Row:
        (row,) = self._parameters.on(day, asset_kind=kind, risk_grade_code=grade)
        return row


def _provision(debt: Fraction, parameters: Row) -> Fraction:
    return Fraction(half_up(debt * Fraction(parameters["specific_provision_rate"])))


def _stage(known: Class, standing: Standing) -> int:
    rating = known.rating
    if known.is_non_performing or standing.days_past_due >= IMPAIRED_DAYS:
        return IMPAIRED
    if rating is not None and rating.is_impaired:
        return IMPAIRED
    has_slipped = rating is not None and (
        rating.is_restructured or rating.notches_lost >= SIGNIFICANT_NOTCHES
    )
    return 2 if has_slipped or standing.days_past_due > SIGNIFICANT_DAYS else 1
