"""Scalar expressions of PostgreSQL that DuckDB reads differently: division, numeric, patterns.

DuckDB divides whole numbers into fractions and gives infinity for a division by zero; its numeric
has three digits after the point unless told otherwise; its LIKE has no escape.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from sqlglot import exp

from cube.wire.catalog.marks import UNLIMITED
from cube.wire.catalog.to_char import rewrite_to_char

_Type = exp.DataType.Type
_WHOLE = (_Type.SMALLINT, _Type.INT, _Type.BIGINT)
_BROKEN = (_Type.DECIMAL, _Type.FLOAT, _Type.DOUBLE)
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UINTEGER")
_MOST_DIGITS = 38
_DIGITS = 12
"""Digits after the point of a numeric that is written without any: a product of two keeps 14 before
the point."""


def rewrite_scalar(node: exp.Expr) -> exp.Expr:  # noqa: PLR0911 - one per kind of node
    """A node as DuckDB means what PostgreSQL says.

    Raises:
        WireError: a format of to_char that is not supported.
    """
    match node:
        case exp.Div():
            return _divide(node)
        case exp.Mod():
            return _check_zero(node, node.copy())
        case exp.Literal() if not node.is_string and "e" in node.name.lower():
            return _write_out(node)
        case exp.Cast() if node.to.this == _Type.DECIMAL and not node.to.expressions:
            return _to_numeric(node)
        case exp.Like() | exp.ILike() if not isinstance(node.parent, exp.Escape):
            return _escape(node)
        case exp.Round() if not node.args.get("decimals") and _is_double(node.this):
            arguments = [node.this.copy(), exp.Literal.number(0)]
            return exp.Anonymous(this="round_even", expressions=arguments)
        case exp.Anonymous() if node.name.lower() == "to_char":
            return rewrite_to_char(node)
    return node


def _divide(node: exp.Div) -> exp.Expr:
    left, right = node.left, node.right
    whole = {_is_whole(left), _is_whole(right)}
    fraction = exp.Div(this=left.copy(), expression=right.copy())
    integer = exp.IntDiv(this=exp.paren(left.copy()), expression=exp.paren(right.copy()))
    if whole == {True}:
        return _check_zero(node, exp.paren(integer))
    if False in whole:
        return _check_zero(node, exp.paren(fraction))
    known = [exp.Literal.string(name) for name in _INTEGERS]
    both = exp.and_(*(_type_in(side, known) for side in (left, right)))
    return _check_zero(node, exp.Case().when(both, integer).else_(fraction))


def _type_in(node: exp.Expr, names: list[exp.Literal]) -> exp.Expr:
    kind = exp.Anonymous(this="typeof", expressions=[node.copy()])
    return exp.In(this=kind, expressions=[name.copy() for name in names])


def _check_zero(node: exp.Binary, quotient: exp.Expr) -> exp.Expr:
    """An error where the divisor is zero."""
    divisor = _bare(node.right)
    if isinstance(divisor, exp.Literal) and not divisor.is_string and divisor.name.strip("0."):
        return quotient
    if isinstance(divisor, exp.Nullif) and divisor.expression == exp.Literal.number(0):
        return quotient
    message = exp.Literal.string("division by zero")
    failure = exp.Anonymous(this="error", expressions=[message])
    is_zero = exp.EQ(this=exp.paren(node.right.copy()), expression=exp.Literal.number(0))
    return exp.Case().when(is_zero, failure).else_(quotient)


def _is_whole(node: exp.Expr) -> bool | None:  # noqa: PLR0911 - one per kind of node
    """Whether an expression is a whole number; None where only its value tells."""
    node = _bare(node)
    match node:
        case exp.Literal() if not node.is_string:
            return node.name.isdecimal()
        case exp.Cast() if node.to.this in (*_WHOLE, *_BROKEN):
            return node.to.this in _WHOLE
        case exp.Count() | exp.Length():
            return True
        case exp.Avg():
            return False
        case exp.Neg():
            return _is_whole(node.this)
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Mod():
            sides = {_is_whole(node.left), _is_whole(node.right)}
            return False if False in sides else True if sides == {True} else None
    return None


def _is_double(node: exp.Expr) -> bool:
    node = _bare(node)
    return isinstance(node, exp.Cast) and node.to.this in (_Type.FLOAT, _Type.DOUBLE)


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _write_out(node: exp.Literal) -> exp.Expr:
    """A number with an exponent, which is no double: as digits."""
    number = Decimal(node.name)
    if abs(number.adjusted()) >= _MOST_DIGITS:
        return node
    text = format(number, "f")
    return exp.Literal.number(text if "." in text else f"{text}.0")


def _to_numeric(node: exp.Cast) -> exp.Expr:
    """A cast to numeric without digits: those of the number itself, where it is written."""
    inner = _bare(node.this)
    digits = _DIGITS
    if isinstance(inner, exp.Literal):
        try:
            number = Decimal(inner.name.strip())
        except InvalidOperation:
            number = Decimal("nan")
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int):
            digits = min(max(-exponent, 0), _MOST_DIGITS)
            inner = exp.Literal.string(format(number, "f"))
    kind = exp.DataType.build(f"DECIMAL({_MOST_DIGITS}, {digits})", dialect="duckdb")
    kind.meta[UNLIMITED] = True
    return exp.Cast(this=inner.copy(), to=kind)


def _escape(node: exp.Binary) -> exp.Expr:
    """A pattern with PostgreSQL's escape, where it may hold one."""
    pattern = node.expression
    if isinstance(pattern, exp.Literal) and "\\" not in pattern.name:
        return node
    return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
