"""A view joined with a sub-select that picks some of its groups: the best three regions, say.

This is how BI tools limit the series of a chart. The rows of the cubes are the groups of the query,
so the join is made with them. It is answered where it leaves groups out and does nothing else:

    SELECT region_name, date_trunc('month', month_end_date), MEASURE(deposit_end_balance)
    FROM balances
    JOIN (SELECT region_name AS best, MEASURE(deposit_end_balance) FROM balances
          GROUP BY 1 ORDER BY 2 DESC LIMIT 3) AS top ON region_name = best
    GROUP BY 1, 2
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from cube.wire.errors import NOT_SUPPORTED, WireError
from cube.wire.translate.members import Members, fold_name

_JOINED = "joined"
_EQUAL = (exp.EQ, exp.NullSafeEQ)


def mark_unique(select: exp.Select) -> None:
    """Note in the joins of a SELECT which outputs identify the rows of their sub-selects.

    To be called before those are translated, which leaves nothing of their groups.
    """
    for join in select.args.get("joins") or []:
        inner = join.this.this if isinstance(join.this, exp.Subquery) else None
        if isinstance(inner, exp.Select):
            join.meta[_JOINED] = (_unique_outputs(inner), _name_outputs(inner))


def read_condition(join: exp.Join, members: Members) -> exp.Expr:
    """Condition of a join, its columns of the sub-select marked as such.

    Raises:
        WireError: the join does more than to leave out groups.
    """
    unique, names = join.meta.get(_JOINED, (None, []))
    alias = join.this.alias
    condition: exp.Expr | None = join.args.get("on")
    plain = not join.side and join.kind in ("", "INNER") and not join.args.get("using")
    if unique is None or not plain or condition is None:
        raise cannot_join(members.view.definition.name)
    condition = condition.copy()
    equated: set[str] = set()
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        equated.add(_equated(part, alias, names, members))
    if not unique <= equated:
        raise cannot_join(members.view.definition.name)
    return condition


def is_joined(column: exp.Column) -> bool:
    """Whether a column of a condition is the sub-select's."""
    return _JOINED in column.meta


def walk_own(select: exp.Select) -> Iterator[exp.Expr]:
    """Nodes of a SELECT without those of its sub-selects."""
    return select.walk(prune=lambda node: isinstance(node, exp.Query) and node is not select)


def cannot_join(view: str) -> WireError:
    """The error of a join that is not answered."""
    return WireError(
        NOT_SUPPORTED,
        f"the view {view} cannot be joined in this way",
        "Put each view in a sub-select with its groups, and join those.",
    )


def _equated(part: exp.Expr, alias: str, names: list[str], members: Members) -> str:
    """Output of the sub-select that a part of the condition equates with a member."""
    found = []
    for side in _find_sides(part.unnest()):
        column = side.unnest()
        if isinstance(column, exp.Column) and _is_of(column, alias, names, members):
            column.meta[_JOINED] = True
            found.append(fold_name(column.this))
    if len(found) != 1:
        raise cannot_join(members.view.definition.name)
    return found[0]


def _find_sides(node: exp.Expr) -> list[exp.Expr]:
    """Both sides of what is equal, also said as ``NOT (a IS DISTINCT FROM b)``; else nothing."""
    inner = node.this.unnest() if isinstance(node, exp.Not) else node
    wanted = (exp.NullSafeNEQ,) if isinstance(node, exp.Not) else _EQUAL
    return [inner.this, inner.expression] if isinstance(inner, wanted) else []


def _is_of(column: exp.Column, alias: str, names: list[str], members: Members) -> bool:
    """Whether a column is an output of the sub-select."""
    name = fold_name(column.this)
    if column.table:
        return column.table.lower() == alias.lower()
    if name in names and members.has(name):
        raise WireError("42702", f'column reference "{name}" is ambiguous')
    return name in names


def _name_outputs(select: exp.Select) -> list[str]:
    return [
        item.alias if isinstance(item, exp.Alias) else item.output_name.lower()
        for item in select.expressions
    ]


def _unique_outputs(select: exp.Select) -> set[str] | None:
    """Names of the outputs that no two rows share; None where there are none."""
    names = _name_outputs(select)
    if select.args.get("distinct"):
        return set(names)
    group = select.args.get("group")
    if group is None:
        return None
    places = [_find_place(item, select.expressions, names) for item in group.expressions]
    return None if None in places else {names[place] for place in places if place is not None}


def _find_place(item: exp.Expr, outputs: list[exp.Expr], names: list[str]) -> int | None:
    """Place of the output that an item of GROUP BY is."""
    if isinstance(item, exp.Literal) and item.name.isdecimal():
        place = int(item.name) - 1
        return place if 0 <= place < len(outputs) else None
    for place, output in enumerate(outputs):
        if output.unalias() == item:
            return place
    name = fold_name(item.this) if isinstance(item, exp.Column) else ""
    return names.index(name) if name in names else None
