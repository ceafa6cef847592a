"""From a plan to SQL. Identifiers come from the model only, values are bound parameters.

A plain body is one grouped SELECT. Any other body is one common table expression per source, each
grouped by the members of the query, joined on those members:

    WITH source_0 AS (...), source_1 AS (...),
    keys AS (SELECT ... FROM source_0 UNION SELECT ... FROM source_1)
    SELECT keys.*, <measures> FROM keys LEFT JOIN source_0 ON ... LEFT JOIN source_1 ON ...
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from sqlglot import exp

from cube.compiler.compiled import CompiledDimension, CompiledSegment, Member
from cube.compiler.filters import SEGMENT, Condition, Group, Node
from cube.compiler.measures import (
    PART_TABLE,
    STAGE_VALUE,
    TOTAL,
    CompiledMeasure,
    Frame,
    Leaf,
    Nested,
    Shift,
    Window,
    aggregate,
    replace_parts,
)
from cube.compiler.model import Model
from cube.compiler.values import Value
from cube.planner.operators import CONDITIONS
from cube.planner.plan import Body, Column, NestedSource, Plan, Rolling, Source, StagePlan, is_moved
from cube.planner.sql_tree import (
    DIALECT,
    TIMESTAMP,
    add_cte,
    append_output,
    as_moment,
    column_of,
    combine,
    group_by,
    join_sources,
    left_join,
    order_by,
    select_from,
)

_COUNTED, _ENTRIES, _PERIODS = "counted", "entries", "periods"
_MICROSECOND = timedelta(microseconds=1)
_LATE = ("afterDate", "beforeOrOnDate")

_COMBINED: dict[str, type[exp.AggFunc]] = {
    "sum": exp.Sum,
    "count": exp.Sum,
    TOTAL: exp.Sum,
    "min": exp.Min,
    "max": exp.Max,
}

Output = tuple[exp.Expr, str]
"""An expression over parts, and the name of its column."""


@dataclass(frozen=True)
class Statement:
    """SQL with ``$1``, ``$2``, ... and their values. The last two are the limit and the offset."""

    sql: str
    parameters: tuple[Value | int, ...]


def write_statement(
    plan: Plan, model: Model, limit: int | None = None, dialect: str = DIALECT
) -> Statement:
    """The query of a plan, cut at ``limit`` rows (the plan's own unless given)."""
    writer = _Writer(plan, model)
    select = writer.select()
    select = select.limit(writer.bind(plan.limit if limit is None else limit), copy=False)
    select = select.offset(writer.bind(plan.offset), copy=False)
    return writer.finish(select, dialect)


def write_total(plan: Plan, model: Model, dialect: str = DIALECT) -> Statement:
    """The number of rows of a plan without limit and offset."""
    writer = _Writer(plan, model)
    count = exp.select(exp.Count(this=exp.Star())).from_(
        writer.select(ordered=False).subquery(_COUNTED)
    )
    return writer.finish(count, dialect)


def write_select(plan: Plan, model: Model, parameters: list[Value | int]) -> exp.Select:
    """The rows of a plan without limit and offset, as part of a greater statement: its values are
    added to the ``parameters`` of that."""
    return _Writer(plan, model, parameters).select()


class _Writer:
    """Writes one statement; binds each value where it stands."""

    def __init__(
        self, plan: Plan, model: Model, parameters: list[Value | int] | None = None
    ) -> None:
        self._plan = plan
        self._model = model
        self._zone = ZoneInfo(plan.timezone)
        self._parameters: list[Value | int] = [] if parameters is None else parameters

    def finish(self, select: exp.Select, dialect: str) -> Statement:
        """The statement as text."""
        return Statement(select.sql(dialect=dialect, copy=False), tuple(self._parameters))

    def bind(self, value: Value | int) -> exp.Parameter:
        """Placeholder of a value."""
        self._parameters.append(value)
        return exp.Parameter(this=exp.Literal.number(len(self._parameters)))

    def select(self, *, ordered: bool = True) -> exp.Select:
        """The whole query without limit."""
        plan = self._plan
        outputs = [(_measure(member).tree, member.name) for member in plan.measures]
        if plan.ungrouped:
            select = self._rows(plan.body.sources[0], outputs)
        else:
            select = self._body(plan.body, outputs, plan.having)
        return order_by(select, plan.order) if ordered else select

    # Bodies

    def _body(
        self, body: Body, outputs: Sequence[Output], having: Sequence[Node] = ()
    ) -> exp.Select:
        if body.is_plain:
            return self._plain_body(body, outputs, having)
        return self._joined_body(body, outputs, having)

    def _plain_body(
        self, body: Body, outputs: Sequence[Output], having: Sequence[Node]
    ) -> exp.Select:
        (source,) = body.sources
        values = {leaf.name: self._leaf(leaf, source.root) for leaf in source.leaves}
        select = self._from(source)
        for column in body.columns:
            append_output(select, self._column(column, source.shifts), column.name)
        for tree, name in outputs:
            append_output(select, replace_parts(tree, values), name)
        self._filter(select, source.where, source.shifts)
        group_by(select, len(body.columns))
        conditions = [self._having(node, values) for node in having]
        return select.having(*conditions, copy=False) if conditions else select

    def _joined_body(
        self, body: Body, outputs: Sequence[Output], having: Sequence[Node]
    ) -> exp.Select:
        select = exp.Select()
        values: dict[str, exp.Expr] = {}
        names = []
        for source in body.sources:
            add_cte(select, source.name, self._source(source, body.columns))
            values |= {leaf.name: column_of(leaf.name, source.name) for leaf in source.leaves}
            names.append(source.name)
        for nested in body.nested:
            add_cte(select, nested.name, self._nested(nested, body.columns))
            values[nested.part.name] = column_of(nested.part.name, nested.name)
            names.append(nested.name)
        base = join_sources(select, names, body.columns)
        values |= self._windows(body, base, values)
        for column in body.columns:
            append_output(select, column_of(column.name, base), column.name)
        for tree, name in outputs:
            append_output(select, replace_parts(tree, values), name)
        return self._keep(select, body, having, values)

    def _keep(
        self, select: exp.Select, body: Body, having: Sequence[Node], values: Mapping[str, exp.Expr]
    ) -> exp.Select:
        """Filters on measures. They hide rows, but no row from a rank or share of another."""
        conditions = [self._having(node, values) for node in having]
        if conditions and body.windows:
            select.set("qualify", exp.Qualify(this=exp.and_(*conditions, copy=False)))
        elif conditions:
            select.where(*conditions, copy=False)
        return select

    def _windows(
        self, body: Body, base: str, values: Mapping[str, exp.Expr]
    ) -> dict[str, exp.Expr]:
        return {
            window.name: _window(
                window,
                [column_of(c.name, base) for c in body.columns if window.keeps(c.id)],
                values,
            )
            for window in body.windows
        }

    def _nested(self, nested: NestedSource, columns: Sequence[Column]) -> exp.Select:
        part: Nested = nested.part
        inner = self._body(nested.body, [(part.base.tree, STAGE_VALUE)])
        outer = exp.Select().from_(inner.subquery("finer", copy=False), copy=False)
        for column in columns:
            append_output(outer, column_of(column.name), column.name)
        append_output(outer, aggregate(part.kind, column_of(STAGE_VALUE), None), part.name)
        return group_by(outer, len(columns))

    # Sources

    def _source(self, source: Source, columns: Sequence[Column]) -> exp.Select:
        if source.rolling is not None:
            return self._rolling(source, source.rolling, columns)
        if source.distinct:
            return self._distinct(source, columns)
        outputs = [
            (exp.column(leaf.name, PART_TABLE, quoted=True), leaf.name) for leaf in source.leaves
        ]
        return self._plain_body(Body(tuple(columns), (source,), (), ()), outputs, ())

    def _distinct(self, source: Source, columns: Sequence[Column]) -> exp.Select:
        """Each row of the measured cube once per group, whatever the joins repeat."""
        keys = [(self._column(column, source.shifts), column.name) for column in columns]
        entries = self._entries(source, keys)
        outer = exp.Select().from_(entries.subquery(_ENTRIES, copy=False), copy=False)
        for column in columns:
            append_output(outer, column_of(column.name), column.name)
        _append_leaves(outer, source)
        return group_by(outer, len(columns))

    def _rolling(self, source: Source, rolling: Rolling, columns: Sequence[Column]) -> exp.Select:
        """Each period joined with the entries of its window."""
        others = [column for column in columns if column is not rolling.column]
        keys = [(self._column(column, source.shifts), column.name) for column in others]
        moment = self._local(rolling.member, source.shifts)
        entries = self._entries(source, [*keys, (moment, "moment")])
        self._keep_reachable(entries, rolling, moment)
        by_day = rolling.is_daily and all(leaf.kind in _COMBINED for leaf in source.leaves)
        if by_day:
            entries = _sum_days(entries, source, others)
        select = exp.Select().from_(self._periods(rolling), copy=False)
        select.append(
            "joins",
            exp.Join(
                this=entries.subquery(_ENTRIES, copy=False),
                on=_inside(rolling.frame),
                side=None if others else "LEFT",
            ),
        )
        for column in columns:
            start = column is rolling.column
            tree = (
                column_of("period_start", _PERIODS) if start else column_of(column.name, _ENTRIES)
            )
            append_output(select, tree, column.name)
        if by_day:
            _append_combined(select, source)
        else:
            _append_leaves(select, source)
        return group_by(select, len(columns))

    def _keep_reachable(self, entries: exp.Select, rolling: Rolling, moment: exp.Expr) -> None:
        """Leave out what lies beyond every window."""
        first, last = rolling.reach
        if first is not None:
            limit = self._timestamp(first)
            entries.where(exp.GTE(this=moment.copy(), expression=limit), copy=False)
        if last is not None:
            limit = self._timestamp(last)
            entries.where(exp.LTE(this=moment.copy(), expression=limit), copy=False)

    def _periods(self, rolling: Rolling) -> exp.Subquery:
        first, last = rolling.bounds
        select = exp.Select()
        if rolling.column is None or rolling.column.granularity is None:
            append_output(select, self._timestamp(first), "period_start")
            append_output(select, self._timestamp(last + _MICROSECOND), "period_end")
            return select.subquery(_PERIODS, copy=False)
        granularity, today = rolling.column.granularity, self._plan.today
        bounds = [granularity.bucket(self._timestamp(moment), today) for moment in (first, last)]
        series = exp.Anonymous(
            this="GENERATE_SERIES", expressions=[*bounds, granularity.interval.tree()]
        )
        inner = exp.Select()
        append_output(inner, exp.Anonymous(this="UNNEST", expressions=[series]), "period_start")
        end = exp.Add(this=column_of("period_start"), expression=granularity.interval.tree())
        append_output(select, column_of("period_start"), "period_start")
        append_output(select, end, "period_end")
        return select.from_(inner.subquery("starts", copy=False)).subquery(_PERIODS, copy=False)

    def _entries(self, source: Source, keys: Iterable[Output]) -> exp.Select:
        """Rows of a source with the arguments and conditions of its leaves as columns."""
        select = self._from(source)
        for tree, name in keys:
            append_output(select, tree, name)
        for position, key in enumerate(self._key(source)):
            append_output(select, key.copy(), f"key_{position}")
        for position, leaf in enumerate(source.leaves):
            if leaf.argument is not None:
                append_output(select, leaf.argument.copy(), f"value_{position}")
            if leaf.condition is not None:
                append_output(select, leaf.condition.copy(), f"condition_{position}")
        self._filter(select, source.where, source.shifts)
        return select.distinct(copy=False) if source.distinct else select

    def _key(self, source: Source) -> tuple[exp.Expr, ...]:
        """Primary key of the counted cube: it tells its rows, and whether a join found one.

        A rollup has no single rows, and no leaf that would count them.
        """
        if source.rollup is not None:
            return ()
        return self._model.cubes[source.leaves[0].cube].primary_key

    def _rows(self, source: Source, outputs: Sequence[Output]) -> exp.Select:
        """Rows one by one, with what each brings to the measures."""
        values = {leaf.name: self._row_value(leaf) for leaf in source.leaves}
        select = self._from(source)
        for column in self._plan.columns:
            append_output(select, self._column(column, ()), column.name)
        for tree, name in outputs:
            append_output(select, replace_parts(tree, values), name)
        self._filter(select, source.where, ())
        return select

    def _row_value(self, leaf: Leaf) -> exp.Expr:
        argument = leaf.argument or self._model.cubes[leaf.cube].primary_key[0]
        conditions: list[exp.Expr] = []
        if leaf.condition is not None:
            conditions.append(exp.paren(leaf.condition))
        value: exp.Expr = argument.copy()
        if leaf.kind.startswith("count"):
            conditions.append(exp.not_(exp.Is(this=argument.copy(), expression=exp.Null())))
            value = exp.Literal.number(1)
        if not conditions:
            return value
        return exp.Case(ifs=[exp.If(this=exp.and_(*conditions), true=value)])

    def _from(self, source: Source) -> exp.Select:
        select = select_from(source.table, source.root, source.joins)
        for stage in source.stages:
            self._join_stage(select, stage, source)
        return select

    def _leaf(self, leaf: Leaf, root: str) -> exp.Expr:
        """The aggregate of a leaf. A cube that is joined may have no row to count."""
        argument = leaf.argument
        if argument is None and leaf.cube != root:
            argument = self._model.cubes[leaf.cube].primary_key[0]
        return aggregate(leaf.kind, argument, leaf.condition)

    # Stages of balances

    def _join_stage(self, select: exp.Select, plan: StagePlan, source: Source) -> None:
        """Join the one row that a stage has for each combination of its columns."""
        name = plan.stage.name
        add_cte(select, name, self._stage(plan, source))
        matches = [
            exp.NullSafeEQ(
                this=self._column(column, source.shifts), expression=column_of(f"key_{i}", name)
            )
            for i, column in enumerate(plan.columns)
        ]
        condition = exp.and_(*matches, copy=False) if matches else None
        left_join(select, exp.table_(name, quoted=True), condition)

    def _stage(self, plan: StagePlan, source: Source) -> exp.Select:
        select = select_from(source.table, source.root, plan.joins)
        keys = [f"key_{i}" for i in range(len(plan.columns))]
        for key, column in zip(keys, plan.columns, strict=True):
            append_output(select, self._column(column, source.shifts), key)
        if plan.stage.include is not None:
            append_output(select, plan.stage.include.copy(), "include")
        groups = len(select.expressions)
        append_output(select, plan.stage.value.copy(), STAGE_VALUE)
        self._filter(select, plan.where, source.shifts)
        group_by(select, groups)
        return select if plan.stage.include is None else _sum_stage(select, keys)

    # Members

    def _column(self, column: Column, shifts: Sequence[Shift]) -> exp.Expr:
        if column.granularity is None:
            return self._value(column.member, shifts)
        return column.granularity.bucket(self._local(column.member, shifts), self._plan.today)

    def _value(self, member: Member, shifts: Sequence[Shift]) -> exp.Expr:
        """A dimension as its cube says; times are moved by the shifts of the source."""
        tree = _dimension(member).tree.copy()
        for shift in shifts:
            if is_moved(member, shift):
                tree = shift.interval.added_to(exp.paren(tree, copy=False))
        return tree

    def _local(self, member: Member, shifts: Sequence[Shift]) -> exp.Expr:
        """A time in the zone of the query. A calendar day is the same day everywhere."""
        moment = as_moment(exp.paren(self._value(member, shifts), copy=False))
        if self._is_fixed(member):
            return moment
        utc = exp.AtTimeZone(this=moment, zone=exp.Literal.string("UTC"))
        return exp.AtTimeZone(this=utc, zone=exp.Literal.string(self._plan.timezone))

    def _is_fixed(self, member: Member) -> bool:
        return self._plan.timezone == "UTC" or _dimension(member).is_day

    def _timestamp(self, moment: datetime) -> exp.Expr:
        return exp.Cast(this=self.bind(moment), to=exp.DataType(this=TIMESTAMP))

    def _utc(self, moment: datetime, *, late: bool) -> datetime:
        """A local moment in UTC; where the clock shows it twice, the first or the ``late`` one."""
        local = moment.replace(tzinfo=self._zone, fold=int(late))
        return local.astimezone(UTC).replace(tzinfo=None)

    # Filters

    def _filter(self, select: exp.Select, nodes: Iterable[Node], shifts: Sequence[Shift]) -> None:
        conditions = [self._where(node, shifts) for node in nodes]
        if conditions:
            select.where(*conditions, copy=False)

    def _where(self, node: Node, shifts: Sequence[Shift]) -> exp.Expr:
        if isinstance(node, Group):
            return combine(node, [self._where(item, shifts) for item in node.items])
        if node.operator == SEGMENT:
            assert isinstance(node.member.source, CompiledSegment)
            return exp.paren(node.member.source.tree)
        if node.operator == "measureFilter":
            return _counts_to(_measure(node.member))
        tree = exp.paren(self._value(node.member, shifts), copy=False)
        if node.member.type != "time":
            return self._apply(node, tree, node.values)
        return self._apply(node, as_moment(tree), self._bounds(node))

    def _bounds(self, node: Condition) -> list[Value]:
        """Times of a filter as the table keeps them: in UTC, unless they are days."""
        moments = [value for value in node.values if isinstance(value, datetime)]
        if self._is_fixed(node.member):
            return [*moments]
        last = len(moments) - 1
        late = node.operator in _LATE
        return [
            self._utc(moment, late=late or (position == last > 0))
            for position, moment in enumerate(moments)
        ]

    def _having(self, node: Node, values: Mapping[str, exp.Expr]) -> exp.Expr:
        if isinstance(node, Group):
            return combine(node, [self._having(item, values) for item in node.items])
        tree = exp.paren(replace_parts(_measure(node.member).tree, values), copy=False)
        return self._apply(node, tree, node.values)

    def _apply(self, node: Condition, tree: exp.Expr, values: Iterable[Value]) -> exp.Expr:
        bound = [self.bind(value) for value in values]
        return CONDITIONS[node.operator](tree, bound, node.with_null)


def _append_leaves(select: exp.Select, source: Source) -> None:
    """Aggregates over the columns that `_Writer._entries` names."""
    for position, leaf in enumerate(source.leaves):
        name = "key_0" if leaf.argument is None else f"value_{position}"
        condition = None
        if leaf.condition is not None:
            condition = column_of(f"condition_{position}", _ENTRIES)
        append_output(select, aggregate(leaf.kind, column_of(name, _ENTRIES), condition), leaf.name)


def _sum_days(entries: exp.Select, source: Source, columns: Sequence[Column]) -> exp.Select:
    """One row per group and day, so that a window joins days and not entries."""
    days = exp.Select().from_(entries.subquery(_ENTRIES, copy=False), copy=False)
    for column in columns:
        append_output(days, column_of(column.name, _ENTRIES), column.name)
    day = exp.TimestampTrunc(this=column_of("moment", _ENTRIES), unit=exp.var("DAY"))
    append_output(days, day, "moment")
    _append_leaves(days, source)
    return group_by(days, len(columns) + 1)


def _append_combined(select: exp.Select, source: Source) -> None:
    """The leaves of several days together. Nothing counted is 0, nothing summed is nothing."""
    for leaf in source.leaves:
        total: exp.Expr = _COMBINED[leaf.kind](this=column_of(leaf.name, _ENTRIES))
        if leaf.kind in ("count", TOTAL):
            total = exp.Coalesce(this=total, expressions=[exp.Literal.number(0)])
        append_output(select, total, leaf.name)


def _dimension(member: Member) -> CompiledDimension:
    return cast("CompiledDimension", member.source)


def _measure(member: Member) -> CompiledMeasure:
    return cast("CompiledMeasure", member.source)


def _counts_to(measure: CompiledMeasure) -> exp.Expr:
    """Whether a row meets the filters of a measure."""
    conditions = [exp.paren(leaf.condition) for leaf in measure.leaves if leaf.condition]
    return exp.and_(*conditions) if conditions else exp.true()


def _window(window: Window, keys: list[exp.Column], values: Mapping[str, exp.Expr]) -> exp.Expr:
    order = [
        exp.Ordered(this=replace_parts(tree, values), desc=desc, nulls_first=False)
        for tree, desc in window.order
    ]
    if window.kind == "rank":
        function: exp.Expr = exp.Anonymous(this="RANK")
    else:
        assert window.tree is not None
        function = aggregate(window.kind, replace_parts(window.tree, values), None)
    return exp.Window(
        this=function,
        partition_by=list(keys),
        order=exp.Order(expressions=order) if order else None,
    )


def _inside(frame: Frame) -> exp.Expr:
    """Whether an entry lies in the window of a period. Ends are exclusive: months stay whole."""
    moment = column_of("moment", _ENTRIES)
    start, end = column_of("period_start", _PERIODS), column_of("period_end", _PERIODS)
    if frame.to_date is not None:
        first = exp.TimestampTrunc(this=start, unit=exp.var(frame.to_date.upper()))
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


def _sum_stage(inner: exp.Select, keys: list[str]) -> exp.Select:
    """Sum of the values per ``include``, within the keys."""
    outer = exp.Select().from_(inner.subquery("included", copy=False), copy=False)
    for key in keys:
        append_output(outer, column_of(key), key)
    append_output(outer, exp.Sum(this=column_of(STAGE_VALUE)), STAGE_VALUE)
    return group_by(outer, len(keys))
