"""A statement before its parameters have values: their types, and its columns."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from cube.compiler.compiled import CompiledDimension
from cube.security.access import Access
from cube.wire.codec.parameters import get_number
from cube.wire.codec.types import BOOL, DATE, INT8, NUMERIC, TEXT, TIMESTAMP

_TYPES = {"string": TEXT.oid, "number": NUMERIC.oid, "boolean": BOOL.oid, "time": TIMESTAMP.oid}
_PREDICATES = (exp.Predicate, exp.Not, exp.Connector)
_CASTS = {BOOL.oid: "boolean", INT8.oid: "bigint", 23: "int", 701: "double", DATE.oid: "date"}
_CASTS |= {NUMERIC.oid: "decimal(38, 6)", TIMESTAMP.oid: "timestamp"}


def guess_types(tree: exp.Expr, given: Sequence[int], access: Access) -> tuple[int, ...]:
    """Oids of the parameters: as the client says; else of the member that one is compared with, a
    whole number in LIMIT and OFFSET, 0 where it is unknown."""
    count = max([get_number(node) for node in tree.find_all(exp.Parameter)], default=0)
    types = [*given, *[0] * (count - len(given))]
    views = [access.views.get(table.name.lower()) for table in tree.find_all(exp.Table)]
    members = {
        name.split(".", 1)[1]: member
        for v in views
        if v is not None
        for name, member in v.members.items()
    }
    for node in tree.find_all(exp.Parameter):
        place = get_number(node) - 1
        if types[place]:
            continue
        if node.find_ancestor(exp.Limit, exp.Offset, exp.Fetch):
            types[place] = INT8.oid
            continue
        column = node.parent.find(exp.Column) if isinstance(node.parent, exp.Predicate) else None
        member = members.get(column.name.lower()) if column is not None else None
        if member is not None:
            source = member.source
            is_day = isinstance(source, CompiledDimension) and source.is_day
            types[place] = DATE.oid if is_day else _TYPES[member.type]
    return tuple(types)


def without_parameters(tree: exp.Expr, types: Sequence[int]) -> exp.Expr:
    """The same columns without values: conditions on parameters hold, limits are 0, the rest is
    empty."""
    copy = tree.copy()
    for node in list(copy.find_all(exp.Parameter)):
        if node.find_ancestor(exp.Limit, exp.Offset, exp.Fetch):
            node.replace(exp.Literal.number(0))
            continue
        clause = node.find_ancestor(exp.Where, exp.Having, exp.Join)
        predicate = _outermost(node, clause) if clause is not None else None
        if predicate is not None:
            predicate.replace(exp.true())
        elif node.parent is not None:
            oid = types[get_number(node) - 1]
            node.replace(exp.cast(exp.Null(), _CASTS.get(oid, "varchar")))
    return copy


def _outermost(node: exp.Expr, clause: exp.Expr) -> exp.Expr | None:
    """The greatest condition around a parameter that AND and OR do not join with others."""
    found = None
    parent = node.parent
    while parent is not None and parent is not clause:
        if isinstance(parent, exp.And | exp.Or):
            break
        if isinstance(parent, _PREDICATES):
            found = parent
        parent = parent.parent
    return found
