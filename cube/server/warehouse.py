"""Read-only access to the published version, switched when the pointer CURRENT names another.

Every version has its own path, so an open version stays whole while another is published. A request
pins one version for as long as it runs; a version that is no longer current is closed when the last
request lets go of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import duckdb

from cube.server.errors import QueryTimeout
from cube.server.sql import Statement
from pipelines.errors import BankcrmError, NothingPublished
from pipelines.settings import Settings
from pipelines.versions import connect_hardened, current_version, version_file

Row = tuple[object, ...]

_LOG = logging.getLogger("bankcrm.cube.warehouse")


@dataclass
class Version:
    """An open published version."""

    name: str
    business_date: date
    published_at: datetime
    connection: duckdb.DuckDBPyConnection
    pins: int = field(default=0)

    def fetch(self, statements: Sequence[Statement], timeout_seconds: float) -> list[list[Row]]:
        """Rows of each statement, all within one time limit, on a cursor of their own.

        Raises:
            QueryTimeout: the statements took longer and were interrupted.
        """
        cursor = self.connection.cursor()
        timer = threading.Timer(timeout_seconds, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return [_fetch(cursor, statement) for statement in statements]
        except duckdb.InterruptException as error:
            raise QueryTimeout(
                f"the query ran longer than {timeout_seconds:g} seconds and was stopped",
                "Ask for fewer dimensions or a shorter date range.",
            ) from error
        finally:
            timer.cancel()
            cursor.close()


class Warehouse:
    """The published versions of one installation. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._current: Version | None = None

    @contextmanager
    def pin(self) -> Iterator[Version]:
        """The version that is published now, kept open until the block ends.

        Raises:
            NothingPublished: there is no version, and none was read before.
        """
        with self._lock:
            version = self._refresh()
            version.pins += 1
        try:
            yield version
        finally:
            with self._lock:
                version.pins -= 1
                if version.pins == 0 and version is not self._current:
                    version.connection.close()

    def close(self) -> None:
        """Close the current version; requests that run still finish on it."""
        with self._lock:
            self._retire(self._current)
            self._current = None

    def _refresh(self) -> Version:
        """The version CURRENT names; the one before where the new one cannot be read."""
        try:
            name = _read_pointer(self._settings)
            if self._current is None or self._current.name != name:
                opened = _open_version(self._settings, name)
                self._retire(self._current)
                self._current = opened
        except NothingPublished as error:
            if self._current is None:
                raise
            _LOG.error("still serving %s: %s", self._current.name, error.problem)
        return self._current

    def _retire(self, version: Version | None) -> None:
        if version is not None and version.pins == 0:
            version.connection.close()


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


def _open_version(settings: Settings, name: str) -> Version:
    path = version_file(settings, name)
    try:
        published_at = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
        connection = connect_hardened(settings, path)
    except (OSError, duckdb.Error) as error:
        raise NothingPublished(f"the published version {name} cannot be opened") from error
    try:
        row = connection.execute("select business_date from meta.version").fetchone()
        if row is None or not isinstance(row[0], date):
            raise NothingPublished(f"the published version {name} states no business date")
    except (duckdb.Error, NothingPublished) as error:
        with suppress(duckdb.Error):
            connection.close()
        raise NothingPublished(f"the published version {name} is not a whole version") from error
    return Version(name, row[0], published_at, connection)
