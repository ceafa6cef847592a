"""A slow query as the access log records it: names of the model, and no value of the query.

Of a value, a rollup has to know one thing only: whether a filter on time leaves its periods whole.
So the log has the longest period that each filter on time is made of, and the query is planned
again with a range of such periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from cube.compiler.filters import Condition, list_conditions
from cube.compiler.rollup import MONTHS
from cube.planner.plan import Plan
from cube.planner.prepare import PreparedQuery
from cube.planner.rollup_time import FROM_END, RANGES, fits_filter
from cube.query.operators import Operator
from cube.query.query import And, Filter, FilterItem, Or, Query, parse_query

Period = Literal["day", "month", "quarter", "year"]

_PERIODS: tuple[Period, ...] = ("year", "quarter", "month")
"""The longest first."""
_SAMPLES: dict[Period, tuple[str, str]] = {
    "year": ("2000-01-01", "2000-12-31"),
    "quarter": ("2000-04-01", "2000-06-30"),
    "month": ("2000-02-01", "2000-02-29"),
    "day": ("2000-02-02", "2000-02-03"),
}
"""A range that is made of one period, and of no longer one."""
_WITHOUT_VALUES = ("set", "notSet", "measureFilter")
SAMPLE_VALUE = "1"
"""Stands for a value of any type but time."""


class _Logged(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SlowFilter(_Logged):
    """A filter without its values; ``period`` where they are times."""

    member: str
    operator: Operator
    period: Period | None = None


class SlowTime(_Logged):
    """A time dimension; ``period`` where it has a date range."""

    dimension: str
    granularity: str | None = None
    period: Period | None = None


class SlowQuery(_Logged):
    """The members of a query. Filters are listed one by one, whatever joins them."""

    measures: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    time_dimensions: tuple[SlowTime, ...] = ()
    filters: tuple[SlowFilter, ...] = ()
    ungrouped: bool = False

    def sample(self) -> Query:
        """A query that reads the same members, with sample values.

        Raises:
            QueryError: the log is no log of this server.
        """
        return parse_query(
            {
                "measures": self.measures,
                "dimensions": self.dimensions,
                "segments": self.segments,
                "timeDimensions": [_sample_time(item) for item in self.time_dimensions],
                "filters": [_sample_filter(item) for item in self.filters],
                "ungrouped": self.ungrouped,
            }
        )


def describe_query(prepared: PreparedQuery) -> SlowQuery:
    """A query as the access log records it."""
    query = prepared.query
    periods = _find_periods(prepared.plan)
    filters = (
        SlowFilter(
            member=item.member,
            operator=item.operator,
            period=periods.get((item.member, item.operator)),
        )
        for item in _list_filters(query.filters)
    )
    times = (
        SlowTime(
            dimension=item.dimension,
            granularity=item.granularity,
            period=periods[item.dimension, "inDateRange"] if item.date_range else None,
        )
        for item in query.time_dimensions
    )
    return SlowQuery(
        measures=query.measures,
        dimensions=query.dimensions,
        segments=query.segments,
        time_dimensions=tuple(times),
        filters=tuple(dict.fromkeys(filters)),
        ungrouped=query.ungrouped,
    )


def _list_filters(items: Iterable[FilterItem]) -> Iterator[Filter]:
    for item in items:
        if isinstance(item, And | Or):
            yield from _list_filters(item.items)
        else:
            yield item


def _find_periods(plan: Plan) -> dict[tuple[str, str], Period]:
    """The longest period that every filter on a time by an operator is made of."""
    found: dict[tuple[str, str], Period] = {}
    for condition, period in _list_periods(plan):
        key = (condition.member.name, condition.operator)
        found[key] = min(period, found.get(key, period), key=_length)
    return found


def _list_periods(plan: Plan) -> Iterator[tuple[Condition, Period]]:
    for source in plan.sources:
        for condition in (c for node in source.where for c in list_conditions(node)):
            if any(isinstance(value, datetime) for value in condition.values):
                yield condition, _find_period(condition)
        if source.rolling is not None:
            # The date range of a rolling window is no filter, and may not end within a day.
            bounds = source.rolling.bounds
            condition = Condition(source.rolling.member, "inDateRange", bounds)
            yield condition, _find_period(condition) if bounds[1].time() == time.max else "day"


def _find_period(condition: Condition) -> Period:
    fitting = (unit for unit in _PERIODS if fits_filter(MONTHS[unit], condition))
    return next(fitting, "day")


def _length(period: Period) -> int:
    return MONTHS.get(period, 0)


def _sample_time(item: SlowTime) -> dict[str, Any]:
    content: dict[str, Any] = {"dimension": item.dimension}
    if item.granularity is not None:
        content["granularity"] = item.granularity
    if item.period is not None:
        content["dateRange"] = _SAMPLES[item.period]
    return content


def _sample_filter(item: SlowFilter) -> dict[str, Any]:
    content: dict[str, Any] = {"member": item.member, "operator": item.operator}
    if item.operator in _WITHOUT_VALUES:
        return content
    return {**content, "values": _sample_values(item)}


def _sample_values(item: SlowFilter) -> tuple[str, ...]:
    if item.period is None:
        return (SAMPLE_VALUE,)
    first, last = _SAMPLES[item.period]
    if item.operator in RANGES:
        return first, last
    return (last,) if item.operator in FROM_END else (first,)
