"""Transactions of DuckDB connections: all of a block is kept, or nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does; roll it back when the block or the commit raises.

    Args:
        connection: a connection without an open transaction.

    Raises:
        duckdb.TransactionException: a transaction is open already, or the commit is refused.
    """
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        # A refused commit has ended the transaction already; its error is the one to raise.
        with suppress(duckdb.TransactionException):
            connection.rollback()
        raise
