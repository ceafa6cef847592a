"""Published versions: whole DuckDB files, and the pointer that names the one to read.

Readers never meet the writer: a version is built in a private file, sealed, renamed into the
published folder and then named by ``CURRENT``, which is replaced in one step. Each version has a
path of its own, because DuckDB keeps showing the old file when a path is reused in a process.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb

from pipelines.errors import BankcrmError, NothingPublished
from pipelines.settings import Settings

POINTER_NAME = "CURRENT"
BUILD_NAME = "bankcrm.duckdb"
STORAGE_VERSION = "v1.5.0"
"""With this storage version a stray write-ahead log is an error, not replayed in silence."""


def current_version(settings: Settings) -> str | None:
    """Name of the published version, or None when nothing is published.

    Raises:
        BankcrmError: when the pointer names a version that is not there.
    """
    pointer = settings.published_folder / POINTER_NAME
    if not pointer.exists():
        return None
    file_name = pointer.read_text(encoding="utf-8").strip()
    path = settings.published_folder / file_name
    if not file_name or path.parent != settings.published_folder or not path.is_file():
        raise BankcrmError(
            f"{pointer} names {file_name!r}, which is not a published version",
            "Choose one of `bankcrm status` with `bankcrm rollback --to VERSION`.",
        )
    return path.stem


def version_file(settings: Settings, version: str) -> Path:
    """Path of a version's DuckDB file."""
    return settings.published_folder / f"{version}.duckdb"


def list_versions(settings: Settings) -> list[str]:
    """Every version in the published folder, oldest first."""
    return sorted(path.stem for path in settings.published_folder.glob("*.duckdb"))


def next_version(settings: Settings, business_date: date) -> str:
    """Name for a new version: business date and a counter, never the clock."""
    prefix = business_date.isoformat()
    taken = [int(v.rpartition("-")[2]) for v in list_versions(settings) if v.startswith(prefix)]
    return f"{prefix}-{max(taken, default=0) + 1:03d}"


def start_build(settings: Settings, base_version: str | None) -> Path:
    """A private file to build in: a copy of the base version, or an empty one.

    Leftovers of a build that was cut short are thrown away, never continued.
    """
    shutil.rmtree(settings.build_folder, ignore_errors=True)
    settings.build_folder.mkdir(parents=True)
    path = settings.build_folder / BUILD_NAME
    if base_version is None:
        with duckdb.connect() as connection:
            connection.execute(f"attach '{path}' as build (storage_version '{STORAGE_VERSION}')")
    else:
        shutil.copyfile(version_file(settings, base_version), path)
    return path


def publish(settings: Settings, build_file: Path, version: str) -> Path:
    """Move a sealed build into the published folder and point readers at it."""
    if build_file.with_name(build_file.name + ".wal").exists():
        raise BankcrmError(
            f"{build_file} was not closed cleanly: a write-ahead log is left beside it",
            "Run `bankcrm refresh` again; the build starts anew.",
        )
    settings.published_folder.mkdir(parents=True, exist_ok=True)
    target = version_file(settings, version)
    _sync(build_file)
    build_file.replace(target)
    _sync(settings.published_folder)
    point_to(settings, version)
    return target


def point_to(settings: Settings, version: str) -> None:
    """Make a version the published one, in one atomic step."""
    if not version_file(settings, version).is_file():
        known = ", ".join(list_versions(settings)) or "none"
        raise BankcrmError(f"There is no version {version!r}", f"Published versions: {known}.")
    part = settings.published_folder / f"{POINTER_NAME}.part"
    part.write_text(f"{version}.duckdb\n", encoding="utf-8")
    _sync(part)
    part.replace(settings.published_folder / POINTER_NAME)
    _sync(settings.published_folder)


def roll_back(settings: Settings, to: str | None = None) -> str:
    """Point readers at an earlier version: the one before the current one unless named.

    Returns:
        The version that is published now.
    """
    if to is None:
        current = current_version(settings)
        earlier = [v for v in list_versions(settings) if current is not None and v < current]
        if not earlier:
            raise BankcrmError(
                "There is no earlier version to roll back to", "See `bankcrm status`."
            )
        to = earlier[-1]
    point_to(settings, to)
    return to


def prune(settings: Settings) -> list[str]:
    """Remove the oldest versions beyond ``keep_versions``; never the published one."""
    current = current_version(settings)
    removed = [v for v in list_versions(settings)[: -settings.keep_versions] if v != current]
    for version in removed:
        version_file(settings, version).unlink()
    return removed


@contextmanager
def open_published(
    settings: Settings, version: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connection to a published version that can read its tables and nothing else.

    Raises:
        NothingPublished: when there is no version yet.
    """
    version = version or current_version(settings)
    if version is None:
        raise NothingPublished("Nothing is published yet", "Run `bankcrm refresh` first.")
    connection = connect_hardened(settings, version_file(settings, version))
    try:
        yield connection
    finally:
        connection.close()


def connect_hardened(settings: Settings, path: Path) -> duckdb.DuckDBPyConnection:
    """Read-only connection without access to files, network, extensions or its own settings.

    DuckDB refuses a second connection of a process to a file with other options, so every reader
    of a version connects through here.
    """
    return duckdb.connect(
        str(path),
        read_only=True,
        config={
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "memory_limit": settings.memory_limit,
            "threads": str(settings.threads),
            # DuckDB 1.5.5 merges joins that only look alike and then answers with nulls:
            # tests/cube/test_traps.py has the case.
            "disabled_optimizers": "common_subplan",
            "lock_configuration": "true",
        },
    )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
