"""The nights of the sample bank, counted from day 0."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.sources.sample.arrays import NO_DAY, Bools, Ints

SUNDAY = 6
SATURDAY = 5
THIRTY = 30
SETTLEMENT_MONTHS = (3, 6, 9, 12)
SETTLEMENT_DAY = 21


@dataclass(frozen=True)
class Period:
    """A run of calendar days, every one a business date."""

    start: date
    days: int

    def date_of(self, day: int) -> date:
        """Calendar date of a day."""
        return self.start + timedelta(days=day)

    def is_month_start(self, day: int) -> bool:
        """Whether the day is the first of its month."""
        return self.date_of(day).day == 1

    def is_month_end(self, day: int) -> bool:
        """Whether the day is the last of its month."""
        return self.date_of(day + 1).day == 1

    def is_settlement(self, day: int) -> bool:
        """Whether demand deposits are credited their interest: the 21st that closes a quarter."""
        moment = self.date_of(day)
        return moment.day == SETTLEMENT_DAY and moment.month in SETTLEMENT_MONTHS

    def month_starts(self) -> list[int]:
        """Days that are the first of a month."""
        return [day for day in range(self.days) if self.is_month_start(day)]

    def falls_on(self, day: int, days_of_month: Ints) -> Bools:
        """Whether a monthly event of that day of month falls on the day.

        Days of month beyond the end of a short month fall on its last day.
        """
        moment = self.date_of(day)
        last = calendar.monthrange(moment.year, moment.month)[1]
        falls: Bools = np.minimum(days_of_month, last) == moment.day
        return falls

    def thirty_360(self, day: int) -> int:
        """Days that the day counts in 30/360: the count from it to the next day."""
        return _count_360(self.date_of(day + 1)) - _count_360(self.date_of(day))

    def months_after(self, days: Ints, months: Ints, day_of_month: Ints) -> Ints:
        """The day of month (at most 28) so many months after the month of each day."""
        base = np.datetime64(self.start, "D")
        month = (base + days.astype("timedelta64[D]")).astype("datetime64[M]")
        due = (month + months.astype("timedelta64[M]")).astype("datetime64[D]")
        since: Ints = (due - base).astype(np.int64) + day_of_month - 1
        return since

    def random_days(self, rng: np.random.Generator, size: int) -> Ints:
        """Days after the first night, at random; NO_DAY when the period has one night only."""
        if self.days == 1:
            return np.full(size, NO_DAY, dtype=np.int64)
        return rng.integers(1, self.days, size)


def _count_360(moment: date) -> int:
    return 360 * moment.year + 30 * moment.month + min(moment.day, THIRTY)
