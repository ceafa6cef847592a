"""Whether what a query does with time keeps the periods of a rollup whole.

A rollup of months, quarters or years has one value for each; a query may group, filter, roll and
shift only where no such period is divided. Lengths of periods are given in months.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time
from typing import Final

from cube.compiler.filters import Condition
from cube.compiler.granularity import NO_TIME, Granularity, Interval
from cube.compiler.rollup import MONTHS
from cube.planner.plan import MovedTime, Rolling

RANGES: Final = ("inDateRange", "notInDateRange", "onTheDate")
FROM_START: Final = ("beforeDate", "afterOrOnDate")
FROM_END: Final = ("afterDate", "beforeOrOnDate")
_PRESENCE = ("set", "notSet")


def fits_granularity(months: int, granularity: Granularity | None, today: date) -> bool:
    """Whether every period of the granularity is made of whole periods of so many months."""
    if granularity is None or not _is_multiple(granularity.interval, months):
        return False
    if granularity.unit is not None:
        return granularity.offset == NO_TIME or _is_multiple(granularity.offset, months)
    anchor = granularity.origin or granularity.offset.after(datetime(today.year, 1, 1))
    return _starts(anchor, months)


def fits_filter(months: int, condition: Condition) -> bool:
    """Whether a filter on the time takes or leaves each period as a whole."""
    moments = [value for value in condition.values if isinstance(value, datetime)]
    if condition.operator in RANGES:
        return _starts(moments[0], months) and _ends(moments[1], months)
    if condition.operator in FROM_START:
        return _starts(moments[0], months)
    if condition.operator in FROM_END:
        return _ends(moments[0], months)
    return condition.operator in _PRESENCE


def fits_frame(months: int, rolling: Rolling, today: date) -> bool:
    """Whether every window begins and ends with a period."""
    if rolling.column is not None:
        whole = fits_granularity(months, rolling.column.granularity, today)
    else:
        first, last = rolling.bounds
        whole = _starts(first, months) and _ends(last, months) and last.time() == time.max
    if rolling.frame.to_date is not None:
        unit = MONTHS.get(rolling.frame.to_date)
        return whole and unit is not None and unit % months == 0
    ends = (rolling.frame.trailing, rolling.frame.leading)
    lengths = [length for length in ends if length is not None and length != NO_TIME]
    return whole and all(_is_multiple(length, months) for length in lengths)


def fits_shift(months: int, shift: MovedTime) -> bool:
    """Whether a shift moves periods onto periods."""
    return _is_multiple(shift.interval, months)


def _is_multiple(length: Interval, months: int) -> bool:
    return length.seconds == 0 and length.months != 0 and length.months % months == 0


def _starts(moment: datetime, months: int) -> bool:
    """Whether a moment is the first of a period."""
    return moment.day == 1 and moment.time() == time() and (moment.month - 1) % months == 0


def _ends(moment: datetime, months: int) -> bool:
    """Whether the day of a moment is the last of a period; days are not divided."""
    last = monthrange(moment.year, moment.month)[1]
    return moment.day == last and moment.month % months == 0
