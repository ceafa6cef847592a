"""Turnover of companies: what their deposit accounts took in, and what they declared."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.figures import fraction, half_up, month_end
from tests.integration.oracle.months import Month
from tests.integration.oracle.netting import net_entries
from tests.integration.oracle.parameters import Seed
from tests.integration.oracle.people import CustomerTypes

Company = tuple[int, str]
"""Durable key of a company, and a currency."""
MONTHS_PER_YEAR = 12


class Declaration(NamedTuple):
    """A declared fiscal year, in the order in which the latest counts."""

    year_end: date
    night: date
    amount: Decimal


class Turnover:
    """Turnover of one bank's companies.

    Args:
        bank: deliveries and what follows from them.
    """

    def __init__(self, bank: OracleBank) -> None:
        self._bank = bank
        self._types = CustomerTypes(bank.landing, bank.keys)
        self.months = self._read_company_months()
        self.observed = self._observe()
        self._declared = self._read_declarations()

    def year(self, company: Company, month: Month) -> list[Month]:
        """Months of the year that ends with a month, in which the company held an account."""
        ends = self._year_ends(month)
        return [other for other in self.months[company] if other.end in ends]

    def declared(self, company: Company, month: Month) -> Declaration | None:
        """The latest fiscal year that was declared by the end of a month."""
        known = [d for d in self._declared[company] if d.night <= month.as_of]
        return max(known, default=None)

    def _year_ends(self, month: Month) -> set[date]:
        months = month.end.year * MONTHS_PER_YEAR + month.end.month - 1
        past = [divmod(months - back, MONTHS_PER_YEAR) for back in range(MONTHS_PER_YEAR)]
        return {month_end(date(year, number + 1, 1)) for year, number in past}

    def _is_company(self, customer: int, day: date) -> bool:
        return self._types.on(customer, day) == "CORPORATE"

    def _read_company_months(self) -> dict[Company, list[Month]]:
        months: dict[Company, dict[date, Month]] = defaultdict(dict)
        for account, month, row in self._bank.account_months:
            customer = self._bank.owners.lead(account, month.as_of)
            if row.account_type == "DEPOSIT" and self._is_company(customer, month.as_of):
                months[customer, row.currency_code][month.end] = month
        return {
            company: [by_end[end] for end in sorted(by_end)] for company, by_end in months.items()
        }

    def _observe(self) -> dict[tuple[Company, date], Decimal]:
        kinds, nets = Seed("turnover_type"), net_entries(self._bank.entries)
        observed: dict[tuple[Company, date], Decimal] = defaultdict(Decimal)
        for entry in self._bank.entries:
            counts = entry.system == "teller" and entry.debit_credit == "C"
            if (
                not counts
                or entry.reverses
                or not [*kinds.on(entry.day, transaction_type_code=entry.kind)]
            ):
                continue
            customer = self._bank.owners.lead(entry.account, entry.day)
            sender = self._bank.owners.lead(("branch", entry.counterparty or ""), entry.day)
            if sender != customer and self._is_company(customer, entry.day):
                net = nets[entry.system, entry.number]
                observed[(customer, entry.currency), month_end(entry.day)] += net.signed_amount
        return observed

    def _read_declarations(self) -> dict[Company, list[Declaration]]:
        declared: dict[Company, list[Declaration]] = defaultdict(list)
        for night, row in self._bank.landing.rows("branch.declared_turnover"):
            company = (self._bank.keys["branch", row["customer_id"]], row["currency_code"])
            amount = half_up(fraction(row["turnover_amount"]))
            year_end = date.fromisoformat(row["fiscal_year_end_date"])
            declared[company].append(Declaration(year_end, night, amount))
        return declared


def annualise(amount: Decimal, days: int) -> Decimal | None:
    """What an amount of some days is for 365 of them; None of no day."""
    return half_up(Fraction(amount) * 365 / days) if days else None
