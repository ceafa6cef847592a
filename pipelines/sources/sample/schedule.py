"""Repayment schedules of annuity loans."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.arrays import RATE_UNIT, Ints, ranges
from pipelines.sources.sample.period import Period

MONTHS = 12


@dataclass
class Schedule:
    """Instalments of all loans, loan after loan, in the order of their numbers.

    The instalments of loan ``i`` stand at ``first[i]`` up to ``first[i + 1]``.
    """

    first: Ints
    loan: Ints
    number: Ints
    due: Ints
    principal: Ints
    interest: Ints

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Sum the instalments anew after they were changed."""
        self._principal_sum = np.concatenate([[0], np.cumsum(self.principal)])
        self._interest_sum = np.concatenate([[0], np.cumsum(self.interest)])

    @property
    def last(self) -> Ints:
        """Position behind the last instalment of each loan."""
        return self.first[1:]

    def principal_between(self, start: Ints, stop: Ints) -> Ints:
        """Principal of the instalments from position ``start`` up to ``stop``, in cents."""
        total: Ints = self._principal_sum[stop] - self._principal_sum[start]
        return total

    def interest_between(self, start: Ints, stop: Ints) -> Ints:
        """Interest of the instalments from position ``start`` up to ``stop``, in cents."""
        total: Ints = self._interest_sum[stop] - self._interest_sum[start]
        return total

    def reprice(self, loan: Ints, start: Ints, rate: Ints) -> Ints:
        """Spread the principal from position ``start`` of each loan anew at a new rate.

        Returns:
            Positions of the changed instalments.
        """
        count = self.last[loan] - start
        principal, interest = amortise(self.principal_between(start, self.last[loan]), rate, count)
        position = np.repeat(start, count) + ranges(count)
        self.principal[position], self.interest[position] = principal, interest
        self.refresh()
        return position


def make_schedule(
    *, period: Period, principal: Ints, rate: Ints, months: Ints, originated: Ints, due_day: Ints
) -> Schedule:
    """Equal monthly instalments, the first due in the month after the loan was paid out."""
    first = np.concatenate([[0], np.cumsum(months)])
    loan = np.repeat(np.arange(months.size), months)
    number = ranges(months) + 1
    due = period.months_after(originated[loan], number, due_day[loan])
    return Schedule(first, loan, number, due, *amortise(principal, rate, months))


def amortise(principal: Ints, rate: Ints, months: Ints) -> tuple[Ints, Ints]:
    """Annuity plans of several loans.

    Args:
        principal: cents.
        rate: per year, in units of 1e-8, above zero.
        months: number of instalments, at least one.

    Returns:
        Principal and interest of each instalment in cents, loan after loan. The last instalment
        carries the rounding, so that the principals of a loan sum to its principal.
    """
    first = np.cumsum(months) - months
    parts, interests = np.zeros((2, int(months.sum())), dtype=np.int64)
    monthly = rate / (RATE_UNIT * MONTHS)
    payment = np.rint(principal * monthly / (1 - (1 + monthly) ** -months)).astype(np.int64)
    left = principal.copy()
    for step in range(int(months.max(initial=0))):
        alive = np.flatnonzero(months > step)
        interest = np.rint(left[alive] * monthly[alive]).astype(np.int64)
        is_last = months[alive] == step + 1
        part = np.where(is_last, left[alive], np.minimum(payment[alive] - interest, left[alive]))
        parts[first[alive] + step], interests[first[alive] + step] = part, interest
        left[alive] -= part
    return parts, interests
