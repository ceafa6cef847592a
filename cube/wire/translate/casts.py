"""Casts that keep the values they are around apart and in order, and those that do not."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from cube.wire.catalog.marks import UNLIMITED

_Type = exp.DataType.Type
_FAMILIES: Mapping[str, frozenset[exp.DType]] = {
    "text": frozenset([_Type.TEXT, _Type.VARCHAR]),
    "number": frozenset([_Type.DECIMAL, _Type.DOUBLE]),
    "date": frozenset([_Type.DATE]),
    "time": frozenset([_Type.DATE, _Type.TIMESTAMP, _Type.TIMESTAMPTZ]),
    "moment": frozenset([_Type.TIMESTAMP, _Type.TIMESTAMPTZ]),
}


def unwrap(node: exp.Expr) -> exp.Expr:
    """Without parentheses."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def is_cast_to(node: exp.Expr, family: str) -> bool:
    """Whether a node is a cast to a type of a family, which has no length and no digits."""
    if not isinstance(node, exp.Cast) or isinstance(node, exp.TryCast):
        return False
    return node.to.this in _FAMILIES.get(family, ()) and not _limits(node.to)


def _limits(kind: exp.DataType) -> bool:
    """Whether a type cuts values: numeric(5, 2), varchar(3), timestamp(0)."""
    return bool(kind.expressions) and not kind.meta.get(UNLIMITED)


def is_integer_cast(node: exp.Expr) -> bool:
    """Whether a node is a cast to a whole number."""
    kinds = (_Type.SMALLINT, _Type.INT, _Type.BIGINT)
    return isinstance(node, exp.Cast) and node.to.this in kinds


def strip_casts(node: exp.Expr, family: str) -> exp.Expr:
    """Without parentheses and casts to a family of types."""
    node = unwrap(node)
    while is_cast_to(node, family):
        node = unwrap(node.this)
    return node


def is_default_escape(node: exp.Escape) -> bool:
    """Whether the escape of a pattern is the backslash, as where none is named."""
    return bool(node.expression == exp.Literal.string("\\"))
