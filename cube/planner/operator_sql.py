"""The operators of filters as SQL over a member's expression and bound values."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from cube.compiler.filters import EXACT

Write = Callable[[exp.Expr, list[exp.Parameter], bool], exp.Expr]


def _is_null(tree: exp.Expr) -> exp.Is:
    return exp.Is(this=tree.copy(), expression=exp.Null())


def _equals(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
    parts: list[exp.Expr] = []
    if len(values) == 1:
        parts.append(exp.EQ(this=tree, expression=values[0]))
    elif values:
        parts.append(exp.In(this=tree, expressions=list(values)))
    if with_null:
        parts.append(_is_null(tree))
    return exp.or_(*parts, copy=False)


def _not_equals(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
    """Rows without a value differ from every value, unless null itself is excluded."""
    if not values:
        return exp.not_(_is_null(tree))
    differs = exp.not_(_equals(tree, values, with_null=False))
    return differs if with_null else exp.or_(differs, _is_null(tree))


def _match(function: str, *, negate: bool, exact: bool = False) -> Write:
    """Text search, without regard to case unless it is ``exact``; the value holds no wildcards."""
    read = _as_text if exact else _fold

    def write(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
        tests = [exp.func(function, read(tree), read(value)) for value in values]
        found = exp.or_(*tests)
        return exp.or_(exp.not_(found), _is_null(tree)) if negate else found

    return write


def _fold(tree: exp.Expr) -> exp.Expr:
    return exp.Lower(this=_as_text(tree))


def _as_text(tree: exp.Expr) -> exp.Expr:
    return exp.Cast(this=tree.copy(), to=exp.DataType(this=exp.DataType.Type.VARCHAR))


def _compare(kind: type[exp.Binary]) -> Write:
    def write(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
        return kind(this=tree, expression=values[0])

    return write


def _between(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
    return exp.Between(this=tree, low=values[0], high=values[1])


def _outside(tree: exp.Expr, values: list[exp.Parameter], with_null: bool) -> exp.Expr:
    return exp.not_(_between(tree, values, with_null))


_PATTERNS = {"contains": "contains", "startsWith": "starts_with", "endsWith": "ends_with"}
_EXACT: dict[str, Write] = {}
for _word, _function in _PATTERNS.items():
    _negation = f"not{_word[0].upper()}{_word[1:]}"
    _EXACT[EXACT[_word]] = _match(_function, negate=False, exact=True)
    _EXACT[EXACT[_negation]] = _match(_function, negate=True, exact=True)

CONDITIONS: dict[str, Write] = _EXACT | {
    "equals": _equals,
    "in": _equals,
    "notEquals": _not_equals,
    "notIn": _not_equals,
    "contains": _match("contains", negate=False),
    "notContains": _match("contains", negate=True),
    "startsWith": _match("starts_with", negate=False),
    "notStartsWith": _match("starts_with", negate=True),
    "endsWith": _match("ends_with", negate=False),
    "notEndsWith": _match("ends_with", negate=True),
    "gt": _compare(exp.GT),
    "gte": _compare(exp.GTE),
    "lt": _compare(exp.LT),
    "lte": _compare(exp.LTE),
    "set": lambda tree, values, with_null: exp.not_(_is_null(tree)),
    "notSet": lambda tree, values, with_null: _is_null(tree),
    "inDateRange": _between,
    "onTheDate": _between,
    "notInDateRange": _outside,
    "beforeDate": _compare(exp.LT),
    "beforeOrOnDate": _compare(exp.LTE),
    "afterDate": _compare(exp.GT),
    "afterOrOnDate": _compare(exp.GTE),
}
