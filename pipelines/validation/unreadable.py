"""The errors that say that a file is unreadable, and not that a statement is wrong."""

from __future__ import annotations

import duckdb

UNREADABLE = (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException)
"""What DuckDB raises when the bytes of a file are no table; see :func:`is_unreadable`."""


def is_unreadable(error: duckdb.Error) -> bool:
    """Whether DuckDB stumbled over the bytes of a file.

    Of a damaged Parquet file it may also raise the bare base class, which no statement does.
    """
    return isinstance(error, UNREADABLE) or type(error) is duckdb.Error
