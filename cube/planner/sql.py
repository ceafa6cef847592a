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

from sqlglot import exp

from cube.compiler.filters import Node
from cube.compiler.measures import (
    COMPONENT_TABLE,
    STEP_VALUE,
    Aggregate,
    NestedAggregate,
    replace_components,
    write_aggregate,
)
from cube.compiler.model import Model
from cube.compiler.values import Value
from cube.planner.plan import Body, Column, MultiStagePlan, NestedSource, Plan, Rolling, Source
from cube.planner.sql_members import MemberWriter, get_measure
from cube.planner.sql_tree import (
    DIALECT,
    add_cte,
    append_output,
    column_of,
    group_by,
    join_sources,
    left_join,
    order_by,
    select_from,
)
from cube.planner.sql_windows import (
    ENTRIES,
    append_aggregates,
    join_periods,
    keep_reachable,
    write_periods,
    write_windows,
)

_COUNTED = "counted"

Output = tuple[exp.Expr, str]
"""An expression over components, and the name of its column."""


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
        self._members = MemberWriter(plan, [] if parameters is None else parameters)

    def finish(self, select: exp.Select, dialect: str) -> Statement:
        """The statement as text."""
        sql = select.sql(dialect=dialect, copy=False)
        return Statement(sql, tuple(self._members.parameters))

    def bind(self, value: int) -> exp.Parameter:
        """Placeholder of a limit or an offset."""
        return self._members.bind(value)

    def select(self, *, ordered: bool = True) -> exp.Select:
        """The whole query without limit."""
        plan = self._plan
        outputs = [(get_measure(member).tree, member.name) for member in plan.measures]
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
        values = {
            aggregate.name: self._aggregate(aggregate, source.root)
            for aggregate in source.aggregates
        }
        select = self._from(source)
        for column in body.columns:
            append_output(select, self._members.column(column, source.shifts), column.name)
        for tree, name in outputs:
            append_output(select, replace_components(tree, values), name)
        self._members.filter(select, source.where, body.columns, source.shifts)
        group_by(select, len(body.columns))
        conditions = [self._members.having(node, values) for node in having]
        return select.having(*conditions, copy=False) if conditions else select

    def _joined_body(
        self, body: Body, outputs: Sequence[Output], having: Sequence[Node]
    ) -> exp.Select:
        select = exp.Select()
        values: dict[str, exp.Expr] = {}
        names = []
        for source in body.sources:
            add_cte(select, source.name, self._source(source, body.columns))
            values |= {
                aggregate.name: column_of(aggregate.name, source.name)
                for aggregate in source.aggregates
            }
            names.append(source.name)
        for nested in body.nested:
            add_cte(select, nested.name, self._nested(nested, body.columns))
            values[nested.component.name] = column_of(nested.component.name, nested.name)
            names.append(nested.name)
        base = join_sources(select, names, body.columns)
        values |= write_windows(body, base, values)
        for column in body.columns:
            append_output(select, column_of(column.name, base), column.name)
        for tree, name in outputs:
            append_output(select, replace_components(tree, values), name)
        return self._keep(select, body, having, values)

    def _keep(
        self, select: exp.Select, body: Body, having: Sequence[Node], values: Mapping[str, exp.Expr]
    ) -> exp.Select:
        """Filters on measures. They hide rows, but no row from a rank or share of another."""
        conditions = [self._members.having(node, values) for node in having]
        if conditions and body.windows:
            select.set("qualify", exp.Qualify(this=exp.and_(*conditions, copy=False)))
        elif conditions:
            select.where(*conditions, copy=False)
        return select

    def _nested(self, nested: NestedSource, columns: Sequence[Column]) -> exp.Select:
        component: NestedAggregate = nested.component
        inner = self._body(nested.body, [(component.base.tree, STEP_VALUE)])
        outer = exp.Select().from_(inner.subquery("finer", copy=False), copy=False)
        for column in columns:
            append_output(outer, column_of(column.name), column.name)
        append_output(
            outer, write_aggregate(component.kind, column_of(STEP_VALUE), None), component.name
        )
        return group_by(outer, len(columns))

    # Sources

    def _source(self, source: Source, columns: Sequence[Column]) -> exp.Select:
        if source.rolling is not None:
            return self._rolling(source, source.rolling, columns)
        if source.distinct:
            return self._distinct(source, columns)
        outputs = [
            (exp.column(aggregate.name, COMPONENT_TABLE, quoted=True), aggregate.name)
            for aggregate in source.aggregates
        ]
        return self._plain_body(Body(tuple(columns), (source,), (), ()), outputs, ())

    def _distinct(self, source: Source, columns: Sequence[Column]) -> exp.Select:
        """Each row of the measured cube once per group, whatever the joins repeat."""
        keys = [(self._members.column(column, source.shifts), column.name) for column in columns]
        entries = self._entries(source, columns, keys)
        outer = exp.Select().from_(entries.subquery(ENTRIES, copy=False), copy=False)
        for column in columns:
            append_output(outer, column_of(column.name), column.name)
        append_aggregates(outer, source)
        return group_by(outer, len(columns))

    def _rolling(self, source: Source, rolling: Rolling, columns: Sequence[Column]) -> exp.Select:
        """Each period joined with the entries of its window."""
        others = [column for column in columns if column is not rolling.column]
        keys = [(self._members.column(column, source.shifts), column.name) for column in others]
        moment = self._members.local(rolling.member, source.shifts)
        entries = self._entries(source, columns, [*keys, (moment, "moment")])
        keep_reachable(entries, rolling, moment, self._members.timestamp)
        periods = write_periods(rolling, self._plan.today, self._members.timestamp)
        return join_periods(source, rolling, columns, entries, periods)

    def _entries(
        self, source: Source, columns: Sequence[Column], keys: Iterable[Output]
    ) -> exp.Select:
        """Rows of a source with the arguments and conditions of its aggregates as columns."""
        select = self._from(source)
        for tree, name in keys:
            append_output(select, tree, name)
        for position, key in enumerate(self._key(source)):
            append_output(select, key.copy(), f"key_{position}")
        for position, aggregate in enumerate(source.aggregates):
            if aggregate.argument is not None:
                append_output(select, aggregate.argument.copy(), f"value_{position}")
            if aggregate.condition is not None:
                append_output(select, aggregate.condition.copy(), f"condition_{position}")
        self._members.filter(select, source.where, columns, source.shifts)
        return select.distinct(copy=False) if source.distinct else select

    def _key(self, source: Source) -> tuple[exp.Expr, ...]:
        """Primary key of the counted cube: it identifies its rows, and whether a join found one.

        A rollup has no single rows, and no aggregate that would count them.
        """
        if source.rollup is not None:
            return ()
        return self._model.cubes[source.aggregates[0].cube].primary_key

    def _rows(self, source: Source, outputs: Sequence[Output]) -> exp.Select:
        """Rows one by one, with what each contributes to the measures."""
        values = {aggregate.name: self._row_value(aggregate) for aggregate in source.aggregates}
        select = self._from(source)
        for column in self._plan.columns:
            append_output(select, self._members.column(column, ()), column.name)
        for tree, name in outputs:
            append_output(select, replace_components(tree, values), name)
        self._members.filter(select, source.where, (), ())
        return select

    def _row_value(self, aggregate: Aggregate) -> exp.Expr:
        argument = aggregate.argument or self._model.cubes[aggregate.cube].primary_key[0]
        conditions: list[exp.Expr] = []
        if aggregate.condition is not None:
            conditions.append(exp.paren(aggregate.condition))
        value: exp.Expr = argument.copy()
        if aggregate.kind.startswith("count"):
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

    def _aggregate(self, aggregate: Aggregate, root: str) -> exp.Expr:
        """SQL of an aggregate. A cube that is joined may have no row to count."""
        argument = aggregate.argument
        if argument is None and aggregate.cube != root:
            argument = self._model.cubes[aggregate.cube].primary_key[0]
        return write_aggregate(aggregate.kind, argument, aggregate.condition)

    # Stages of balances

    def _join_stage(self, select: exp.Select, plan: MultiStagePlan, source: Source) -> None:
        """Join the one row that a stage has for each combination of its columns."""
        name = plan.stage.name
        add_cte(select, name, self._stage(plan, source))
        matches = [
            exp.NullSafeEQ(
                this=self._members.column(column, source.shifts),
                expression=column_of(f"key_{i}", name),
            )
            for i, column in enumerate(plan.columns)
        ]
        condition = exp.and_(*matches, copy=False) if matches else None
        left_join(select, exp.table_(name, quoted=True), condition)

    def _stage(self, plan: MultiStagePlan, source: Source) -> exp.Select:
        select = select_from(source.table, source.root, plan.joins)
        keys = [f"key_{i}" for i in range(len(plan.columns))]
        for key, column in zip(keys, plan.columns, strict=True):
            append_output(select, self._members.column(column, source.shifts), key)
        if plan.stage.include is not None:
            append_output(select, plan.stage.include.copy(), "include")
        groups = len(select.expressions)
        append_output(select, plan.stage.value.copy(), STEP_VALUE)
        self._members.filter(select, plan.where, plan.columns, source.shifts)
        group_by(select, groups)
        return select if plan.stage.include is None else _sum_stage(select, keys)


def _sum_stage(inner: exp.Select, keys: list[str]) -> exp.Select:
    """Sum of the values per ``include``, within the keys."""
    outer = exp.Select().from_(inner.subquery("included", copy=False), copy=False)
    for key in keys:
        append_output(outer, column_of(key), key)
    append_output(outer, exp.Sum(this=column_of(STEP_VALUE)), STEP_VALUE)
    return group_by(outer, len(keys))
