"""Expected rows of fct_account_monthly, computed day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache

from tests.integration.oracle.accounts import (
    AccountId,
    Product,
    Terms,
    read_balances,
    read_products,
    read_terms,
)
from tests.integration.oracle.curves import TransferPrices
from tests.integration.oracle.deliveries import Landing
from tests.integration.oracle.entries import Entry, read_entries
from tests.integration.oracle.figures import (
    DAY,
    days_between,
    half_up,
    month_end,
    optional_half_up,
    year_part,
)

CLOSED_STATUSES = {"CLOSED", "REPAID", "WRITTEN_OFF"}


@dataclass(frozen=True)
class Month:
    """A month and the part of it that the data covers."""

    first: date
    covered_from: date
    as_of: date
    end: date

    @property
    def days(self) -> list[date]:
        """Days covered, in order."""
        return days_between(self.covered_from, self.as_of + DAY)

    @property
    def is_complete(self) -> bool:
        """Whether the data covers every day."""
        return (self.covered_from, self.as_of) == (self.first, self.end)


def read_months(landing: Landing) -> list[Month]:
    """Months from the first business date to the last one."""
    nights = landing.business_dates()
    ends = sorted({month_end(day) for day in days_between(nights[0], nights[-1] + DAY)})
    firsts = [end.replace(day=1) for end in ends]
    return [
        Month(first, max(first, nights[0]), min(end, nights[-1]), end)
        for first, end in zip(firsts, ends, strict=True)
    ]


@dataclass(frozen=True)
class AccountMonth:
    """Measures of an account in a month; None is unknown or not applicable."""

    account_type: str
    product_id: str
    branch_id: str
    currency_code: str
    is_complete_month: bool
    has_ftp_margin: bool
    is_open: bool
    period_days: int
    opening_balance: Decimal
    end_balance: Decimal
    average_balance: Decimal
    balance_days: Decimal
    interest_rate: Decimal | None
    ftp_rate: Decimal | None
    interest_income_amount: Decimal | None
    interest_expense_amount: Decimal | None
    ftp_amount: Decimal | None
    ftp_margin_amount: Decimal | None
    fee_income_amount: Decimal
    transaction_count: int


@dataclass(frozen=True)
class _Accrual:
    """Interest and transfer price of a month, unrounded."""

    interest: Fraction | None
    price: Fraction | None


class AccountMonths:
    """Expected account months of one bank.

    Args:
        landing: the bank's deliveries.
    """

    def __init__(self, landing: Landing) -> None:
        self.months = read_months(landing)
        self.terms = read_terms(landing)
        self.products = read_products(landing)
        self.debit_cards = {
            account
            for account, terms in self.terms.items()
            if terms.reaching_back(date.min).is_debit_card
        }
        self._balances = read_balances(landing)
        self._prices = TransferPrices(landing)
        self._entries = _entries_by_month(read_entries(landing))

    def rows(self) -> Iterator[tuple[AccountId, Month, AccountMonth]]:
        """Every month of an account, but those after its closing that are empty."""
        accounts = self._balances.keys() | {account for account, _ in self._entries}
        accounts |= self.debit_cards
        for account in sorted(accounts):
            for month in self.months:
                if self.is_alive(account, month):
                    yield account, month, self._row(account, month)

    def day_basis(self, product_id: str) -> str:
        """Day count of a product as first delivered."""
        return self.products[product_id].reaching_back(self.months[0].first).day_basis

    def is_alive(self, account: AccountId, month: Month) -> bool:
        """Whether an account has a month: not when it was closed before and nothing is left."""
        if (account, month.end) in self._entries:
            return True
        if account in self.debit_cards:
            terms = self.terms[account].known(month.as_of)
            return terms is not None and _is_open(terms) and terms.started <= month.as_of
        balances, eve = self._balances[account], month.first - DAY
        if self.terms[account].reaching_back(eve).status not in CLOSED_STATUSES:
            return balances.known(month.as_of) is not None
        return any(balances.known(day) for day in [eve, *month.days])

    def _row(self, account: AccountId, month: Month) -> AccountMonth:
        balances = self._balances[account]
        terms = self.terms[account].reaching_back(month.as_of)
        daily = self._daily(account, month)
        accrual = (
            self._accrue_nothing(month) if terms.is_debit_card else self._accrue(account, month)
        )
        entries = self._entries.get((account, month.end), [])
        is_deposit = terms.account_type == "DEPOSIT"
        interest = optional_half_up(accrual.interest)
        total = sum(daily.values(), Fraction())
        return AccountMonth(
            account_type=terms.account_type,
            product_id=terms.product_id,
            branch_id=terms.branch_id,
            currency_code=terms.currency,
            is_complete_month=month.is_complete,
            has_ftp_margin=accrual.interest is not None and accrual.price is not None,
            is_open=_is_open(terms),
            period_days=len(month.days),
            opening_balance=half_up(balances.known(month.first - DAY) or Fraction()),
            end_balance=half_up(daily[month.as_of]),
            average_balance=half_up(total / len(month.days)),
            balance_days=half_up(total),
            interest_rate=optional_half_up(terms.interest_rate, 8),
            ftp_rate=self._price(terms, month.as_of),
            interest_income_amount=None if is_deposit else interest,
            interest_expense_amount=interest if is_deposit else None,
            ftp_amount=optional_half_up(accrual.price),
            ftp_margin_amount=optional_half_up(_margin(accrual, is_deposit)),
            fee_income_amount=sum((entry.fee_income for entry in entries), Decimal()),
            transaction_count=len(entries),
        )

    def _daily(self, account: AccountId, month: Month) -> dict[date, Fraction]:
        balances = self._balances[account]
        return {day: balances.known(day) or Fraction() for day in month.days}

    @cache  # noqa: B019 - lives as long as the bank
    def _accrue_nothing(self, month: Month) -> _Accrual:
        """Accrual of a debit card: nothing, or unknown where nobody's is known."""
        accruals = [
            self._accrue(account, month)
            for account in self._balances
            if account not in self.debit_cards and self.is_alive(account, month)
        ]
        return _Accrual(
            Fraction() if any(a.interest is not None for a in accruals) else None,
            Fraction() if any(a.price is not None for a in accruals) else None,
        )

    @cache  # noqa: B019 - lives as long as the bank
    def _accrue(self, account: AccountId, month: Month) -> _Accrual:
        daily = self._daily(account, month)
        interest: Fraction | None = Fraction()
        price: Fraction | None = Fraction()
        for day, balance in daily.items():
            terms = self.terms[account].reaching_back(day)
            basis = self._product(terms, day).day_basis
            earning = balance * year_part(day, basis) if basis else None
            interest = _add(interest, earning, terms.interest_rate)
            price = _add(price, earning, self._price(terms, day))
        return _Accrual(interest, price)

    def _product(self, terms: Terms, day: date) -> Product:
        return self.products[terms.product_id].reaching_back(day)

    def _price(self, terms: Terms, day: date) -> Decimal | None:
        product = self._product(terms, day)
        if product.ftp_method == "DEMAND":
            return self._prices.demand(terms.currency, day, product.ftp_profile)
        if product.ftp_method != "MATCHED" or terms.term_days is None:
            return None
        is_repriced = terms.rate_type == "FLOATING" and terms.repriced is not None
        priced_on = terms.repriced if is_repriced and terms.repriced else terms.started
        return self._prices.matched(terms.currency, priced_on, terms.term_days)


def _is_open(terms: Terms) -> bool:
    return terms.status not in CLOSED_STATUSES


def _add(
    total: Fraction | None, earning: Fraction | None, rate: Fraction | Decimal | None
) -> Fraction | None:
    if total is None or earning is None or rate is None:
        return None
    return total + earning * Fraction(rate)


def _margin(accrual: _Accrual, is_deposit: bool) -> Fraction | None:
    if accrual.interest is None or accrual.price is None:
        return None
    margin = accrual.interest - accrual.price
    return -margin if is_deposit else margin


def _entries_by_month(entries: list[Entry]) -> dict[tuple[AccountId, date], list[Entry]]:
    by_month: dict[tuple[AccountId, date], list[Entry]] = defaultdict(list)
    for entry in entries:
        by_month[entry.account, month_end(entry.day)].append(entry)
    return dict(by_month)
