"""Read-only access to the published version, switched when the pointer CURRENT names another.

Every version has its own path, so an open version stays whole while another is published. A request
pins one version for as long as it runs; a version that is no longer current is closed when the last
request releases it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa

from bankcrm.errors import BankcrmError, DamagedVersion, NothingPublished
from bankcrm.settings import Settings
from bankcrm.warehouse.manifest import check_content, hold_lease
from bankcrm.warehouse.rollup_states import States, read_rollups
from bankcrm.warehouse.versions import (
    connect_hardened,
    current_version,
    list_versions,
    version_file,
)
from cube.engine.interrupt import Interrupter
from cube.planner.sql import Statement

Row = tuple[object, ...]

BATCH_ROWS = 20_000
"""Rows of a record batch, which is what a stream holds in memory at a time."""

_LOG = logging.getLogger("bankcrm.cube.warehouse")


@dataclass
class Version:
    """An open published version. Its lease keeps it from being removed until it is closed, and
    closes the connection with it."""

    name: str
    business_date: date
    published_at: datetime
    connection: duckdb.DuckDBPyConnection
    pins: int = field(default=0)
    lease: ExitStack = field(default_factory=ExitStack)
    rollups: States = field(default_factory=dict)

    @property
    def number(self) -> str:
        """Name of the version as users know it, such as ``2024-02-29-001``."""
        return self.name.removesuffix(".duckdb")

    def close(self) -> None:
        """Close the connection and give the lease back."""
        self.lease.close()

    def fetch(
        self,
        statements: Sequence[Statement],
        timeout_seconds: float,
        interrupter: Interrupter | None = None,
    ) -> list[list[Row]]:
        """Rows of each statement, all within one time limit, on a cursor of their own.

        A cursor costs microseconds, so none is kept; their number is bounded by the slots.

        Raises:
            QueryTimeout: the statements took longer and were interrupted.
            OutOfMemory: they need more memory than there is.
            BankcrmError: the reason that the interrupter was stopped for.
        """
        interrupter = interrupter or Interrupter()
        with (
            closing(self.connection.cursor()) as cursor,
            interrupter.guard(cursor, timeout_seconds),
        ):
            return [_fetch(cursor, statement) for statement in statements]

    def stream(
        self, statement: Statement, timeout_seconds: float, interrupter: Interrupter
    ) -> Generator[pa.RecordBatch, None, None]:
        """Rows of a statement in batches of `BATCH_ROWS`, at least one, computed as they are asked
        for. The time limit holds for each batch.

        Raises:
            BankcrmError: as `fetch` does.
        """
        with closing(self.connection.cursor()) as cursor:
            with interrupter.guard(cursor, timeout_seconds):
                cursor.execute(statement.sql, list(statement.parameters))
                reader = cursor.to_arrow_reader(BATCH_ROWS)
                batch = next(reader, None)
            yield pa.RecordBatch.from_pylist([], reader.schema) if batch is None else batch
            while batch is not None:
                with interrupter.guard(cursor, timeout_seconds):
                    batch = next(reader, None)
                if batch is not None:
                    yield batch


class Warehouse:
    """The published versions of one installation. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._switching = threading.Lock()
        self._current: Version | None = None
        self._refused: str | None = None

    @contextmanager
    def pin(self) -> Iterator[Version]:
        """The version that is published now, kept open until the block ends.

        Raises:
            NothingPublished: there is no version, and none was read before.
        """
        self._follow()
        with self._lock:
            if self._current is None:
                raise NothingPublished("the warehouse is closed")
            version = self._current
            version.pins += 1
        with self._let_go(version):
            yield version

    @contextmanager
    def hold(self, version: Version) -> Iterator[None]:
        """Keep a version open that is pinned now, beyond the end of that pin."""
        with self._lock:
            version.pins += 1
        with self._let_go(version):
            yield

    def is_current(self, version: Version) -> bool:
        """Whether a version is the one that new requests read."""
        return version is self._current

    def close(self) -> None:
        """Close the current version; requests that run still finish on it."""
        self._replace(None)

    @contextmanager
    def _let_go(self, version: Version) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                version.pins -= 1
                if version.pins == 0 and version is not self._current:
                    version.close()

    def _follow(self) -> None:
        """Switch to the version CURRENT names; keep the one before where it cannot be opened.

        To open a version is to read it whole. Requests that come meanwhile wait for it, so that
        none reads the version before once another is published; those that run are not delayed.
        """
        try:
            if self._is_news(_read_pointer(self._settings)):
                with self._switching:
                    # The pointer may have changed while this request waited.
                    name = _read_pointer(self._settings)
                    if self._is_news(name):
                        self._switch_to(name)
        except NothingPublished as error:
            current = self._current
            if current is None:
                raise
            _LOG.error("still serving %s: %s", current.name, error.problem)

    def _is_news(self, name: str) -> bool:
        current = self._current
        return current is None or name not in (current.name, self._refused)

    def _switch_to(self, name: str) -> None:
        """Open a version. Without any open version, the newest intact one before it will do."""
        try:
            opened = _open_version(self._settings, name)
        except NothingPublished as error:
            # Not read again for every request: a damaged version stays damaged.
            self._refused = name
            if self._current is not None:
                raise
            opened = _open_earlier(self._settings, name, error)
        else:
            self._refused = None
        self._replace(opened)

    def _replace(self, opened: Version | None) -> None:
        with self._lock:
            before, self._current = self._current, opened
            if before is not None and before.pins == 0:
                before.close()


def _fetch(cursor: duckdb.DuckDBPyConnection, statement: Statement) -> list[Row]:
    return cursor.execute(statement.sql, list(statement.parameters)).fetchall()


def _read_pointer(settings: Settings) -> str:
    try:
        version = current_version(settings)
    except (BankcrmError, OSError, UnicodeDecodeError) as error:
        raise NothingPublished(f"the pointer to the version is broken: {error}") from error
    if version is None:
        raise NothingPublished("no version is published", "Run `bankcrm refresh`.")
    return version


def _open_earlier(settings: Settings, name: str, reason: NothingPublished) -> Version:
    """The newest intact version before a damaged one; the reason again where there is none."""
    for earlier in reversed([v for v in list_versions(settings) if v < name]):
        with suppress(NothingPublished):
            version = _open_version(settings, earlier)
            _LOG.error("serving %s: %s", earlier, reason.problem)
            return version
    raise reason


def _open_version(settings: Settings, name: str) -> Version:
    """A version that is byte for byte what was published, under lease."""
    path = version_file(settings, name)
    with ExitStack() as stack:
        try:
            stack.enter_context(hold_lease(path))
            check_content(path)
            published_at = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
            connection = connect_hardened(settings, path)
        except (OSError, duckdb.Error, DamagedVersion) as error:
            problem = f"the published version {name} cannot be opened: {error}"
            raise NothingPublished(problem) from error
        stack.callback(connection.close)
        version = Version(name, _read_business_date(connection, name), published_at, connection)
        version.rollups = read_rollups(connection)
        version.lease = stack.pop_all()
    return version


def _read_business_date(connection: duckdb.DuckDBPyConnection, name: str) -> date:
    try:
        row = connection.execute("select business_date from meta.version").fetchone()
    except duckdb.Error as error:
        raise NothingPublished(f"the published version {name} is not a whole version") from error
    if row is None or not isinstance(row[0], date):
        raise NothingPublished(f"the published version {name} states no business date")
    return row[0]
