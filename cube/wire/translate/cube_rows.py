"""The query of the cubes that a SELECT from a view reads, as the source of what is left of it."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from cube.compiler.compiled import CompiledView

Content = dict[str, object]
"""A query of the cubes as its JSON."""

Rows = Callable[[Content], exp.Select]
"""Plans a query of the cubes under the rights of the user, and writes its rows."""

ViewRows = Callable[[Content, CompiledView], exp.Select]
"""The same of a view that has members of the statement beside its own."""

ROWS = "rows of the cubes"
"""Alias of the rows in the statement."""


def row_column(name: str) -> exp.Column:
    """A column of the rows, by the full name of its member."""
    return exp.column(name, ROWS, quoted=True)


def set_source(outer: exp.Select, inner: exp.Select, *, nothing: bool) -> None:
    """Let a SELECT read the rows of the cubes, or ``nothing`` of them, in place."""
    outer.set("where", None)
    outer.set("from_", exp.From(this=inner.subquery(exp.to_identifier(ROWS, quoted=True))))
    if nothing:
        outer.where(exp.false(), copy=False)
