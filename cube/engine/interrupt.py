"""Stopping a query that runs in DuckDB: over its time, without a client, or as the server stops."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from bankcrm.errors import BankcrmError
from cube.errors import OutOfMemory, QueryTimeout

_RETRY_SECONDS = 0.05


class Interrupter:
    """Stops the statements of one query, from any thread. What was stopped once stays stopped."""

    def __init__(self) -> None:
        self._reason: BankcrmError | None = None
        self._lock = threading.Lock()
        self._ended: threading.Event | None = None
        self._cursor: duckdb.DuckDBPyConnection | None = None

    def stop(self, reason: BankcrmError) -> None:
        """Stop the statement that runs, and any that would start later. Returns at once."""
        with self._lock:
            if self._reason is not None:
                return
            self._reason = reason
            ended = self._ended
        if ended is not None:
            threading.Thread(target=self._interrupt, args=[ended], daemon=True).start()

    @contextmanager
    def guard(self, cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
        """Run statements of a cursor, for at most so many seconds.

        Raises:
            BankcrmError: the reason it was stopped for; `QueryTimeout` where time ran out.
            OutOfMemory: the statements need more memory than the server has.
        """
        ended = threading.Event()
        with self._lock:
            if self._reason is not None:
                raise self._reason
            self._cursor, self._ended = cursor, ended
        timer = threading.Timer(seconds, self.stop, [_too_slow(seconds)])
        timer.daemon = True
        timer.start()
        try:
            yield
        except (duckdb.Error, OSError) as error:
            if self._reason is not None:
                raise self._reason from error
            if _is_out_of_memory(error):
                raise OutOfMemory() from error
            raise
        finally:
            timer.cancel()
            with self._lock:
                self._cursor = self._ended = None
            ended.set()

    def _interrupt(self, ended: threading.Event) -> None:
        """Interrupt until it holds: DuckDB forgets an interrupt that comes just before a statement.

        Under the lock, so that the cursor is not closed meanwhile.
        """
        while not ended.is_set():
            with self._lock:
                if self._cursor is not None and self._ended is ended:
                    self._cursor.interrupt()
            ended.wait(_RETRY_SECONDS)


def _is_out_of_memory(error: duckdb.Error | OSError) -> bool:
    """An Arrow reader raises DuckDB's errors as OSError, with nothing but the message."""
    from_arrow = isinstance(error, OSError) and str(error).startswith("Out of Memory Error")
    return from_arrow or isinstance(error, duckdb.OutOfMemoryException)


def _too_slow(seconds: float) -> QueryTimeout:
    return QueryTimeout(
        f"the query ran longer than {seconds:g} seconds and was stopped",
        "Ask for fewer dimensions or a shorter date range.",
    )
