"""Small pieces of a statement's tree: columns, joins, groups, orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from cube.compiler.filters import Group
from cube.compiler.joins import JoinStep
from cube.planner.plan import Column

DIALECT = "duckdb"

KEYS = "keys"
"""The common table expression of the rows that several sources are joined on."""
TIMESTAMP = exp.DataType.Type.TIMESTAMP


def combine(group: Group, conditions: Sequence[exp.Expr]) -> exp.Expr:
    """Conditions joined by the word of their group; without any, true for and, false for or."""
    if not conditions:
        return exp.true() if group.kind == "and" else exp.false()
    join = exp.and_ if group.kind == "and" else exp.or_
    return exp.paren(join(*conditions, copy=False), copy=False)


def join_sources(select: exp.Select, names: list[str], columns: Sequence[Column]) -> str:
    """FROM the sources, joined on the columns; the name that the columns are read from."""
    first, *rest = names
    if not rest or not columns:
        select.from_(exp.table_(first, quoted=True), copy=False)
        for name in rest:
            left_join(select, exp.table_(name, quoted=True), None)
        return first
    add_cte(select, KEYS, _union_keys(names, columns))
    select.from_(exp.table_(KEYS, quoted=True), copy=False)
    for name in names:
        matches = [
            exp.NullSafeEQ(this=column_of(c.name, KEYS), expression=column_of(c.name, name))
            for c in columns
        ]
        left_join(select, exp.table_(name, quoted=True), exp.and_(*matches, copy=False))
    return KEYS


def _union_keys(names: list[str], columns: Sequence[Column]) -> exp.Query:
    selects = []
    for name in names:
        select = exp.Select().from_(exp.table_(name, quoted=True), copy=False)
        for column in columns:
            append_output(select, column_of(column.name), column.name)
        selects.append(select)
    return exp.union(*selects, distinct=True, copy=False)


def add_cte(select: exp.Select, name: str, query: exp.Query) -> None:
    """One more common table expression."""
    select.with_(exp.to_identifier(name, quoted=True), as_=query, copy=False)


def select_from(table: str, root: str, joins: Iterable[JoinStep]) -> exp.Select:
    """SELECT from a table and along its joins."""
    select = exp.Select().from_(table_of(table, root), copy=False)
    for step in joins:
        left_join(select, table_of(step.table, step.cube), step.edge.condition.copy())
    return select


def append_output(select: exp.Select, tree: exp.Expr, name: str) -> None:
    """One more column of the result, with its name."""
    alias = exp.to_identifier(name, quoted=True)
    select.append("expressions", exp.Alias(this=tree, alias=alias))


def left_join(select: exp.Select, table: exp.Table, condition: exp.Expr | None) -> None:
    """LEFT JOIN on a condition, CROSS JOIN without one."""
    if condition is None:
        select.append("joins", exp.Join(this=table, kind="CROSS"))
    else:
        select.append("joins", exp.Join(this=table, on=condition, side="LEFT"))


def table_of(name: str, alias: str) -> exp.Table:
    """A table of the model, ``schema.table``, under an alias."""
    schema, _, table = name.partition(".")
    return exp.table_(table, db=schema, quoted=True, alias=exp.to_identifier(alias, quoted=True))


def column_of(name: str, table: str | None = None) -> exp.Column:
    """A column, of a table if named."""
    return exp.column(name, table, quoted=True)


def as_moment(tree: exp.Expr) -> exp.Cast:
    """The expression as a timestamp."""
    return exp.Cast(this=tree, to=exp.DataType(this=TIMESTAMP))


def group_by(select: exp.Select, count: int) -> exp.Select:
    """GROUP BY the first columns of the result."""
    positions = [exp.Literal.number(position + 1) for position in range(count)]
    return select.group_by(*positions, copy=False) if positions else select


def order_by(select: exp.Select, order: Iterable[tuple[str, bool]]) -> exp.Select:
    """ORDER BY columns of the result, nulls last; descending where true."""
    keys = [exp.Ordered(this=column_of(name), desc=desc, nulls_first=False) for name, desc in order]
    return select.order_by(*keys, copy=False) if keys else select
