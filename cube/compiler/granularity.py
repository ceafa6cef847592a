"""Periods that time is cut into: Cube's eight units, and custom ones such as a fiscal year."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from sqlglot import exp

from cube.compiler.definition import GranularityDefinition
from cube.errors import ModelError
from cube.query.dates import GRANULARITIES

_PART = re.compile(r"(-?[0-9]+) ([a-z]+?)s?(?= |$)")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONDAY = datetime(2000, 1, 3)


@dataclass(frozen=True)
class Interval:
    """A length of time: whole months, and seconds beside them."""

    months: int = 0
    seconds: int = 0

    @classmethod
    def parse(cls, text: str) -> Interval:
        """Interval of a model text such as ``1 year 2 months``."""
        parts = [(int(count), unit) for count, unit in _PART.findall(text)]
        return cls(
            sum(count * _MONTHS.get(unit, 0) for count, unit in parts),
            sum(count * _SECONDS.get(unit, 0) for count, unit in parts),
        )

    def __neg__(self) -> Interval:
        """The same length into the past."""
        return Interval(-self.months, -self.seconds)

    @property
    def is_whole_days(self) -> bool:
        """Whether the interval moves midnights to midnights."""
        return self.seconds % _SECONDS["day"] == 0

    @property
    def approximate_seconds(self) -> int:
        """Length for comparisons only; a month counts 30 days."""
        return self.months * 30 * _SECONDS["day"] + self.seconds

    def is_within(self, other: Interval) -> bool:
        """Whether the interval is of seconds only, and no longer than another of seconds."""
        return self.months == 0 and self.seconds <= other.seconds

    def after(self, moment: datetime) -> datetime:
        """The moment this much later."""
        return moment + relativedelta(months=self.months) + timedelta(seconds=self.seconds)

    def tree(self) -> exp.Interval:
        """SQL of an interval that is months only or seconds only."""
        count, unit = (self.months, "MONTH") if self.months else (self.seconds, "SECOND")
        return exp.Interval(this=exp.Literal.string(str(count)), unit=exp.var(unit))

    def added_to(self, tree: exp.Expr) -> exp.Expr:
        """SQL of a time this much later."""
        for part in (Interval(self.months), Interval(0, self.seconds)):
            if part != Interval():
                tree = exp.Add(this=tree, expression=part.tree())
        return exp.paren(tree, copy=False) if isinstance(tree, exp.Add) else tree


NO_TIME = Interval()
DAY = Interval(0, _SECONDS["day"])


@dataclass(frozen=True)
class Granularity:
    """A named period. ``unit`` where it is one whole unit of the calendar, moved by ``offset``."""

    name: str
    title: str
    text: str
    interval: Interval
    unit: str | None
    offset: Interval = NO_TIME
    origin: datetime | None = None
    definition: GranularityDefinition | None = None

    @property
    def starts_at_midnight(self) -> bool:
        """Whether every period is made of whole days."""
        midnight = self.origin is None or self.origin.time() == time()
        return self.interval.is_whole_days and self.offset.is_whole_days and midnight

    def bucket(self, local: exp.Expr, today: date) -> exp.Expr:
        """SQL of the start of the period that a local time lies in."""
        if self.unit is not None:
            moved = (-self.offset).added_to(local)
            start = exp.TimestampTrunc(this=moved, unit=exp.var(self.unit.upper()))
            return self.offset.added_to(start)
        return self._bin(local, self._anchor(today))

    def _anchor(self, today: date) -> datetime:
        """A moment at which a period starts; by default the start of the business year."""
        return self.origin or self.offset.after(datetime(today.year, 1, 1))

    def _bin(self, local: exp.Expr, anchor: datetime) -> exp.Expr:
        """Whole intervals since the anchor. Months count from the first day of a month."""
        first = anchor.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        rest = Interval(0, int((anchor - first).total_seconds()) if self.interval.months else 0)
        start = first if self.interval.months else anchor
        moved = (-rest).added_to(local)
        size = self.interval.tree()
        return rest.added_to(
            exp.Anonymous(this="TIME_BUCKET", expressions=[size, moved, _moment(start)])
        )


def _moment(value: datetime) -> exp.Expr:
    text = exp.Literal.string(value.isoformat(sep=" "))
    return exp.Cast(this=text, to=exp.DataType(this=exp.DataType.Type.TIMESTAMP))


def build_granularity(definition: GranularityDefinition) -> Granularity:
    """Granularity of the model. An interval of one unit without origin follows the calendar.

    Raises:
        ModelError: the interval is empty or mixes months with days, the origin is no date.
    """
    interval = Interval.parse(definition.interval)
    if (interval.months > 0) == (interval.seconds > 0):
        raise ModelError(f"the interval '{definition.interval}' is neither months nor days")
    parts = _PART.findall(definition.interval)
    whole = len(parts) == 1 and parts[0][0] == "1" and definition.origin is None
    origin = _parse_origin(definition)
    if origin is None and len(parts) == 1 and parts[0][1] == "week":
        origin = _MONDAY
    return Granularity(
        name=definition.name,
        title=definition.title or definition.name.replace("_", " ").capitalize(),
        text=definition.interval,
        interval=interval,
        unit=parts[0][1] if whole else None,
        offset=Interval.parse(definition.offset) if definition.offset else NO_TIME,
        origin=origin,
        definition=definition,
    )


def _parse_origin(definition: GranularityDefinition) -> datetime | None:
    if definition.origin is None:
        return None
    try:
        return datetime.fromisoformat(definition.origin)
    except ValueError as error:
        raise ModelError(f"the origin '{definition.origin}' is not a date") from error


STANDARD: Mapping[str, Granularity] = {
    name: Granularity(name, name, f"1 {name}", Interval.parse(f"1 {name}"), name)
    for name in GRANULARITIES
}
