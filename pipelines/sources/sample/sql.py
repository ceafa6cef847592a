"""SQL of delivered columns: ids from indexes, codes from lists."""

from __future__ import annotations

from collections.abc import Sequence


def call(template: str, column: str) -> str:
    """SQL of a template with a column in its gap."""
    return template.format(column)


def optional(template: str, column: str) -> str:
    """The same; null where the index is negative."""
    return f"case when {column} >= 0 then {call(template, column)} end"


def code(codes: Sequence[str], column: str) -> str:
    """SQL of the code at an index; null where the index is negative."""
    values = ", ".join(f"'{value}'" for value in codes)
    return f"case when {column} >= 0 then ([{values}])[{column} + 1] end"
