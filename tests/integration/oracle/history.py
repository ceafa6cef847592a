"""What was known of something on a day: values by the night that delivered them."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from typing import Generic, TypeVar

Value = TypeVar("Value")


class History(Generic[Value]):
    """Values by date, given in order of dates; a second one of a date replaces the first."""

    def __init__(self) -> None:
        self._dates: list[date] = []
        self._values: list[Value] = []

    def put(self, day: date, value: Value) -> None:
        """Add a later value.

        Raises:
            ValueError: when the day lies before one already there.
        """
        if self._dates and day < self._dates[-1]:
            raise ValueError(f"{day} comes after {self._dates[-1]}")
        if self._dates and day == self._dates[-1]:
            self._values[-1] = value
            return
        self._dates.append(day)
        self._values.append(value)

    def known(self, day: date) -> Value | None:
        """The last value of that day or before; None before the first."""
        place = bisect_right(self._dates, day)
        return self._values[place - 1] if place else None

    def reaching_back(self, day: date) -> Value:
        """The last value of that day or before; the first one reaches back for ever."""
        return self._values[max(bisect_right(self._dates, day) - 1, 0)]

    @property
    def dates(self) -> list[date]:
        """Dates of the values, in order."""
        return self._dates
