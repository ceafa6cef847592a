"""The whale curve: customers by contribution, best first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.integration.oracle.customers import CustomerMonthKey
from tests.integration.oracle.figures import half_up
from tests.integration.oracle.grades import BANDS, term
from tests.integration.oracle.months import Month

MONTHS_OF_A_YEAR = 12


@dataclass(frozen=True)
class Value:
    """Place of a customer on the curve; None where no contribution is known."""

    value_class_code: str | None = None
    year_contribution_amount: Decimal | None = None
    year_contribution_days: int | None = None
    value_rank: int | None = None
    cumulative_contribution_amount: Decimal | None = None
    cumulative_contribution_rate: Decimal | None = None
    annuity_value_amount: Decimal | None = None


def find_values(
    months: list[Month], contributions: dict[CustomerMonthKey, Decimal]
) -> dict[CustomerMonthKey, Value]:
    """Values of customers by month.

    Args:
        months: of the bank, in order and without a gap.
        contributions: known contributions before tax.
    """
    found: dict[CustomerMonthKey, Value] = {}
    for number, month in enumerate(months):
        year = months[max(number + 1 - MONTHS_OF_A_YEAR, 0) : number + 1]
        found |= _curve(month, *_sum_year(year, contributions))
    return found


def _sum_year(
    year: list[Month], contributions: dict[CustomerMonthKey, Decimal]
) -> tuple[dict[int, Decimal], dict[int, int]]:
    """Known contributions of a year and the days of their months, by customer."""
    totals: dict[int, Decimal] = defaultdict(Decimal)
    days: dict[int, int] = defaultdict(int)
    lengths = {month.end: len(month.days) for month in year}
    for (customer, end), contribution in contributions.items():
        if end in lengths and customer > 0:
            totals[customer] += contribution
            days[customer] += lengths[end]
    return totals, days


def _curve(
    month: Month, totals: dict[int, Decimal], days: dict[int, int]
) -> dict[CustomerMonthKey, Value]:
    whole = sum(totals.values(), Decimal())
    gross = sum((total for total in totals.values() if total > 0), Decimal())
    reached, earned = Decimal(), Decimal()
    found: dict[CustomerMonthKey, Value] = {}
    for place, customer in enumerate(sorted(totals, key=lambda c: (-totals[c], c)), start=1):
        before = Fraction(earned) / Fraction(gross) if gross else Fraction(1)
        reached += totals[customer]
        earned += max(totals[customer], Decimal())
        found[customer, month.end] = Value(
            value_class_code=_class(before, month.as_of),
            year_contribution_amount=totals[customer],
            year_contribution_days=days[customer],
            value_rank=place,
            cumulative_contribution_amount=reached,
            cumulative_contribution_rate=_rate(reached, whole),
            annuity_value_amount=_annuity(totals[customer], days[customer], month.as_of),
        )
    return found


def _rate(part: Decimal, whole: Decimal) -> Decimal | None:
    return half_up(Fraction(part) / Fraction(whole), 8) if whole > 0 else None


def _class(share_before: Fraction, day: date) -> str:
    (code,) = [
        row["band_code"]
        for row in BANDS.on(day, band_kind="VALUE_CLASS")
        if Fraction(row["range_from"]) <= share_before < Fraction(row["range_to"])
    ]
    return code


def _annuity(total: Decimal, days: int, day: date) -> Decimal:
    kept, discount = (Fraction(term(f"ANNUITY_{n}_RATE", day)) for n in ("RETENTION", "DISCOUNT"))
    return half_up(Fraction(total) * 365 / days * kept / (1 + discount - kept))
