"""Windows of a statement: rolling windows around periods, and ranks and shares over the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from sqlglot import exp

from cube.compiler.measures import TOTAL, Frame, Window, replace_components, write_aggregate
from cube.planner.plan import Body, Column, Rolling, Source
from cube.planner.sql_tree import append_output, column_of, group_by

ENTRIES = "entries"
"""Alias of the rows of a source, their arguments and conditions as columns."""
_PERIODS = "periods"
_MICROSECOND = exp.Interval(this=exp.Literal.string("1"), unit=exp.var("MICROSECOND"))

_COMBINED: dict[str, type[exp.AggFunc]] = {
    "sum": exp.Sum,
    "count": exp.Sum,
    TOTAL: exp.Sum,
    "min": exp.Min,
    "max": exp.Max,
}

BindMoment = Callable[[datetime], exp.Expr]
"""Binds a moment as a parameter and casts it to a timestamp."""


def write_windows(body: Body, base: str, values: Mapping[str, exp.Expr]) -> dict[str, exp.Expr]:
    """Ranks and shares over the rows of the answer, by name."""
    return {
        window.name: _write_window(
            window,
            [column_of(c.name, base) for c in body.columns if window.keeps(c.id)],
            values,
        )
        for window in body.windows
    }


def keep_reachable(
    entries: exp.Select, rolling: Rolling, moment: exp.Expr, bind: BindMoment
) -> None:
    """Leave out the entries that lie beyond every window."""
    first, last = rolling.reach
    if first is not None:
        entries.where(exp.GTE(this=moment.copy(), expression=bind(first)), copy=False)
    if last is not None:
        entries.where(exp.LTE(this=moment.copy(), expression=bind(last)), copy=False)


def join_periods(
    source: Source,
    rolling: Rolling,
    columns: Sequence[Column],
    entries: exp.Select,
    periods: exp.Subquery,
) -> exp.Select:
    """Each period joined with the entries of its window, and their aggregates."""
    others = [column for column in columns if column is not rolling.column]
    by_day = rolling.is_daily and all(
        aggregate.kind in _COMBINED for aggregate in source.aggregates
    )
    if by_day:
        entries = _sum_days(entries, source, others)
    select = exp.Select().from_(periods, copy=False)
    select.append(
        "joins",
        exp.Join(
            this=entries.subquery(ENTRIES, copy=False),
            on=_inside(rolling.frame),
            side=None if others else "LEFT",
        ),
    )
    for column in columns:
        start = column is rolling.column
        tree = column_of("period_start", _PERIODS) if start else column_of(column.name, ENTRIES)
        append_output(select, tree, column.name)
    if by_day:
        _append_combined(select, source)
    else:
        append_aggregates(select, source)
    return group_by(select, len(columns))


def write_periods(rolling: Rolling, today: date, bind: BindMoment) -> exp.Subquery:
    """Start and end of each period of a window's time, or of its whole range."""
    first, last = rolling.bounds
    select = exp.Select()
    if rolling.column is None or rolling.column.granularity is None:
        append_output(select, bind(first), "period_start")
        end = exp.Add(this=bind(last), expression=_MICROSECOND.copy())
        append_output(select, end, "period_end")
        return select.subquery(_PERIODS, copy=False)
    granularity = rolling.column.granularity
    bounds = [granularity.bucket(bind(moment), today) for moment in (first, last)]
    series = exp.Anonymous(
        this="GENERATE_SERIES", expressions=[*bounds, granularity.interval.tree()]
    )
    inner = exp.Select()
    append_output(inner, exp.Anonymous(this="UNNEST", expressions=[series]), "period_start")
    end = exp.Add(this=column_of("period_start"), expression=granularity.interval.tree())
    append_output(select, column_of("period_start"), "period_start")
    append_output(select, end, "period_end")
    return select.from_(inner.subquery("starts", copy=False)).subquery(_PERIODS, copy=False)


def append_aggregates(select: exp.Select, source: Source) -> None:
    """Aggregates over the columns that the entries of a source have for them."""
    for position, aggregate in enumerate(source.aggregates):
        name = "key_0" if aggregate.argument is None else f"value_{position}"
        condition = None
        if aggregate.condition is not None:
            condition = column_of(f"condition_{position}", ENTRIES)
        append_output(
            select,
            write_aggregate(aggregate.kind, column_of(name, ENTRIES), condition),
            aggregate.name,
        )


def _sum_days(entries: exp.Select, source: Source, columns: Sequence[Column]) -> exp.Select:
    """One row per group and day, so that a window joins days and not entries."""
    days = exp.Select().from_(entries.subquery(ENTRIES, copy=False), copy=False)
    for column in columns:
        append_output(days, column_of(column.name, ENTRIES), column.name)
    day = exp.TimestampTrunc(this=column_of("moment", ENTRIES), unit=exp.var("DAY"))
    append_output(days, day, "moment")
    append_aggregates(days, source)
    return group_by(days, len(columns) + 1)


def _append_combined(select: exp.Select, source: Source) -> None:
    """The aggregates of several days together. Nothing counted is 0, nothing summed is null."""
    for aggregate in source.aggregates:
        total: exp.Expr = _COMBINED[aggregate.kind](this=column_of(aggregate.name, ENTRIES))
        if aggregate.kind in ("count", TOTAL):
            total = exp.Coalesce(this=total, expressions=[exp.Literal.number(0)])
        append_output(select, total, aggregate.name)


def _write_window(
    window: Window, keys: list[exp.Column], values: Mapping[str, exp.Expr]
) -> exp.Expr:
    order = [
        exp.Ordered(this=replace_components(tree, values), desc=desc, nulls_first=False)
        for tree, desc in window.order
    ]
    if window.kind == "rank":
        function: exp.Expr = exp.Anonymous(this="RANK")
    else:
        assert window.tree is not None
        function = write_aggregate(window.kind, replace_components(window.tree, values), None)
    return exp.Window(
        this=function,
        partition_by=list(keys),
        order=exp.Order(expressions=order) if order else None,
    )


def _inside(frame: Frame) -> exp.Expr:
    """Whether an entry lies in the window of a period. Ends are exclusive: months stay whole."""
    moment = column_of("moment", ENTRIES)
    start, end = column_of("period_start", _PERIODS), column_of("period_end", _PERIODS)
    if frame.to_date is not None:
        # The unit of the last moment: a fiscal year from April ends in the year that it shows.
        last = exp.Sub(this=end.copy(), expression=_MICROSECOND.copy())
        first = exp.TimestampTrunc(this=last, unit=exp.var(frame.to_date.upper()))
        return exp.and_(
            exp.GTE(this=moment, expression=first), exp.LT(this=moment.copy(), expression=end)
        )
    edge = start if frame.from_start else end
    conditions: list[exp.Expr] = []
    if frame.trailing is not None:
        first_moment = (-frame.trailing).added_to(edge.copy())
        conditions.append(exp.GTE(this=moment.copy(), expression=first_moment))
    if frame.leading is not None:
        last_moment = frame.leading.added_to(edge.copy())
        conditions.append(exp.LT(this=moment.copy(), expression=last_moment))
    return exp.and_(*conditions) if conditions else exp.true()
