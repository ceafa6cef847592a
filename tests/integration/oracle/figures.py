"""Exact figures: integers for what is delivered, fractions for what is computed from it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

DAY = timedelta(days=1)
CENT = Fraction(1, 100)


def fraction(text: str) -> Fraction:
    """A delivered decimal, exactly."""
    return Fraction(text)


def optional_fraction(text: str) -> Fraction | None:
    """A delivered decimal, or None where the bank left it empty."""
    return Fraction(text) if text else None


def optional_date(text: str) -> date | None:
    """A delivered date, or None where the bank left it empty."""
    return date.fromisoformat(text) if text else None


def half_up(value: Fraction, places: int = 2) -> Decimal:
    """Round once to decimal places; a half goes away from zero."""
    scaled = abs(value) * 10**places
    units = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(-units if value < 0 else units).scaleb(-places)


def optional_half_up(value: Fraction | None, places: int = 2) -> Decimal | None:
    """:func:`half_up`, where unknown stays unknown."""
    return None if value is None else half_up(value, places)


def days_between(first: date, after_last: date) -> list[date]:
    """Every day of a half-open period."""
    return [first + timedelta(days=n) for n in range((after_last - first).days)]


def month_end(day: date) -> date:
    """Last day of the month of a day."""
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY


def year_part(day: date, basis: str) -> Fraction:
    """Part of a year that one day earns interest for, under a day count.

    Under 30/360 every month has 30 days: the 31st earns the day that the 30th did not, and the
    last day of February earns those that February lacks.
    """
    if basis == "30/360":
        following = day + DAY
        days = min(following.day, 30) - min(day.day, 30) + (30 if following.day == 1 else 0)
        return Fraction(days, 360)
    return Fraction(1, int(basis.removeprefix("ACT/")))
