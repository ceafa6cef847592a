"""Outputs of a SELECT from a view: ``*`` written out, names and numbers of outputs resolved."""

from __future__ import annotations

from sqlglot import exp

from cube.wire.catalog.tables import list_members
from cube.wire.errors import NOT_SUPPORTED, WireError
from cube.wire.translate.members import Members, fold_name
from cube.wire.translate.names import name_projections


def expand_outputs(select: exp.Select, members: Members) -> exp.Select:
    """A copy with ``*`` written out, and names and numbers of outputs replaced by them.

    Raises:
        WireError: there are no outputs, or one that is referred to is not there.
    """
    select = select.copy()
    outputs: list[exp.Expr] = []
    for item in select.expressions:
        if isinstance(item, exp.Star) or (
            isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        ):
            outputs += _star(item, members)
        else:
            outputs.append(item)
    if not outputs:
        raise WireError(NOT_SUPPORTED, "a SELECT from a view needs columns")
    select.set("expressions", outputs)
    name_projections(select)
    aliases = {item.alias: item.this for item in select.expressions}
    for clause in ("group", "order"):
        if select.args.get(clause):
            _refer(select, clause, aliases, members)
    return select


def _star(item: exp.Expr, members: Members) -> list[exp.Expr]:
    if isinstance(item, exp.Column):
        members.check_table(item.table)
    if item.args.get("except_") or item.args.get("replace"):
        raise WireError(NOT_SUPPORTED, "* EXCEPT and * REPLACE are not supported")
    short = (member.name.split(".", 1)[1] for member in list_members(members.view))
    return [exp.column(name, quoted=True) for name in short]


def _refer(select: exp.Select, clause: str, aliases: dict[str, exp.Expr], members: Members) -> None:
    """``GROUP BY 1`` and ``ORDER BY name`` mean an output; a member's name goes first when
    grouping, the output's when ordering, as in PostgreSQL."""
    node = select.args[clause]
    if clause == "group" and any(v for k, v in node.args.items() if k != "expressions"):
        raise WireError(NOT_SUPPORTED, "grouping sets, ROLLUP and CUBE need a sub-select")
    for item in list(node.expressions):
        target = item.this if isinstance(item, exp.Ordered) else item
        found = _find_output(target, clause, aliases, members)
        if found is not None:
            target.replace(found.copy())


def _find_output(
    target: exp.Expr, clause: str, aliases: dict[str, exp.Expr], members: Members
) -> exp.Expr | None:
    if isinstance(target, exp.Literal) and not target.is_string:
        place = int(target.name) if target.name.isdecimal() else 0
        outputs = list(aliases.values())
        if not 1 <= place <= len(outputs):
            raise WireError("42P10", f"{clause.upper()} BY position {target.name} is not there")
        return outputs[place - 1]
    if isinstance(target, exp.Column) and not target.table:
        name = fold_name(target.this)
        if name in aliases and not (clause == "group" and members.has(name)):
            return aliases[name]
    return None
