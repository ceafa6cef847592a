"""Rows of a statement: of a whole answer, which are bytes already, and of a cursor that fetches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import duckdb

from cube.engine.cache import Answer
from cube.engine.interrupt import Interrupter
from cube.engine.warehouse import Row
from cube.wire.codec.rows import count_bytes
from cube.wire.codec.types import WireType, from_duckdb
from cube.wire.errors import CANCELED, WireError
from cube.wire.translate.statement_compiler import Compiled

Field = tuple[str, WireType]
"""Name and type of a column of an answer."""

Stop = Callable[[WireError], None]
Turn = Callable[[], AbstractContextManager[Interrupter]]
"""Waits for the right to run something, which ends with the block."""


class Canceller:
    """Stops what a session runs at the moment. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop: Stop | None = None

    def cancel(self, reason: str = "canceling statement due to user request") -> None:
        """Stop the statement that runs; nothing happens where none does."""
        with self._lock:
            if self._stop is not None:
                self._stop(WireError(CANCELED, reason))

    @contextmanager
    def watch(self, stop: Stop) -> Iterator[None]:
        """Work that ``stop`` ends, at once and from any thread."""
        with self._lock:
            before, self._stop = self._stop, stop
        try:
            yield
        finally:
            with self._lock:
                self._stop = before


@dataclass(frozen=True)
class EncodedAnswer(Answer):
    """A whole answer as DataRow messages, and its columns."""

    fields: tuple[Field, ...] = ()


@dataclass
class Encoded:
    """An answer, and how far it has been sent."""

    answer: EncodedAnswer
    _sent: int = field(default=0, init=False)
    _offset: int = field(default=0, init=False)

    @property
    def fields(self) -> list[Field]:
        """Columns of the answer."""
        return list(self.answer.fields)

    def take(self, count: int) -> tuple[bytes, int]:
        """The next rows, at most ``count``, and how many they are."""
        start, left = self._offset, self.answer.rows - self._sent
        if count >= left:
            self._sent, self._offset = self.answer.rows, len(self.answer.body)
            return self.answer.body[start:], left
        self._offset += count_bytes(self.answer.body, start, count)
        self._sent += count
        return self.answer.body[start : self._offset], count

    def keep(self) -> None:
        """Nothing: the answer outlives the version that it was read from."""

    def close(self) -> None:
        """There is nothing to release."""


class Result:
    """Rows fetched as they are asked for, on a cursor of its own.

    Args:
        seconds: what the start may take, and each fetch.
        turn: how the right to fetch is had.
        interrupter: stops the start.

    Raises:
        BankcrmError: it took too long, needed too much memory or was stopped.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        compiled: Compiled,
        seconds: float,
        turn: Turn,
        interrupter: Interrupter,
    ) -> None:
        self.turn = turn
        self._seconds = seconds
        self._cursor: duckdb.DuckDBPyConnection | None = connection.cursor()
        self._kept: list[Row] = []
        try:
            with interrupter.guard(self._cursor, seconds):
                self._cursor.execute(compiled.sql, list(compiled.parameters))
        except BaseException:
            self.close()
            raise
        described = self._cursor.description or []
        self.fields: list[Field] = [
            (str(name), from_duckdb(str(kind))) for name, kind, *_ in described
        ]

    def fetch(self, count: int, interrupter: Interrupter) -> list[Row]:
        """The next rows, at most ``count``; fewer only where there are no more.

        Raises:
            BankcrmError: it took too long, or was stopped.
        """
        rows, self._kept = self._kept[:count], self._kept[count:]
        if self._cursor is None or len(rows) == count:
            return rows
        with interrupter.guard(self._cursor, self._seconds):
            return rows + self._cursor.fetchmany(count - len(rows))

    def put_back(self, rows: list[Row]) -> None:
        """Rows that were fetched come first again."""
        self._kept = rows + self._kept

    def keep(self) -> None:
        """Fetch what is left, so that it outlives the version it is read from."""
        if self._cursor is not None:
            with self.turn() as interrupter, interrupter.guard(self._cursor, self._seconds):
                self._kept += self._cursor.fetchall()
            self.close()

    def close(self) -> None:
        """Release the cursor."""
        if self._cursor is not None:
            self._cursor.close()
            self._cursor = None
