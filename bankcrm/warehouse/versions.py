"""Published versions: whole DuckDB files, and the pointer that names the one to read.

Readers never meet the writer: a version is built in a private file, sealed, renamed into the
published folder and then named by ``CURRENT``, which is replaced in one step. Each version has a
path of its own, because DuckDB keeps showing the old file when a path is reused in a process.
Beside each version lies its manifest (size and hash); readers hold a lease on what they read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from bankcrm.errors import BankcrmError, DamagedVersion, NothingPublished
from bankcrm.settings import Settings
from bankcrm.sql import SOUND_OPTIMIZER
from bankcrm.warehouse.manifest import (
    check_content,
    check_size,
    hold_lease,
    manifest_path,
)

POINTER_NAME = "CURRENT"
MOST_TRIES = 3
logger = logging.getLogger("bankcrm.warehouse")


class BrokenPointer(DamagedVersion):
    """CURRENT is missing, empty, or names a version that is not there."""


def current_version(settings: Settings) -> str | None:
    """Name of the published version, or None when nothing was ever published.

    Raises:
        BrokenPointer: the pointer names no version that is there, or is gone itself.
    """
    pointer = settings.published_folder / POINTER_NAME
    remedy = (
        "Choose one of `bankcrm status` with `bankcrm rollback --to VERSION`, or run"
        " `bankcrm refresh`, which builds and publishes again."
    )
    if not pointer.exists():
        if list_versions(settings):
            raise BrokenPointer(f"{pointer} is missing, though versions are there", remedy)
        return None
    file_name = pointer.read_text(encoding="utf-8", errors="replace").strip()
    path = settings.published_folder / file_name
    if not file_name or path.parent != settings.published_folder or not path.is_file():
        raise BrokenPointer(
            f"{pointer} names {file_name!r}, which is not a published version", remedy
        )
    return path.stem


def verified_version(settings: Settings) -> str | None:
    """The published version if it is byte for byte what was published; else None, and logged."""
    try:
        version = current_version(settings)
        if version is not None:
            check_content(version_file(settings, version))
    except DamagedVersion as error:
        logger.error("%s; it is not built upon", error.problem)
        return None
    return version


def version_file(settings: Settings, version: str) -> Path:
    """Path of a version's DuckDB file."""
    return settings.published_folder / f"{version}.duckdb"


def list_versions(settings: Settings) -> list[str]:
    """Every version in the published folder, oldest first."""
    return sorted(path.stem for path in settings.published_folder.glob("*.duckdb"))


def verify_versions(settings: Settings) -> dict[str, str | None]:
    """Compare every version with its manifest, byte by byte.

    Returns:
        By version, what is wrong with it; None where it is what was published.
    """
    found: dict[str, str | None] = {}
    for version in list_versions(settings):
        path = version_file(settings, version)
        found[version] = None
        try:
            check_content(path)
        except DamagedVersion as error:
            found[version] = error.problem
        else:
            if not manifest_path(path).exists():
                found[version] = "was published without a manifest: nothing to compare it with"
    return found


@contextmanager
def open_published(
    settings: Settings, version: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connection to a published version that can read its tables and nothing else.

    A version is kept from being removed as long as it is open. When the published version itself
    turns out to be damaged, the newest intact one before it is read, and a warning is logged.

    Raises:
        NothingPublished: when there is no version yet.
        DamagedVersion: the version asked for is not what was published.
    """
    with ExitStack() as stack:
        connection = connect_hardened(settings, _take_lease(settings, version, stack))
        stack.callback(connection.close)
        yield connection


def _take_lease(settings: Settings, version: str | None, stack: ExitStack) -> Path:
    """The file of an intact version, leased until the stack is closed."""
    for _ in range(MOST_TRIES):
        name = version or current_version(settings)
        if name is None:
            raise NothingPublished("Nothing is published yet", "Run `bankcrm refresh` first.")
        wanted = version_file(settings, name)
        path = wanted if version else find_intact_version(settings, name)
        stack.enter_context(hold_lease(path))
        # Between the pointer and the lease a version may have been replaced and removed.
        if path.is_file():
            check_size(path)
            return path
    known = ", ".join(list_versions(settings))
    raise BankcrmError(f"There is no version {name!r}", f"Published versions: {known}.")


def find_intact_version(settings: Settings, version: str) -> Path:
    """The file of a version, or of the newest intact one before it, which is then logged.

    Raises:
        DamagedVersion: neither the version nor an earlier one is what was published.
    """
    path = version_file(settings, version)
    try:
        check_size(path)
    except DamagedVersion as error:
        for earlier in reversed([v for v in list_versions(settings) if v < version]):
            intact = version_file(settings, earlier)
            if not is_damaged(intact):
                logger.error("%s; reading %s instead", error.problem, earlier)
                return intact
        raise
    return path


def is_damaged(path: Path) -> bool:
    """Whether a version is not what was published, by its size."""
    try:
        check_size(path)
    except DamagedVersion:
        return True
    return False


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
            "lock_configuration": "true",
            **SOUND_OPTIMIZER,
        },
    )
