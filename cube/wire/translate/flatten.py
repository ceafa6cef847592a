"""Aggregates around lists of a view's columns, as aggregates of the view itself.

BI tools that write SQL in layers (Power BI, Superset, questions on questions of Metabase) put the
columns in a sub-select or a common table expression and aggregate around it:

    SELECT region_name, SUM(deposit_end_balance) FROM (SELECT * FROM balances) t GROUP BY 1

A balance of a period has no value in a single row, so the list has none to add up; what is meant is
the measure. Where the list is none of the view's rows (it has a LIMIT, or is joined), such an
aggregate is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from cube.compiler.compiled import CompiledView, Member
from cube.wire.catalog.tables import list_members
from cube.wire.errors import NOT_SUPPORTED, WireError
from cube.wire.translate.aggregates import (
    adds_up,
    check_aggregate,
    get_argument,
    get_column,
    is_aggregate,
)
from cube.wire.translate.members import Members, fold_name
from cube.wire.translate.semi_joins import walk_own

FindView = Callable[[exp.Select], CompiledView | None]
_PLAIN = frozenset(
    ["expressions", "from_", "where", "kind", "hint", "operation_modifiers", "order", "with_"]
)
"""Clauses that leave out no row but by a condition, and make no other rows of them."""


@dataclass(frozen=True)
class _List:
    """A list of a view's columns: what its outputs are, and the SELECT that they are read by."""

    outputs: dict[str, exp.Expr]
    select: exp.Select
    members: Members
    is_flat: bool

    def measures_in(self, argument: exp.Expr, alias: str) -> Iterator[Member]:
        """Measures of the view that an expression around the list reads."""
        for column in argument.find_all(exp.Column):
            output = self.outputs.get(fold_name(column.this))
            if output is None or column.table.lower() not in ("", alias.lower()):
                continue
            for inner in output.find_all(exp.Column):
                member = self.members.resolve(inner)
                if member.kind == "measure":
                    yield member


def flatten_lists(select: exp.Select, find_view: FindView) -> None:
    """Let a SELECT read the view itself, in place, where it aggregates a list of its columns.

    It is left as it is where it aggregates what single rows have in a way of its own: the average
    of amounts is one of rows, not of a measure.

    Raises:
        WireError: it aggregates measures that single rows do not have, and cannot read the view.
    """
    own = select.args.get("from_")
    sources = [own.this] if own is not None else []
    sources += [join.this for join in select.args.get("joins") or []]
    for source in sources:
        found = _read_list(source, find_view)
        if found is None:
            continue
        alias = source.alias_or_name
        needs, fits = _judge(select, alias, found)
        alone = len(sources) == 1 and found.is_flat and not select.find(exp.Lateral)
        if alone and (needs is not None or fits):
            _merge(select, found)
        elif needs is not None:
            raise WireError(
                NOT_SUPPORTED,
                f"'{needs.name}' has no value in a single row, so a list of rows has none to "
                "aggregate",
                "Aggregate the view itself, or a list without LIMIT, DISTINCT and joins.",
            )


def _judge(select: exp.Select, alias: str, found: _List) -> tuple[Member | None, bool]:
    """A measure that is aggregated and has no value in single rows; whether one is that has, and
    every such aggregate is the measure's own."""
    needs, fits, own = None, False, True
    for node in walk_own(select):
        argument = get_argument(node)[0] if is_aggregate(node) else None
        if argument is None:
            continue
        for member in found.measures_in(argument, alias):
            if not adds_up(member):
                needs = needs or member
            elif _fits(node, argument, member, found):
                fits = True
            else:
                own = False
    return needs, fits and own


def _fits(node: exp.Expr, argument: exp.Expr, member: Member, found: _List) -> bool:
    column = get_column(argument)
    output = found.outputs.get(fold_name(column.this)) if column is not None else None
    if output is None or get_column(output) is None:
        return False
    try:
        check_aggregate(node, member, get_argument(node)[1])
    except WireError:
        return False
    return True


def _read_list(source: exp.Expr, find_view: FindView) -> _List | None:
    """The list that a sub-select or the name of a common table expression is; None for any other
    table, and for groups."""
    query, names = _query_of(source)
    if not isinstance(query, exp.Select) or _makes_groups(query):
        return None
    plain = all(key in _PLAIN or not value for key, value in query.args.items())
    view = find_view(query)
    if view is not None:
        members = Members(view, query.args["from_"].this.alias_or_name)
        below = _List({}, query, members, is_flat=True)
    else:
        own = query.args.get("from_")
        inner = None if own is None else _read_list(own.this, find_view)
        if own is None or inner is None:
            return None
        below = inner
    outputs = _read_outputs(query, below, is_view=view is not None)
    if outputs is None:
        return None
    if names:
        outputs = dict(zip(names, outputs.values(), strict=False))
    merged = _read_below(query, below) if view is None else query
    return _List(outputs, merged, below.members, plain and below.is_flat)


def _query_of(source: exp.Expr) -> tuple[exp.Expr | None, list[str]]:
    """The query that a table stands for, and the names that its alias gives the columns."""
    alias = source.args.get("alias")
    names = [fold_name(name) for name in alias.args.get("columns") or []] if alias else []
    if isinstance(source, exp.Subquery):
        return source.this, names
    if not isinstance(source, exp.Table) or source.db:
        return None, names
    parent: exp.Expr | None = source.parent
    while parent is not None:
        clause = parent.args.get("with_")
        plain = clause is not None and not clause.args.get("recursive")
        for cte in clause.expressions if clause is not None and plain else []:
            if cte.alias == source.name:
                own = [fold_name(name) for name in cte.args["alias"].args.get("columns") or []]
                return cte.this, names or own
        parent = parent.parent
    return None, names


def _makes_groups(query: exp.Select) -> bool:
    if any(query.args.get(clause) for clause in ("group", "having")):
        return True
    return any(is_aggregate(node) for item in query.expressions for node in item.walk())


def _read_outputs(query: exp.Select, below: _List, *, is_view: bool) -> dict[str, exp.Expr] | None:
    """What the outputs of a list are in columns of the view, by name."""
    known: dict[str, exp.Expr] = (
        {
            name: exp.column(name, quoted=True)
            for name in (m.name.split(".", 1)[1] for m in list_members(below.members.view))
        }
        if is_view
        else below.outputs
    )
    found: dict[str, exp.Expr] = {}
    for item in query.expressions:
        inner = item.unalias()
        if isinstance(inner, exp.Star) or (
            isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)
        ):
            if inner.args.get("except_") or inner.args.get("replace"):
                return None
            found |= known
        elif inner.find(exp.Query, exp.Window):
            return None
        else:
            name = fold_name(item.args["alias"]) if isinstance(item, exp.Alias) else ""
            name = name or (fold_name(inner.this) if isinstance(inner, exp.Column) else "")
            found[name or f"?{len(found)}"] = (
                _plain(inner, below) if is_view else _put(inner, below.outputs)
            )
    return found


def _plain(node: exp.Expr, below: _List) -> exp.Expr:
    """Columns of the view without the name that a list gives it."""

    def strip(inner: exp.Expr) -> exp.Expr:
        if isinstance(inner, exp.Column):
            below.members.check_table(inner.table)
            return exp.column(fold_name(inner.this), quoted=True)
        return inner

    return node.transform(strip)


def _put(node: exp.Expr, outputs: dict[str, exp.Expr]) -> exp.Expr:
    """A copy with the outputs of a list in the place of its names."""

    def put(inner: exp.Expr) -> exp.Expr:
        if isinstance(inner, exp.Column) and (name := fold_name(inner.this)) in outputs:
            return _enclose(outputs[name])
        return inner

    return node.transform(put)


def _enclose(output: exp.Expr) -> exp.Expr:
    copy = output.copy()
    return copy if isinstance(copy, exp.Column) else exp.paren(copy, copy=False)


def _read_below(query: exp.Select, below: _List) -> exp.Select:
    """The SELECT of the list below, with the conditions of the one around it."""
    merged = below.select.copy()
    where = query.args.get("where")
    if where is not None:
        merged.where(_put(where.this, below.outputs), copy=False)
    return merged


def _merge(select: exp.Select, found: _List) -> None:
    """Read what a list reads, with its conditions, under the names of the list; in place."""
    for item in select.expressions:
        if isinstance(item, exp.Column) and not isinstance(item.this, exp.Star):
            item.replace(exp.alias_(item.copy(), fold_name(item.this), quoted=True))
    shown = {item.alias for item in select.expressions if isinstance(item, exp.Alias)}
    for node in list(walk_own(select)):
        if not isinstance(node, exp.Column) or (name := fold_name(node.this)) not in found.outputs:
            continue
        orders = isinstance(node.parent, exp.Ordered) and not node.table and name in shown
        if not orders:
            node.replace(_enclose(found.outputs[name]))
    where = found.select.args.get("where")
    select.set("from_", found.select.args["from_"].copy())
    if where is not None:
        select.where(_plain_where(where.this, found), copy=False)


def _plain_where(node: exp.Expr, found: _List) -> exp.Expr:
    return exp.paren(_plain(node, found), copy=False)
