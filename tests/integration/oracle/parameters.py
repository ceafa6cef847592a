"""Parameters of the seeds: the rows that hold on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from tests.integration.oracle.curves import read_seed
from tests.integration.oracle.deliveries import Row


class Seed:
    """Rows of a seed with validity.

    Args:
        name: of the file below ``seeds/``, without its ending.
    """

    def __init__(self, name: str) -> None:
        self._rows = read_seed(name)

    def on(self, day: date, **wanted: str) -> Iterator[Row]:
        """Rows that hold on a day and have these values."""
        for row in self._rows:
            holds = row["valid_from"] <= day.isoformat() < row["valid_to"]
            if holds and all(row[name] == value for name, value in wanted.items()):
                yield row


class ProfitRates:
    """Rates of the profit statement."""

    def __init__(self) -> None:
        self._seed = Seed("profit_parameter")

    def on(self, day: date, code: str) -> Fraction:
        """A rate on a day, as a fraction."""
        (row,) = self._seed.on(day, parameter_code=code)
        return Fraction(row["parameter_value"])
