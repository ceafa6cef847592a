"""Statements that run: within a time limit, and until somebody asks to stop them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from cube.server.warehouse import Row
from cube.wire.compiler import Compiled
from cube.wire.errors import CANCELED, WireError
from cube.wire.types import WireType, from_duckdb

Field = tuple[str, WireType]
"""Name and type of a column of an answer."""


class Canceller:
    """Interrupts what a session runs at the moment. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: duckdb.DuckDBPyConnection | None = None
        self._reason = ""

    def cancel(self, reason: str = "canceling statement due to user request") -> None:
        """Interrupt the statement that runs; nothing happens where none does."""
        with self._lock:
            if self._running is not None:
                self._reason = reason
                self._running.interrupt()

    @contextmanager
    def guard(self, cursor: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
        """Work of a cursor that may be cancelled, and is after so many seconds.

        Raises:
            WireError: it was cancelled, with the reason.
        """
        with self._lock:
            self._running, self._reason = cursor, ""
        words = f"the statement ran longer than {seconds:g} seconds and was stopped"
        timer = threading.Timer(seconds, self.cancel, [words])
        timer.daemon = True
        timer.start()
        try:
            yield
        except duckdb.InterruptException as error:
            raise WireError(CANCELED, self._reason or "the statement was stopped") from error
        finally:
            timer.cancel()
            with self._lock:
                self._running = None


class Result:
    """Rows of a statement, fetched as they are asked for, on a cursor of its own."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        compiled: Compiled,
        canceller: Canceller,
        seconds: float,
    ) -> None:
        self._canceller, self._seconds = canceller, seconds
        self._cursor: duckdb.DuckDBPyConnection | None = connection.cursor()
        self._kept: list[Row] = []
        self.fields: list[Field] = []
        try:
            with canceller.guard(self._cursor, seconds):
                self._cursor.execute(compiled.sql, list(compiled.parameters))
        except BaseException:
            self.close()
            raise
        described = self._cursor.description or []
        self.fields = [(str(name), from_duckdb(str(kind))) for name, kind, *_ in described]

    def fetch(self, count: int) -> list[Row]:
        """The next rows, at most ``count``; none where there are no more.

        Raises:
            WireError: it took too long, or was cancelled.
        """
        if self._cursor is None:
            rows, self._kept = self._kept[:count], self._kept[count:]
            return rows
        with self._canceller.guard(self._cursor, self._seconds):
            return self._cursor.fetchmany(count)

    def keep(self) -> None:
        """Fetch what is left, so that it outlives the version it is read from."""
        if self._cursor is not None:
            with self._canceller.guard(self._cursor, self._seconds):
                self._kept = self._cursor.fetchall()
            self.close()

    def close(self) -> None:
        """Let go of the cursor."""
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None
