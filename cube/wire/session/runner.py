"""Statements of one session, run as requests to the REST API are.

    compile -> the cache -> the same statement under way -> a slot -> DuckDB

What a statement reads is all in its text: the row rules and masks of the user are compiled into it.
So equal statements are answered once for all users. Answers with more values than
`MOST_VALUES` are not kept but fetched in parts, in a slot of the streams, and so are cursors: each
fetch takes a slot, none is taken while the client thinks.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, Final, TypeVar

import duckdb

from cube.engine.bridge import Bridge
from cube.engine.dispatch import STREAM_SECONDS, Work
from cube.engine.interrupt import Interrupter
from cube.engine.warehouse import Row, Version
from cube.errors import QueryTimeout, Stopping
from cube.query.query import MAXIMUM_LIMIT
from cube.wire.codec.rows import encode_rows
from cube.wire.errors import WireError
from cube.wire.session.execution import Canceller, Encoded, EncodedAnswer, Result
from cube.wire.session.portals import choose_encoders
from cube.wire.translate.statement_compiler import Compiled

MOST_VALUES: Final = 500_000
"""Values of an answer that is computed as a whole and kept."""

_BATCH_ROWS = 2_000
Batches = Generator[list[Row], None, None]
T = TypeVar("T")


class TooLong(Exception):
    """An answer with more values than are kept. The first caller goes on with what was begun."""

    def __init__(self, result: Result) -> None:
        super().__init__("the answer is too long to be kept")
        self._lock = threading.Lock()
        self._result: Result | None = result

    def claim(self) -> Result | None:
        """The rows, for the first that asks."""
        with self._lock:
            found, self._result = self._result, None
        return found


class Runner:
    """Runs the statements of one session; ``log`` is what the access log says of the last one."""

    def __init__(self, bridge: Bridge, canceller: Canceller, seconds: float) -> None:
        self._bridge = bridge
        self._canceller = canceller
        self._seconds = seconds
        self.log: dict[str, Any] = {}

    def look_up(
        self, catalog: duckdb.DuckDBPyConnection, compiled: Compiled, seconds: float
    ) -> Result:
        """Rows of a statement on the catalog, which is small and of one thread: at once."""
        interrupter = Interrupter()

        def turn() -> AbstractContextManager[Interrupter]:
            return nullcontext(interrupter)

        with self._canceller.watch(interrupter.stop):
            return Result(catalog, compiled, seconds, turn, interrupter)

    def answer(
        self, version: Version, compiled: Compiled, formats: tuple[int, ...], limit: float | None
    ) -> Encoded | Result:
        """Rows of a statement on a version, in the formats of a client.

        Args:
            limit: seconds that this session gives it, its wait included; None for the server's.

        Raises:
            Overloaded: too many queries run and wait.
            BankcrmError: it took too long, needed too much memory or was stopped.
        """
        self.log["version"] = version.name
        compute = partial(self._compute, version, compiled, formats)
        work = Work(version, _name(version, compiled, formats), compute)
        try:
            answer = self._bridge.answer(work)
            served = self._wait(answer, answer, limit)
        except TooLong as error:
            claimed = error.claim()
            return self.open(version, compiled) if claimed is None else claimed
        self.log |= {"cache": served.cache, "queue_ms": round(served.waited * 1000, 1)}
        if served.computed:
            self.log["computed_ms"] = round(served.computed * 1000, 1)
        assert isinstance(served.answer, EncodedAnswer)
        return Encoded(served.answer)

    def open(self, version: Version, compiled: Compiled) -> Result:
        """The same as a cursor, which is fetched from in parts."""
        self.log["version"] = version.name
        with self._turn() as interrupter:
            return Result(version.connection, compiled, self._seconds, self._turn, interrupter)

    def read(self, result: Result, limit: int) -> Batches:
        """Batches of what is left of a result, in one turn: at most ``limit`` rows.

        Raises:
            BankcrmError: it took too long as a whole or was stopped.
        """
        ends = time.monotonic() + STREAM_SECONDS
        left = limit
        with result.turn() as interrupter:
            while left > 0:
                count = min(_BATCH_ROWS, left)
                with self._canceller.watch(interrupter.stop):
                    rows = result.fetch(count, interrupter)
                left -= len(rows)
                yield rows
                if len(rows) < count:
                    return
                if time.monotonic() > ends:
                    raise QueryTimeout(f"the rows were not fetched within {STREAM_SECONDS:g} s")

    def _compute(
        self,
        version: Version,
        compiled: Compiled,
        formats: tuple[int, ...],
        interrupter: Interrupter,
    ) -> EncodedAnswer:
        """The whole answer, in a worker's thread."""
        result = Result(version.connection, compiled, self._seconds, self._turn, interrupter)
        most = min(MAXIMUM_LIMIT, MOST_VALUES // max(1, len(result.fields)))
        rows = result.fetch(most + 1, interrupter)
        if len(rows) > most:
            result.put_back(rows)
            raise TooLong(result)
        result.close()
        encoders = choose_encoders(result.fields, formats)
        return EncodedAnswer(encode_rows(rows, encoders), len(rows), tuple(result.fields))

    @contextmanager
    def _turn(self) -> Iterator[Interrupter]:
        """A slot of the streams."""
        taken, held = self._bridge.take_stream()
        try:
            slot = self._wait(taken, held, None)
            self.log |= {"cache": "stream", "queue_ms": round(slot.waited * 1000, 1)}
            with self._canceller.watch(slot.interrupter.stop):
                yield slot.interrupter
        finally:
            held.cancel()

    def _wait(self, result: Future[T], work: Future[Any], limit: float | None) -> T:
        """A result, unless the work that brings it is cancelled first."""
        reasons: list[WireError] = []

        def stop(reason: WireError) -> None:
            reasons.append(reason)
            work.cancel()

        problem = (
            f"the statement ran longer than {limit:g} seconds and was stopped" if limit else ""
        )
        timer = threading.Timer(limit or 0, self._canceller.cancel, [problem])
        timer.daemon = True
        with self._canceller.watch(stop):
            if limit is not None:
                timer.start()
            try:
                return result.result()
            except CancelledError:
                raise (reasons[0] if reasons else Stopping()) from None
            finally:
                timer.cancel()


def _name(version: Version, compiled: Compiled, formats: tuple[int, ...]) -> str:
    """Stands for a statement, the version it reads and the form of its answer."""
    text = repr((version.name, compiled.sql, compiled.parameters, formats))
    return f"wire {hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
