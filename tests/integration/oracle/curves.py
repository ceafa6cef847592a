"""Funds transfer prices from the delivered curves and the seeds of tenors and profiles."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction

from bankcrm.settings import PROJECT_FOLDER
from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.figures import half_up
from tests.integration.oracle.history import History

Curve = dict[Fraction, Fraction]
RATE_PLACES = 8


def read_seed(name: str) -> list[Row]:
    """Rows of a seed of the project, every value as text."""
    with (PROJECT_FOLDER / "seeds" / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


class TransferPrices:
    """Transfer prices of one bank.

    Args:
        landing: the bank's deliveries.
    """

    def __init__(self, landing: Landing) -> None:
        self._profiles = read_seed("ftp_profile")
        self._curves = _read_curves(landing)
        self._prices: dict[tuple[str, date, Fraction], Decimal | None] = {}

    def matched(self, currency: str, day: date, tenor_days: Fraction) -> Decimal | None:
        """Rate of a tenor on the curve of a day, or None where no curve is that old."""
        key = (currency, day, tenor_days)
        if key not in self._prices:
            curve = self._curves[currency].known(day) if currency in self._curves else None
            self._prices[key] = None if curve is None else _interpolate(curve, tenor_days)
        return self._prices[key]

    def demand(self, currency: str, day: date, profile: str) -> Decimal | None:
        """Mix of the tenors of a profile on the curve of a day; None where one is unknown."""
        parts = [
            (Fraction(row["weight"]), self.matched(currency, day, Fraction(row["tenor_days"])))
            for row in self._profiles
            if row["ftp_profile_code"] == profile
            and row["valid_from"] <= day.isoformat() < row["valid_to"]
        ]
        known = [weight * Fraction(rate) for weight, rate in parts if rate is not None]
        if not parts or len(known) < len(parts):
            return None
        return half_up(sum(known, Fraction()), RATE_PLACES)


def _read_curves(landing: Landing) -> dict[str, History[Curve]]:
    tenor_days = {row["tenor_code"]: Fraction(row["tenor_days"]) for row in read_seed("tenor")}
    points: dict[tuple[date, str], Curve] = defaultdict(dict)
    for _, row in landing.last_rows("finance.rate_curve"):
        curve = points[date.fromisoformat(row["curve_date"]), row["currency_code"]]
        curve[tenor_days[row["tenor_code"]]] = Fraction(row["rate"])
    curves: dict[str, History[Curve]] = defaultdict(History)
    for (day, currency), curve in sorted(points.items(), key=lambda item: item[0]):
        curves[currency].put(day, curve)
    return curves


def _interpolate(curve: Curve, days: Fraction) -> Decimal:
    nodes = sorted(curve)
    below = max((node for node in nodes if node <= days), default=nodes[0])
    above = min((node for node in nodes if node >= days), default=nodes[-1])
    slope = Fraction() if below == above else (curve[above] - curve[below]) / (above - below)
    return half_up(curve[below] + slope * (days - below), RATE_PLACES)
