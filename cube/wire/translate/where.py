"""WHERE of a query on a view as filters of the cubes.

SQL and cubes differ where a value is unknown: ``a <> 'x'`` leaves rows without a value out, the
filter ``notEquals`` keeps them, so it is joined with ``set``. A condition that no filter says is
refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp

from cube.compiler.compiled import Member
from cube.query.dates import end_of, start_of
from cube.wire.errors import (
    BAD_PARAMETER,
    GROUPING,
    NOT_SUPPORTED,
    UNDEFINED_FUNCTION,
    WireError,
)
from cube.wire.translate.casts import is_cast_to, is_default_escape, strip_casts
from cube.wire.translate.casts import unwrap as _unwrap
from cube.wire.translate.computed import ComputedDimensions
from cube.wire.translate.literals import as_bool, as_moment, is_midnight
from cube.wire.translate.patterns import case_folded, is_all, read_pattern

Filter = dict[str, Any]
Resolve = Callable[[exp.Column], Member]
Fold = Callable[[exp.Expr], object]

_FLIPPED = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE}
_NEGATED = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.GT: exp.LTE,
    exp.GTE: exp.LT,
    exp.LT: exp.GTE,
    exp.LTE: exp.GT,
}
_NUMBERS = {exp.GT: "gt", exp.GTE: "gte", exp.LT: "lt", exp.LTE: "lte"}
_TIMES = {
    exp.GT: "afterDate",
    exp.GTE: "afterOrOnDate",
    exp.LT: "beforeDate",
    exp.LTE: "beforeOrOnDate",
}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_UNCHANGED = {"string": "text", "number": "number", "time": "time"}
"""Casts that leave what members of a type are compared with."""

_UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")


@dataclass
class Conditions:
    """What a WHERE became: filters that must all hold, and segments."""

    filters: list[Filter] = field(default_factory=list)
    segments: list[str] = field(default_factory=list)
    nothing: bool = False


class ConditionReader:
    """Reads conditions; ``resolve`` finds members, ``fold`` computes what has no columns."""

    def __init__(self, resolve: Resolve, fold: Fold, computed: ComputedDimensions) -> None:
        self._resolve = resolve
        self._fold = fold
        self._computed = computed

    def read(self, tree: exp.Expr | None) -> Conditions:
        """A whole WHERE.

        Raises:
            WireError: a condition that no filter says, named as it was written.
        """
        found = Conditions()
        for part in _flatten(tree):
            segment = self._as_segment(part)
            constant = self._as_constant(part)
            if segment is not None:
                found.segments.append(segment)
            elif constant is not None:
                found.nothing = found.nothing or not constant
            else:
                found.filters.append(self._filter(part, negate=False))
        found.segments = list(dict.fromkeys(found.segments))
        return found

    def _as_segment(self, node: exp.Expr) -> str | None:
        """Name of the segment that a condition asks for: alone, ``= true`` or ``IS TRUE``."""
        node = _unwrap(node)
        compares = isinstance(node, exp.EQ | exp.Is) and not node.args.get("negate")
        if compares and _is_boolean(node.expression, True):
            node = _unwrap(node.this)
        if isinstance(node, exp.Column):
            member = self._resolve(node)
            return member.name if member.kind == "segment" else None
        return None

    def _as_constant(self, node: exp.Expr) -> bool | None:
        """Truth of a condition without columns, such as ``1 = 0``; unknown is not true."""
        if node.find(exp.Column, exp.Query):
            return None
        return bool(self._fold(node))

    def _filter(self, node: exp.Expr, *, negate: bool) -> Filter:
        """A condition as a filter of members, or of the condition itself as a dimension."""
        constant = self._as_constant(exp.not_(node.copy()) if negate else node)
        if constant is not None:
            member = self._computed.anchor
            return always(member) if constant else never(member)
        try:
            return self._filter_members(node, negate=negate)
        except _NoFilterError:
            tree = exp.not_(node.copy()) if negate else node
            return _condition(self._computed.add(tree, "boolean"), "equals", [True])

    def _filter_members(self, node: exp.Expr, *, negate: bool) -> Filter:  # noqa: PLR0911
        # IS NOT is one node, the other negations are a NOT around.
        negate = negate is not bool(node.args.get("negate"))
        match node:
            case exp.Paren():
                return self._filter(node.this, negate=negate)
            case exp.Not():
                return self._filter(node.this, negate=not negate)
            case exp.And() | exp.Or():
                both = isinstance(node, exp.And) is not negate
                sides = [self._filter(side, negate=negate) for side in (node.left, node.right)]
                return {"and" if both else "or": sides}
            case exp.EQ() | exp.NEQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
                return self._compare(node, negate)
            case exp.Between():
                return self._between(node, negate)
            case exp.In() if not node.args.get("query"):
                return self._in_list(node.this, [self._fold(e) for e in node.expressions], negate)
            case exp.Is():
                return self._is(node, negate)
            case exp.Escape(this=exp.Like() | exp.ILike() as like) if is_default_escape(node):
                return self._like(like, negate)
            case exp.Like() | exp.ILike():
                return self._like(node, negate)
            case exp.Column():
                return self._truth(node, wanted=not negate)
        raise _refuse(node, "no filter of the cubes says it")

    def _compare(self, node: exp.Binary, negate: bool) -> Filter:  # noqa: PLR0911
        kind, left, right = type(node), node.left, node.right
        if isinstance(right, exp.Any) or is_all(right):
            every = not isinstance(right, exp.Any)
            if kind is not (exp.NEQ if every else exp.EQ):
                raise _refuse(node, "only = ANY and <> ALL are supported")
            return self._in_list(left, self._list(right), negate is not every)
        if left.find(exp.Column) is None:
            kind, left, right = _FLIPPED.get(kind, kind), right, left
        if right.find(exp.Column, exp.Query) is not None:
            raise _refuse(node, "a member is compared with values only")
        kind = _NEGATED[kind] if negate else kind
        value = self._fold(right)
        truncated = _truncation(left)
        if truncated is not None:
            return self._compare_period(node, kind, truncated, value)
        member = self._member(left, node)
        if value is None:
            return never(member)
        if member.type == "boolean" and kind in (exp.EQ, exp.NEQ):
            return self._truth(left, wanted=as_bool(value) is (kind is exp.EQ))
        whole_day = member.type == "time" and _casts_to_date(left)
        if whole_day and not is_midnight(value):
            raise _refuse(node, "a day is compared with a day")
        if kind in (exp.EQ, exp.NEQ):
            if whole_day:
                return self._on_day(member, value, kind is exp.EQ)
            return _set_filter(member, [value], kind is exp.EQ)
        if member.type not in ("number", "time"):
            raise _refuse(node, f"'{member.name}' is of type {member.type}, which has no order")
        operators = _TIMES if member.type == "time" else _NUMBERS
        return _condition(member, operators[kind], [_format(member, value, whole_day=whole_day)])

    def _compare_period(
        self, node: exp.Expr, kind: type[exp.Expr], period: tuple[exp.Expr, str], value: object
    ) -> Filter:
        """``date_trunc('month', d) = '2024-03-01'``: the days of that month; also its order."""
        column, unit = period
        member = self._member(column, node)
        moment = as_moment(value)
        if unit not in _UNITS or moment is None or start_of(moment, unit) != moment:
            raise _refuse(node, "a period is compared with its first moment")
        last = end_of(moment, unit)
        conditions: dict[type[exp.Expr], tuple[str, list[datetime]]] = {
            exp.GTE: ("afterOrOnDate", [moment]),
            exp.GT: ("afterDate", [last]),
            exp.LT: ("beforeDate", [moment]),
            exp.LTE: ("beforeOrOnDate", [last]),
            exp.EQ: ("inDateRange", [moment, last]),
            exp.NEQ: ("notInDateRange", [moment, last]),
        }
        operator, moments = conditions[kind]
        return _condition(member, operator, [_format(member, item) for item in moments])

    def _on_day(self, member: Member, value: object, equal: bool) -> Filter:
        day = _format(member, value, whole_day=True)
        return _condition(member, "onTheDate" if equal else "notInDateRange", [day])

    def _between(self, node: exp.Between, negate: bool) -> Filter:
        low = exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
        high = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
        word = "or" if negate else "and"
        return {word: [self._compare(low, negate), self._compare(high, negate)]}

    def _in_list(self, column: exp.Expr, values: list[object], negate: bool) -> Filter:
        member = self._member(column, column)
        known = [value for value in values if value is not None]
        if negate and not values:
            return always(member)
        if not known or (negate and len(known) < len(values)):
            return never(member)
        if member.type == "time" and _casts_to_date(column):
            if not all(map(is_midnight, known)):
                raise _refuse(column, "a day is compared with a day")
            days = [self._on_day(member, value, not negate) for value in known]
            return {"and" if negate else "or": days}
        return _set_filter(member, known, not negate)

    def _list(self, node: exp.Expr) -> list[object]:
        inner = _unwrap(node.this if isinstance(node, exp.Any) else node.expressions[0])
        value = self._fold(inner)
        if isinstance(value, list):
            return value
        raise _refuse(node, "ANY and ALL take a list of values")

    def _is(self, node: exp.Is, negate: bool) -> Filter:
        if isinstance(node.expression, exp.Null):
            member = self._member(node.this, node)
            return {"member": member.name, "operator": "set" if negate else "notSet"}
        if isinstance(node.expression, exp.Boolean):
            wanted = bool(node.expression.this)
            if not negate:
                return self._truth(node.this, wanted=wanted)
            member = self._member(node.this, node)
            return {"member": member.name, "operator": "notEquals", "values": [wanted]}
        raise _refuse(node, "no filter of the cubes says it")

    def _truth(self, node: exp.Expr, *, wanted: bool) -> Filter:
        member = self._member(node, node)
        if member.type != "boolean":
            raise _refuse(node, f"'{member.name}' is of type {member.type}, no condition")
        return _condition(member, "equals", [wanted])

    def _like(self, node: exp.Like | exp.ILike, negate: bool) -> Filter:
        """Patterns without regard to case: what filters of the cubes know."""
        column, pattern = _unwrap(node.this), self._fold(node.expression)
        inner = case_folded(node, column, pattern)
        if inner is None:
            raise _refuse(node, "text is matched with regard to case")
        member = self._member(inner, node)
        if member.type != "string":
            raise _refuse(node, "a pattern is matched against text")
        if pattern is None:
            return never(member)
        read = read_pattern(str(pattern))
        if read is None:
            raise _refuse(node, "a pattern has % at its start and end only")
        operator, text = read
        if negate:
            operator = "not" + operator[0].upper() + operator[1:]
            return _known(member, _condition(member, operator, [text]))
        return _condition(member, operator, [text])

    def _member(self, node: exp.Expr, whole: exp.Expr) -> Member:
        """The dimension that a side of a condition is."""
        column = _unwrap(node)
        casts = []
        while isinstance(column, exp.Cast):
            casts.append(column)
            column = _unwrap(column.this)
        if not isinstance(column, exp.Column):
            raise _refuse(whole, "a condition compares a member itself")
        member = self._resolve(column)
        if any(not is_cast_to(cast, _UNCHANGED.get(member.type, "")) for cast in casts):
            raise _refuse(whole, "a condition compares a member itself")
        if member.kind == "measure":
            raise WireError(
                GROUPING, f"'{column.name}' is a measure; filter it in HAVING, or in a query around"
            )
        if member.kind == "segment":
            raise _refuse(whole, f"the segment '{column.name}' stands alone, joined by AND")
        return member


def _flatten(tree: exp.Expr | None) -> Iterable[exp.Expr]:
    if tree is None:
        return
    node = _unwrap(tree)
    if isinstance(node, exp.And):
        yield from _flatten(node.left)
        yield from _flatten(node.right)
    else:
        yield node


def _truncation(node: exp.Expr) -> tuple[exp.Expr, str] | None:
    """Column and unit of ``date_trunc(unit, column)``, also within a cast to a moment."""
    node = strip_casts(node, "moment")
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        if _casts_to_date(node.this):
            return None
        return node.this, node.args["unit"].name.lower()
    return None


def _casts_to_date(node: exp.Expr) -> bool:
    """Whether a time is compared by its day."""
    return any(is_cast_to(inner, "date") for inner in node.walk())


def _is_boolean(node: exp.Expr, value: bool) -> bool:
    return isinstance(node, exp.Boolean) and bool(node.this) is value


def _format(member: Member, value: object, *, whole_day: bool = False) -> str | bool | int:
    """A value as filters take it. A bare date would mean its whole day; SQL means its start."""
    if member.type == "time":
        moment = as_moment(value)
        if moment is None:
            raise WireError(BAD_PARAMETER, f"'{value}' is no date, as '{member.name}' needs")
        text = moment.isoformat(timespec="microseconds")
        return text[:10] if whole_day else text
    if member.type == "string" and not isinstance(value, str):
        raise WireError(
            UNDEFINED_FUNCTION, f"'{member.name}' is text; it cannot be compared with {value}"
        )
    if isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _condition(member: Member, operator: str, values: list[Any]) -> Filter:
    return {"member": member.name, "operator": operator, "values": values}


def _set_filter(member: Member, values: list[object], positive: bool) -> Filter:
    formatted = [_format(member, value) for value in values]
    if positive:
        return _condition(member, "equals", formatted)
    return _known(member, _condition(member, "notEquals", formatted))


def _known(member: Member, condition: Filter) -> Filter:
    """A condition that rows without a value do not meet."""
    return {"and": [condition, {"member": member.name, "operator": "set"}]}


def always(member: Member) -> Filter:
    """Holds for every row."""
    return {"or": [{"member": member.name, "operator": word} for word in ("set", "notSet")]}


def never(member: Member) -> Filter:
    """Holds for no row: a comparison with NULL."""
    return {"and": [{"member": member.name, "operator": word} for word in ("set", "notSet")]}


class _NoFilterError(WireError):
    """No filter of the cubes says a condition."""


def _refuse(node: exp.Expr, reason: str) -> WireError:
    return _NoFilterError(
        NOT_SUPPORTED,
        f"the condition {node.sql(dialect='postgres')} is not supported on a view: {reason}",
        "Put the view in a sub-select and filter its rows, or filter by another member.",
    )
