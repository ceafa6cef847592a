"""What the accounts of customers amount to by month, and who the customers are.

Profit lines and attributes of customers are read from the published tables, which tests of their
own hold against the delivered files; holdings and statements of wealth come from the files.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.integration.oracle.accounts import AccountId
from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.figures import optional_fraction, optional_half_up
from tests.integration.oracle.history import History
from tests.integration.oracle.months import CLOSED_STATUSES, Month

LINES = (
    "contribution_before_cost_amount",
    "ftp_margin_amount",
    "fee_income_amount",
    "vat_amount",
    "surcharge_amount",
    "cost_to_serve_amount",
    "expected_loss_amount",
    "pre_tax_contribution_amount",
    "income_tax_amount",
    "net_contribution_amount",
    "capital_amount",
    "capital_year_amount",
    "capital_charge_amount",
    "economic_value_added_amount",
)
CustomerMonthKey = tuple[int, date]


@dataclass(frozen=True)
class Part:
    """A customer's part of an account in a month."""

    account: AccountId
    account_durable_key: int
    account_type: str
    end_balance: Decimal
    average_balance: Decimal
    lines: dict[str, Decimal | None]


@dataclass(frozen=True)
class Person:
    """What the bank knew of a customer on a day."""

    customer_type: str | None
    birth_date: date | None
    industry_code: str | None


@dataclass(frozen=True)
class Wealth:
    """A statement of income and of assets elsewhere."""

    income: Decimal | None
    external: Decimal | None


@dataclass(frozen=True)
class Holding:
    """An account, loan or card that a customer holds at the end of a month."""

    family: str | None
    opened: date


class Customers:
    """Customers of a bank by month.

    Args:
        bank: deliveries beside the published version.
    """

    def __init__(self, bank: OracleBank) -> None:
        self.bank = bank

    @cached_property
    def parts(self) -> dict[CustomerMonthKey, list[Part]]:
        """Parts of accounts by customer and month."""
        lines = ", ".join(f"profit.{line}" for line in LINES)
        rows = self.bank.published.execute(
            f"""select profit.customer_durable_key, profit.month_end_date, accounts.source_system,
                accounts.account_id, profit.account_durable_key, accounts.account_type,
                profit.end_balance, profit.average_balance, {lines}
            from marts.fct_profit_monthly as profit
            join marts.dim_account as accounts using (account_key)"""
        ).fetchall()
        parts: dict[CustomerMonthKey, list[Part]] = defaultdict(list)
        for customer, end, system, number, *figures in rows:
            parts[customer, end].append(_part((system, number), figures))
        return dict(parts)

    @cached_property
    def holdings(self) -> dict[CustomerMonthKey, list[Holding]]:
        """What customers hold at the end of each month."""
        held: dict[CustomerMonthKey, list[Holding]] = defaultdict(list)
        for account in self.bank.accounts.terms:
            for month in self.bank.accounts.months:
                holding = self._holding(account, month)
                if holding is not None:
                    for owner in self.bank.owners.on(account, month.as_of):
                        held[owner.customer, month.end].append(holding)
        return dict(held)

    @cached_property
    def months(self) -> dict[int, list[Month]]:
        """Months of each customer, from the first one with an account on."""
        first: dict[int, date] = {}
        for customer, end in sorted(self.parts.keys() | self.holdings.keys(), key=lambda k: k[1]):
            first.setdefault(customer, end)
        return {
            customer: [month for month in self.bank.accounts.months if month.end >= start]
            for customer, start in first.items()
            if customer > 0
        }

    def person(self, customer: int, day: date) -> Person:
        """The version of a customer on a day."""
        (version,) = [p for low, high, p in self._people[customer] if low <= day < high]
        return version

    def wealth(self, customer: int, day: date) -> Wealth:
        """The last statement of a day or before."""
        stated = self._wealth.get(customer)
        return (stated and stated.known(day)) or Wealth(None, None)

    @cached_property
    def worst_class(self) -> dict[CustomerMonthKey, str]:
        """Worst class of the loans and cards of a customer in a month."""
        rows = self.bank.published.execute(
            """select customer_durable_key, month_end_date, risk_grade_code
            from (
                select customer_durable_key, month_end_date, risk_grade_key
                from marts.fct_loan_monthly
                union all
                select customer_durable_key, month_end_date, risk_grade_key
                from marts.fct_card_monthly
            ) join marts.dim_risk_grade using (risk_grade_key)
            order by ordinal"""
        ).fetchall()
        return {(customer, end): code for customer, end, code in rows}

    @cached_property
    def _people(self) -> dict[int, list[tuple[date, date, Person]]]:
        rows = self.bank.published.execute(
            """select customer_durable_key, valid_from, valid_to, customer_type, birth_date,
                industry_code from marts.dim_customer"""
        ).fetchall()
        people: dict[int, list[tuple[date, date, Person]]] = defaultdict(list)
        for customer, low, high, *attributes in rows:
            people[customer].append((low, high, Person(*attributes)))
        return people

    @cached_property
    def _wealth(self) -> dict[int, History[Wealth]]:
        rows = list(self.bank.landing.rows("branch.wealth_statement"))
        stated: dict[int, History[Wealth]] = defaultdict(History)
        for night, row in sorted(rows, key=lambda pair: (pair[0], pair[1]["customer_id"])):
            figures = (
                optional_half_up(optional_fraction(row[name]))
                for name in ("annual_income_amount", "external_asset_amount")
            )
            stated[self.bank.keys["branch", row["customer_id"]]].put(night, Wealth(*figures))
        return dict(stated)

    def _holding(self, account: AccountId, month: Month) -> Holding | None:
        terms = self.bank.accounts.terms[account].known(month.as_of)
        if terms is None or terms.started > month.as_of or terms.status in CLOSED_STATUSES:
            return None
        product = self.bank.accounts.products.get(terms.product_id)
        family = product.reaching_back(month.as_of).family if product else None
        return Holding(family, terms.started)


def _part(account: AccountId, figures: list[Any]) -> Part:
    durable_key, account_type, end, average, *lines = figures
    return Part(
        account, durable_key, account_type, end, average, dict(zip(LINES, lines, strict=True))
    )
