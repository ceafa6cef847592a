"""The general ledger that the warehouse must tie to: exact accruals, fees and balances."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.arrays import RATE_UNIT, Ints, Table, full, stack
from pipelines.sources.sample.organisation import IS_THIRTY_360, YEAR_DAYS

GL_ACCOUNTS = {
    "loans": 1301,
    "cards": 1311,
    "deposits": 2011,
    "interest_income": 6011,
    "fee_income": 6021,
    "interest_expense": 6411,
}


class Accrual:
    """Balance-days of the accounts of one subledger, and the interest they earn in a month.

    Args:
        product: product of each account; it decides the day count.
    """

    def __init__(self, product: Ints) -> None:
        self._is_thirty_360 = IS_THIRTY_360[product]
        self._basis = YEAR_DAYS[product] * RATE_UNIT
        self._balance_days = np.zeros(product.size, dtype=np.int64)

    def add_day(self, balance: Ints, thirty_360_days: int) -> None:
        """Add the end-of-day balance in cents: it earns from its day to the next."""
        days = np.where(self._is_thirty_360, thirty_360_days, 1)
        self._balance_days += balance * days

    def take_interest(self, rate: Ints) -> Ints:
        """Interest of the days since the last call, per account, rounded half up once.

        Args:
            rate: per year in units of 1e-8, the same for all days since the last call.

        Returns:
            Cents, negative where the balance was.
        """
        interest = full(rate.size, 0)
        due = np.flatnonzero((self._balance_days != 0) & (rate != 0))
        # Cents times days times rate leave 64 bits; Python integers are exact.
        earned = self._balance_days[due].astype(object) * rate[due].astype(object)
        interest[due] = divide_half_up(earned, self._basis[due].astype(object))
        self._balance_days[:] = 0
        return interest


def divide_half_up(
    numerator: np.typing.NDArray[np.object_], denominator: np.typing.NDArray[np.object_]
) -> Ints:
    """Exact quotients of integers, halves rounded away from zero."""
    sign = np.where(numerator < 0, -1, 1)
    magnitude = (2 * np.abs(numerator) + denominator) // (2 * denominator)
    return np.asarray(sign * magnitude, dtype=np.int64)


class GeneralLedger:
    """Month-end balances of the ledger accounts of every unit with business."""

    def __init__(self, units: int) -> None:
        self._amounts = {name: full(units, 0) for name in GL_ACCOUNTS}
        self._has_business = np.zeros(units, dtype=np.bool_)
        self._rows: list[Table] = []

    def add(self, name: str, office: Ints, amount: Ints) -> None:
        """Add amounts in cents to a ledger account of their units."""
        np.add.at(self._amounts[name], office, amount)
        self._has_business[office] = True

    def close_month(self, day: int) -> None:
        """Keep the month's figures as rows and start the next month at zero."""
        unit = np.flatnonzero(self._has_business)
        for name, account in GL_ACCOUNTS.items():
            row = {"day": full(unit.size, day), "unit": unit, "account": full(unit.size, account)}
            self._rows.append({**row, "balance": self._amounts[name][unit]})
            self._amounts[name][:] = 0

    def table(self) -> Table:
        """Rows of day, unit, ledger account and balance in cents."""
        empty = {name: full(0, 0) for name in ("day", "unit", "account", "balance")}
        return stack([empty, *self._rows])
