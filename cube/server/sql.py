"""From a plan to DuckDB SQL. Identifiers come from the model only, values are bound parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlglot import exp

from cube.server.compiled import CompiledView, JoinStep
from cube.server.measures import STAGE_VALUE
from cube.server.plan import Column, Condition, Group, Node, Plan, StagePlan
from cube.server.values import Value

_COUNTED = "counted"


@dataclass(frozen=True)
class Statement:
    """SQL with ``$1``, ``$2``, ... and their values. The last two are the limit and the offset."""

    sql: str
    parameters: tuple[Value | int, ...]


def write_statement(plan: Plan, limit: int | None = None) -> Statement:
    """The query of a plan, cut at ``limit`` rows (the plan's own unless given)."""
    writer = _Writer(plan)
    select = writer.select()
    select = select.limit(writer.bind(plan.limit if limit is None else limit), copy=False)
    select = select.offset(writer.bind(plan.offset), copy=False)
    return writer.finish(select)


def write_total(plan: Plan) -> Statement:
    """The number of rows of a plan without limit and offset."""
    writer = _Writer(plan)
    count = exp.select(exp.Count(this=exp.Star())).from_(
        writer.select(ordered=False).subquery(_COUNTED)
    )
    return writer.finish(count)


class _Writer:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._parameters: list[Value | int] = []

    def finish(self, select: exp.Select) -> Statement:
        return Statement(select.sql(dialect="duckdb", copy=False), tuple(self._parameters))

    def bind(self, value: Value | int) -> exp.Parameter:
        self._parameters.append(value)
        return exp.Parameter(this=exp.Literal.number(len(self._parameters)))

    def select(self, *, ordered: bool = True) -> exp.Select:
        plan = self._plan
        select = self._from(plan.view, plan.joins)
        for stage in plan.stages:
            self._join_stage(select, stage)
        for column in plan.columns:
            _append(select, _column_tree(column), column.name)
        for member in plan.measures:
            _append(select, member.source.tree.copy(), member.name)
        self._filter(select, plan.where)
        _group(select, len(plan.columns))
        if plan.having:
            select.having(*map(self._node, plan.having), copy=False)
        return _order(select, plan.order) if ordered else select

    def _from(self, view: CompiledView, joins: Iterable[JoinStep]) -> exp.Select:
        select = exp.Select().from_(_table(view.table, view.root), copy=False)
        for step in joins:
            _join(select, _table(step.table, step.cube), step.condition.copy())
        return select

    def _filter(self, select: exp.Select, nodes: Iterable[Node]) -> None:
        conditions = [self._node(node) for node in nodes]
        if conditions:
            select.where(*conditions, copy=False)

    def _join_stage(self, select: exp.Select, plan: StagePlan) -> None:
        """Join the one row that a stage has for each combination of its columns."""
        name = plan.stage.name
        alias = exp.to_identifier(name, quoted=True)
        select.with_(alias, as_=self._stage(plan), copy=False)
        matches = [
            exp.NullSafeEQ(this=_column_tree(column), expression=_column(f"key_{i}", name))
            for i, column in enumerate(plan.columns)
        ]
        condition = exp.and_(*matches, copy=False) if matches else None
        _join(select, exp.table_(name, quoted=True), condition)

    def _stage(self, plan: StagePlan) -> exp.Select:
        select = self._from(self._plan.view, plan.joins)
        keys = [f"key_{i}" for i in range(len(plan.columns))]
        for key, column in zip(keys, plan.columns, strict=True):
            _append(select, _column_tree(column), key)
        if plan.stage.include is not None:
            _append(select, plan.stage.include.copy(), "include")
        groups = len(select.expressions)
        _append(select, plan.stage.value.copy(), STAGE_VALUE)
        self._filter(select, plan.where)
        _group(select, groups)
        return select if plan.stage.include is None else _sum_stage(select, keys)

    def _node(self, node: Node) -> exp.Expr:
        if isinstance(node, Group):
            join = exp.and_ if node.kind == "and" else exp.or_
            return exp.paren(join(*map(self._node, node.items), copy=False), copy=False)
        return exp.paren(self._condition(node), copy=False)

    def _condition(self, condition: Condition) -> exp.Expr:
        tree = exp.paren(condition.member.source.tree)
        write = _CONDITIONS[condition.operator]
        values = [self.bind(value) for value in condition.values]
        is_time = condition.member.type == "time"
        return write(_as_moment(tree) if is_time else tree, values, condition.with_null)


def _sum_stage(inner: exp.Select, keys: list[str]) -> exp.Select:
    """Sum of the values per ``include``, within the keys."""
    outer = exp.Select().from_(inner.subquery("included", copy=False), copy=False)
    for key in keys:
        _append(outer, _column(key), key)
    _append(outer, exp.Sum(this=_column(STAGE_VALUE)), STAGE_VALUE)
    return _group(outer, len(keys))


def _append(select: exp.Select, tree: exp.Expr, name: str) -> None:
    alias = exp.to_identifier(name, quoted=True)
    select.append("expressions", exp.Alias(this=tree, alias=alias))


def _join(select: exp.Select, table: exp.Table, condition: exp.Expr | None) -> None:
    """LEFT JOIN on a condition, CROSS JOIN without one."""
    if condition is None:
        select.append("joins", exp.Join(this=table, kind="CROSS"))
    else:
        select.append("joins", exp.Join(this=table, on=condition, side="LEFT"))


def _table(name: str, alias: str) -> exp.Table:
    schema, _, table = name.partition(".")
    return exp.table_(table, db=schema, quoted=True, alias=exp.to_identifier(alias, quoted=True))


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table, quoted=True)


def _column_tree(column: Column) -> exp.Expr:
    tree = column.member.source.tree.copy()
    if column.granularity is None:
        return tree
    unit = exp.var(column.granularity.upper())
    return exp.TimestampTrunc(this=_as_moment(exp.paren(tree, copy=False)), unit=unit)


def _as_moment(tree: exp.Expr) -> exp.Cast:
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DataType.Type.TIMESTAMP))


def _group(select: exp.Select, count: int) -> exp.Select:
    positions = [exp.Literal.number(position + 1) for position in range(count)]
    return select.group_by(*positions, copy=False) if positions else select


def _order(select: exp.Select, order: Iterable[tuple[str, bool]]) -> exp.Select:
    keys = [exp.Ordered(this=_column(name), desc=desc, nulls_first=False) for name, desc in order]
    return select.order_by(*keys, copy=False) if keys else select


_Write = Callable[[exp.Expr, list[exp.Parameter], bool], exp.Expr]


def _is_null(tree: exp.Expr) -> exp.Is:
    return exp.Is(this=tree.copy(), expression=exp.Null())


def _equals(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
    parts: list[exp.Expr] = []
    if len(values) == 1:
        parts.append(exp.EQ(this=tree, expression=values[0]))
    elif values:
        parts.append(exp.In(this=tree, expressions=list(values)))
    if with_null:
        parts.append(_is_null(tree))
    return exp.or_(*parts, copy=False)


def _not_equals(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
    """Rows without a value differ from every value, unless null itself is excluded."""
    if not values:
        return exp.not_(_is_null(tree))
    differs = exp.not_(_equals(tree, values, with_null=False))
    return differs if with_null else exp.or_(differs, _is_null(tree))


def _match(function: str, *, negate: bool) -> _Write:
    """Text search without regard to case; the value holds no wildcards."""

    def write(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
        tests = [exp.func(function, _fold(tree), _fold(value)) for value in values]
        found = exp.or_(*tests)
        return exp.or_(exp.not_(found), _is_null(tree)) if negate else found

    return write


def _fold(tree: exp.Expr) -> exp.Expr:
    text = exp.DataType(this=exp.DataType.Type.VARCHAR)
    return exp.Lower(this=exp.Cast(this=tree.copy(), to=text))


def _compare(kind: type[exp.Binary]) -> _Write:
    def write(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
        return kind(this=tree, expression=values[0])

    return write


def _between(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
    return exp.Between(this=tree, low=values[0], high=values[1])


def _outside(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
    return exp.not_(_between(tree, values, with_null))


_CONDITIONS: dict[str, _Write] = {
    "equals": _equals,
    "in": _equals,
    "notEquals": _not_equals,
    "notIn": _not_equals,
    "contains": _match("contains", negate=False),
    "notContains": _match("contains", negate=True),
    "startsWith": _match("starts_with", negate=False),
    "notStartsWith": _match("starts_with", negate=True),
    "endsWith": _match("ends_with", negate=False),
    "notEndsWith": _match("ends_with", negate=True),
    "gt": _compare(exp.GT),
    "gte": _compare(exp.GTE),
    "lt": _compare(exp.LT),
    "lte": _compare(exp.LTE),
    "set": lambda tree, values, with_null: exp.not_(_is_null(tree)),
    "notSet": lambda tree, values, with_null: _is_null(tree),
    "inDateRange": _between,
    "onTheDate": _between,
    "notInDateRange": _outside,
    "beforeDate": _compare(exp.LT),
    "beforeOrOnDate": _compare(exp.LTE),
    "afterDate": _compare(exp.GT),
    "afterOrOnDate": _compare(exp.GTE),
}
