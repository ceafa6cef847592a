"""A statement before its parameters have values: their types, and its columns."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from cube.compiler.compiled import CompiledDimension, Member
from cube.security.access import Access
from cube.wire.codec.parameters import get_number
from cube.wire.codec.types import (
    ARRAY_OF,
    BOOL,
    DATE,
    FLOAT4,
    FLOAT8,
    INT2,
    INT4,
    INT8,
    NUMERIC,
    OID,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
)
from cube.wire.translate.patterns import is_all

_TYPES = {"string": TEXT.oid, "number": NUMERIC.oid, "boolean": BOOL.oid, "time": TIMESTAMP.oid}
_Type = exp.DataType.Type
_WRITTEN = {
    _Type.BOOLEAN: BOOL.oid,
    _Type.SMALLINT: INT2.oid,
    _Type.INT: INT4.oid,
    _Type.BIGINT: INT8.oid,
    _Type.DECIMAL: NUMERIC.oid,
    _Type.FLOAT: FLOAT4.oid,
    _Type.DOUBLE: FLOAT8.oid,
    _Type.TEXT: TEXT.oid,
    _Type.VARCHAR: VARCHAR.oid,
    _Type.DATE: DATE.oid,
    _Type.TIMESTAMP: TIMESTAMP.oid,
    _Type.TIMESTAMPTZ: TIMESTAMPTZ.oid,
}
_TIMES = (DATE.oid, TIMESTAMP.oid, TIMESTAMPTZ.oid)
_FIRST, _LAST = "2000-01-01", "2000-12-31"
_PREDICATES = (exp.Predicate, exp.Not, exp.Connector)
_CASTS = {BOOL.oid: "boolean", INT8.oid: "bigint", 23: "int", 701: "double", DATE.oid: "date"}
_CASTS |= {NUMERIC.oid: "decimal(38, 6)", TIMESTAMP.oid: "timestamp"}


def guess_types(tree: exp.Expr, given: Sequence[int], access: Access) -> tuple[int, ...]:
    """Oids of the parameters: as the client says; else of the type that one is cast to, of the
    member that it is compared with, a whole number in LIMIT and OFFSET, 0 where it is unknown."""
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
        if isinstance(node.parent, exp.Cast):
            types[place] = _oid_of(node.parent.to)
            continue
        around = node.parent
        while isinstance(around, exp.Any | exp.Paren) or (around is not None and is_all(around)):
            around = around.parent
        column = around.find(exp.Column) if isinstance(around, exp.Predicate) else None
        member = members.get(column.name.lower()) if column is not None else None
        if member is not None:
            oid = _oid_of_member(member)
            types[place] = ARRAY_OF[oid] if _is_list(node) else oid
    return tuple(types)


def _is_list(parameter: exp.Parameter) -> bool:
    """Whether a parameter stands in ANY or ALL."""
    parent = parameter.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    return parent is not None and (isinstance(parent, exp.Any) or is_all(parent))


def _oid_of(kind: exp.Expr) -> int:
    """Oid of a type as it is written, 0 where it is not known here."""
    if isinstance(kind, exp.ObjectIdentifier):
        # The others stand for names, and are given as text.
        return OID.oid if kind.name.upper() == "OID" else 0
    if kind.this == _Type.ARRAY and kind.expressions:
        return ARRAY_OF.get(_oid_of(kind.expressions[0]), 0)
    return _WRITTEN.get(kind.this, 0)


def _oid_of_member(member: Member) -> int:
    source = member.source
    is_day = isinstance(source, CompiledDimension) and source.is_day
    return DATE.oid if is_day else _TYPES[member.type]


def without_parameters(tree: exp.Expr, types: Sequence[int]) -> exp.Expr:
    """The same columns without values: conditions on parameters hold, limits are 0, the rest is
    empty. A period stays one, because rolling windows and shifts are asked for by it."""
    copy = tree.copy()
    for node in list(copy.find_all(exp.Parameter)):
        if node.find_ancestor(exp.Limit, exp.Offset, exp.Fetch):
            node.replace(exp.Literal.number(0))
            continue
        clause = node.find_ancestor(exp.Where, exp.Having, exp.Join)
        oid = types[get_number(node) - 1]
        predicate = _outermost(node, clause) if clause is not None else None
        if isinstance(clause, exp.Where) and oid in _TIMES and predicate is node.parent:
            day = exp.Literal.string(_LAST if _is_end(node) else _FIRST)
            node.replace(exp.cast(day, _CASTS.get(oid, "timestamp")))
        elif predicate is not None:
            predicate.replace(exp.true())
        elif node.parent is not None:
            node.replace(exp.cast(exp.Null(), _CASTS.get(oid, "varchar")))
    return copy


def _is_end(node: exp.Parameter) -> bool:
    """Whether a parameter is the end of a period."""
    ends = exp.LT | exp.LTE if node.arg_key == "expression" else exp.GT | exp.GTE
    return node.arg_key == "high" or isinstance(node.parent, ends)


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
