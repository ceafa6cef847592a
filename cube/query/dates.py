"""Date ranges of a query, absolute or relative, as pairs of moments.

Relative ranges count from the business date of the published version, not from the clock: a
warehouse of yesterday must not answer "this month" with nothing. Weeks are ISO weeks. A "last N"
range leaves the current unit out. Both ends belong to the range; a bare date means its whole day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, get_args

from dateutil.relativedelta import relativedelta

from cube.errors import QueryError

Granularity = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
GRANULARITIES: tuple[Granularity, ...] = get_args(Granularity)
DateRange = tuple[datetime, datetime]

_UNIT = "(" + "|".join(GRANULARITIES) + ")"
_ONE_UNIT = re.compile(rf"(this|last|next)\s+{_UNIT}")
_MANY_UNITS = re.compile(rf"(last|next)\s+([0-9]{{1,5}})\s+{_UNIT}s?")
_FROM_TO = re.compile(r"from\s+(.+?)\s+to\s+(.+)")
_OFFSET = re.compile(rf"([0-9]{{1,5}})\s+{_UNIT}s?\s+(ago|from\s+now)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z?"
)
_DAYS = {"today": 0, "now": 0, "yesterday": -1, "tomorrow": 1}
_FINE = ("hour", "minute", "second")
_LAST_MICROSECOND = time(23, 59, 59, 999_999)


def parse_range(value: str | Sequence[str], today: date, zone: tzinfo = UTC) -> DateRange:
    """First and last moment of a date range.

    Args:
        value: a relative range such as ``last 6 months``, a date, or one or two dates or moments.
        today: business date that relative ranges count from.
        zone: time zone of the query; both moments are local to it.

    Raises:
        QueryError: the value is no date or range, or the range ends before it starts.
    """
    if isinstance(value, str):
        start, end = _parse_text(" ".join(value.lower().split()), today)
    else:
        start, end = parse_moment(value[0], zone), parse_moment(value[-1], zone, end=True)
    if end < start:
        raise QueryError(f"the date range {value!r} ends before it starts")
    return start, end


def parse_moment(value: str, zone: tzinfo = UTC, *, end: bool = False) -> datetime:
    """A date or moment, local to the zone; a bare date is the start, or the ``end``, of its day.

    A ``Z`` at the end says that the moment is in UTC. A moment given to the millisecond ends with
    its last microsecond, so that ``23:59:59.999`` holds everything up to midnight.
    """
    try:
        if _DATE.fullmatch(value):
            day = date.fromisoformat(value)
            return datetime.combine(day, _LAST_MICROSECOND if end else time())
        if _MOMENT.fullmatch(value):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                moment = moment.astimezone(zone).replace(tzinfo=None)
            ends_late = end and moment.microsecond == 999_000  # noqa: PLR2004 - last millisecond
            return moment.replace(microsecond=999_999) if ends_late else moment
    except (ValueError, OverflowError) as error:
        raise QueryError(f"'{value}' is not a date: {error}") from error
    raise QueryError(f"'{value}' is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS.mmm")


def format_moment(moment: datetime | date) -> str:
    """Moment as Cube writes it, in milliseconds and without a zone."""
    if not isinstance(moment, datetime):
        return f"{moment.isoformat()}T00:00:00.000"
    return moment.isoformat(timespec="milliseconds")


def _parse_text(text: str, today: date) -> DateRange:
    now = datetime.combine(today, _LAST_MICROSECOND)
    try:
        if match := _ONE_UNIT.fullmatch(text):
            return _one_unit(now, *match.groups())
        if match := _MANY_UNITS.fullmatch(text):
            return _many_units(now, match.group(1), int(match.group(2)), match.group(3))
        if match := _FROM_TO.fullmatch(text):
            unit = next((name for name in _FINE if name in text), "day")
            start, end = (_parse_point(point, now) for point in match.groups())
            return start_of(start, unit), end_of(end, unit)
    except (OverflowError, ValueError) as error:
        raise QueryError(f"the date range '{text}' leaves the calendar") from error
    point = _parse_point(text, now)
    return start_of(point, "day"), end_of(point, "day")


def _one_unit(now: datetime, which: str, unit: str) -> DateRange:
    moment = now + _delta(unit, {"this": 0, "last": -1, "next": 1}[which])
    return start_of(moment, unit), end_of(moment, unit)


def _many_units(now: datetime, which: str, count: int, unit: str) -> DateRange:
    if count == 0:
        raise QueryError(f"'{which} 0 {unit}' is an empty range")
    first, last = (-count, -1) if which == "last" else (1, count)
    return start_of(now + _delta(unit, first), unit), end_of(now + _delta(unit, last), unit)


def _parse_point(text: str, now: datetime) -> datetime:
    if text in _DAYS:
        return now + timedelta(days=_DAYS[text])
    if match := _OFFSET.fullmatch(text):
        count = int(match.group(1))
        return now + _delta(match.group(2), -count if match.group(3) == "ago" else count)
    if _DATE.fullmatch(text) or _MOMENT.fullmatch(text.upper()):
        return parse_moment(text.upper())
    raise QueryError(
        f"cannot read the date range '{text}'; write for instance 'last 6 months', 'this year', "
        "'from 7 days ago to now', '2024-01-31' or two dates"
    )


def start_of(moment: datetime, unit: str) -> datetime:
    """First moment of the unit that a moment lies in."""
    if unit in _FINE:
        minute = 0 if unit == "hour" else moment.minute
        second = moment.second if unit == "second" else 0
        return moment.replace(minute=minute, second=second, microsecond=0)
    day = datetime.combine(moment.date(), time())
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "day":
        return day
    month = {"year": 1, "quarter": 3 * ((day.month - 1) // 3) + 1, "month": day.month}[unit]
    return day.replace(month=month, day=1)


def end_of(moment: datetime, unit: str) -> datetime:
    """Last microsecond of the unit that a moment lies in, or of the calendar."""
    try:
        return start_of(moment, unit) + _delta(unit, 1) - timedelta(microseconds=1)
    except (OverflowError, ValueError):
        return datetime.max


def _delta(unit: str, count: int) -> relativedelta:
    months = {"month": 1, "quarter": 3, "year": 12}
    if unit in months:
        return relativedelta(months=months[unit] * count)
    days = {"day": 1, "week": 7}
    if unit in days:
        return relativedelta(days=days[unit] * count)
    seconds = {"hour": 3600, "minute": 60, "second": 1}
    return relativedelta(seconds=seconds[unit] * count)
