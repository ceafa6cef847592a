"""Quoting of names and values in generated SQL."""

from __future__ import annotations

from collections.abc import Iterable


def quote_name(name: str) -> str:
    """A column or schema name as an identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def quote_names(names: Iterable[str], prefix: str = "") -> str:
    """Names as a comma-separated list of identifiers, each after a prefix such as ``v.``."""
    return ", ".join(prefix + quote_name(name) for name in names)


def quote_text(value: str) -> str:
    """A value as a string literal."""
    escaped = value.replace("'", "''")
    return f"'{escaped}'"
