"""Aggregates around a plain list of a view's columns, as aggregates of the view itself.

BI tools that write SQL in layers (Power BI, questions on questions of Metabase) put the columns in
a sub-select and aggregate around it:

    SELECT region_name, SUM(deposit_end_balance)
    FROM (SELECT region_name, deposit_end_balance FROM balances) t
    GROUP BY 1

A balance of a period has no value in a single row, so the list has none to add up; what is meant is
the measure.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from cube.compiler.compiled import CompiledView, Member
from cube.wire.errors import WireError
from cube.wire.translate.aggregates import (
    check_aggregate,
    get_argument,
    has_row_value,
    is_aggregate,
)
from cube.wire.translate.members import Members, fold_name
from cube.wire.translate.semi_joins import walk_own

FindView = Callable[[exp.Select], CompiledView | None]
_PLAIN = frozenset(["expressions", "from_", "where", "kind", "hint", "operation_modifiers"])


def flatten_lists(select: exp.Select, find_view: FindView) -> None:
    """Let a SELECT read the view itself, in place, where it aggregates a list of its columns.

    It is left as it is where it aggregates what single rows have in a way of its own: the average
    of amounts is one of rows, not of a measure.
    """
    subquery = _subquery_of(select)
    inner = _flat_list(subquery.this) if subquery is not None else None
    view = find_view(inner) if inner is not None else None
    if subquery is None or inner is None or view is None:
        return
    members = Members(view, inner.args["from_"].this.alias_or_name)
    columns = _read_columns(inner) or {}
    if _aggregates_measures(select, subquery.alias, columns, members):
        _merge(select, inner, columns)


def _subquery_of(select: exp.Select) -> exp.Subquery | None:
    """The sub-select that is the whole FROM of a SELECT."""
    source = select.args.get("from_")
    subquery = source.this if source is not None and not select.args.get("joins") else None
    return subquery if isinstance(subquery, exp.Subquery) else None


def _flat_list(select: exp.Expr) -> exp.Select | None:
    """A copy of a list of columns that reads its table itself, however many lists are between."""
    if not isinstance(select, exp.Select) or _read_columns(select) is None:
        return None
    if any(value for key, value in select.args.items() if key not in _PLAIN):
        return None
    copy: exp.Select = select.copy()
    subquery = _subquery_of(copy)
    if subquery is None:
        return copy
    inner = _flat_list(subquery.this)
    if inner is not None:
        _merge(copy, inner, _read_columns(inner) or {})
    return None if inner is None else copy


def _read_columns(inner: exp.Select) -> dict[str, exp.Column] | None:
    """Columns of a list by the names of its outputs; None where there is anything else."""
    found: dict[str, exp.Column] = {}
    for item in inner.expressions:
        column = item.unalias()
        if not isinstance(column, exp.Column) or isinstance(column.this, exp.Star):
            return None
        alias = item.args["alias"] if isinstance(item, exp.Alias) else column.this
        found[fold_name(alias)] = column
    return found


def _aggregates_measures(
    select: exp.Select, alias: str, columns: dict[str, exp.Column], members: Members
) -> bool:
    """Whether measures are aggregated, and none in a way that is its rows' and not its own."""
    found = False
    for node in walk_own(select):
        member = _aggregated(node, alias, columns, members)
        if member is None:
            continue
        if has_row_value(member) and not _fits(node, member):
            return False
        found = True
    return found


def _aggregated(
    node: exp.Expr, alias: str, columns: dict[str, exp.Column], members: Members
) -> Member | None:
    """The measure that a node aggregates."""
    argument, _ = get_argument(node) if is_aggregate(node) else (None, False)
    if not isinstance(argument, exp.Column) or argument.table.lower() not in ("", alias.lower()):
        return None
    column = columns.get(fold_name(argument.this))
    member = members.resolve(column) if column is not None else None
    return member if member is not None and member.kind == "measure" else None


def _fits(node: exp.Expr, member: Member) -> bool:
    try:
        check_aggregate(node, member, get_argument(node)[1])
    except WireError:
        return False
    return True


def _merge(select: exp.Select, inner: exp.Select, columns: dict[str, exp.Column]) -> None:
    """Read what a list reads, with its conditions, under the names of the list; in place."""
    for item in select.expressions:
        if isinstance(item, exp.Column):
            item.replace(exp.alias_(item.copy(), fold_name(item.this), quoted=True))
    for node in list(walk_own(select)):
        if isinstance(node, exp.Column) and (name := fold_name(node.this)) in columns:
            node.replace(columns[name].copy())
    where = inner.args.get("where")
    select.set("from_", inner.args["from_"])
    if where is not None:
        select.where(where.this, copy=False)
