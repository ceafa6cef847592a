"""Marks of nodes that say what a rewritten statement said before."""

from __future__ import annotations

from typing import Final

UNLIMITED: Final = "unlimited"
"""Mark of a numeric that was written without digits, which DuckDB does not have."""
