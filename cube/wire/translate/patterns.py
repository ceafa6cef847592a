"""Patterns of LIKE and lists of ALL, as far as filters of the cubes say them."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp


def is_all(node: exp.Expr) -> bool:
    """Whether a node is ``ALL (list)``."""
    return isinstance(node, exp.Anonymous) and node.name.lower() == "all"


def case_folded(node: exp.Expr, column: exp.Expr, pattern: object) -> exp.Expr | None:
    """What a pattern is matched against without regard to case, as filters of the cubes do.

    None where case matters.
    """
    if isinstance(node, exp.ILike):
        return column
    folds: dict[type[exp.Expr], Callable[[str], str]] = {exp.Lower: str.lower, exp.Upper: str.upper}
    fold = folds.get(type(column))
    if fold is None or (pattern is not None and str(pattern) != fold(str(pattern))):
        return None
    inner: exp.Expr = column.this
    return inner


def read_pattern(pattern: str) -> tuple[str, str] | None:
    """Operator and text of a pattern with ``%`` at its ends only; None for any other."""
    pieces = re.findall(r"\\.|[^\\]|\\", pattern, re.DOTALL)
    starts, ends = pieces[:1] == ["%"], pieces[-1:] == ["%"]
    inner = pieces[int(starts) : len(pieces) - int(ends)]
    names = {(True, True): "contains", (False, True): "startsWith", (True, False): "endsWith"}
    if (starts, ends) not in names or not inner or any(p in ("%", "_", "\\") for p in inner):
        return None
    return names[starts, ends], "".join(piece[-1] for piece in inner)
