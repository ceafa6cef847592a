"""Published versions: whole DuckDB files, and the pointer that names the one to read.

Readers never meet the writer: a version is built in a private file, sealed, renamed into the
published folder and then named by ``CURRENT``, which is replaced in one step. Each version has a
path of its own, because DuckDB keeps showing the old file when a path is reused in a process.
Beside each version lies its manifest (size and hash); readers hold a lease on what they read.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path

import duckdb

from pipelines.errors import BankcrmError, DamagedVersion, NothingPublished
from pipelines.manifest import (
    check_content,
    check_size,
    describe_file,
    hold_lease,
    is_in_use,
    manifest_path,
    sync,
    write_durably,
    write_manifest,
)
from pipelines.operations.audit import acting_user, read_head, record
from pipelines.operations.failpoints import reach
from pipelines.operations.hold import hold_publishing, read_hold, release_publishing
from pipelines.operations.journal import Journal
from pipelines.settings import Settings
from pipelines.sql import SOUND_OPTIMIZER, quote_text

POINTER_NAME = "CURRENT"
BUILD_NAME = "bankcrm.duckdb"
STORAGE_VERSION = "v1.5.0"
"""With this storage version a stray write-ahead log is an error, not replayed in silence."""
LEFTOVERS = ("*.wal", "*.part", "*.tmp")
MOST_TRIES = 3
logger = logging.getLogger(__name__)


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
        " `bankcrm refresh`, which builds and publishes anew."
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


def trusted_version(settings: Settings) -> str | None:
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


def next_version(settings: Settings, business_date: date) -> str:
    """Name for a new version: business date and a counter, never the clock."""
    prefix = business_date.isoformat()
    taken = [int(v.rpartition("-")[2]) for v in list_versions(settings) if v.startswith(prefix)]
    return f"{prefix}-{max(taken, default=0) + 1:03d}"


def start_build(settings: Settings, base_version: str | None) -> Path:
    """A private file to build in: a copy of the base version, or an empty one.

    Leftovers of a build that was cut short are thrown away, never continued.
    """
    remove_build(settings)
    settings.build_folder.mkdir(parents=True)
    path = settings.build_folder / BUILD_NAME
    if base_version is None:
        with duckdb.connect() as connection:
            target = quote_text(str(path))
            connection.execute(f"attach {target} as build (storage_version '{STORAGE_VERSION}')")
    else:
        shutil.copyfile(version_file(settings, base_version), path)
    return path


def remove_build(settings: Settings) -> None:
    """Throw away the private files of a build."""
    if settings.build_folder.exists():
        shutil.rmtree(settings.build_folder)


def remove_leftovers(settings: Settings) -> list[Path]:
    """Remove what a crash left between the published versions: logs, parts, lonely manifests.

    A write-ahead log beside a version is never its own, since a version is closed before it is
    published; it must not be replayed. The caller holds the lock of the home.
    """
    folder = settings.published_folder
    left = [path for pattern in LEFTOVERS for path in folder.glob(pattern)]
    left += [path for path in folder.glob("*.json") if not path.with_suffix(".duckdb").exists()]
    for path in left:
        path.unlink()
    return left


def publish(settings: Settings, build_file: Path, version: str) -> Path:
    """Move a sealed build into the published folder and point readers at it.

    May be repeated after a crash at any moment: a version that was moved and not yet named is
    named then.
    """
    target = version_file(settings, version)
    if build_file.exists() or not target.exists():
        _move_into_place(settings, build_file, version, target)
    reach("publish:moved")
    point_to(settings, version)
    reach("publish:pointed")
    return target


def _move_into_place(settings: Settings, build_file: Path, version: str, target: Path) -> None:
    if build_file.with_name(build_file.name + ".wal").exists():
        raise BankcrmError(
            f"{build_file} was not closed cleanly: a write-ahead log is left beside it",
            "Run `bankcrm refresh` again; the build starts anew.",
        )
    settings.published_folder.mkdir(parents=True, exist_ok=True)
    sync(build_file)
    head = read_head(settings)
    write_manifest(target, describe_file(version, build_file, asdict(head) if head else None))
    reach("publish:described")
    build_file.replace(target)
    sync(settings.published_folder)


def point_to(settings: Settings, version: str) -> None:
    """Make a version the published one, in one atomic step.

    Raises:
        DamagedVersion: its file is not what was published.
    """
    path = version_file(settings, version)
    if not path.is_file():
        known = ", ".join(list_versions(settings)) or "none"
        raise BankcrmError(f"There is no version {version!r}", f"Published versions: {known}.")
    check_size(path)
    write_durably(settings.published_folder / POINTER_NAME, f"{version}.duckdb\n")


def roll_back(settings: Settings, to: str | None = None, reason: str = "") -> str:
    """Point readers at an earlier version: the one before the current one unless named.

    Publishing is held from then on (:mod:`pipelines.operations.hold`), unless no newer version is
    sound: then it was the file that was wrong, and nothing is to be kept from readers.

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
    newer = [v for v in list_versions(settings) if v > to]
    is_held = not all(_is_damaged(version_file(settings, v)) for v in newer)
    if is_held:
        hold_publishing(settings, to, reason.strip())
    elif read_hold(settings) is not None:
        release_publishing(settings, f"{to} is the newest sound version")
    Journal(settings.home).append("rolled_back", to)
    details = {"passed_over": newer, "reason": reason.strip(), "publishing_held": is_held}
    record(settings, "rolled_back", acting_user(), to, details)
    return to


def prune(settings: Settings) -> list[str]:
    """Remove the oldest versions beyond ``keep_versions``; never the published one or one in use.

    Returns:
        The versions that were removed. One in use is removed by a later run.
    """
    current = current_version(settings)
    removed = []
    for version in list_versions(settings)[: -settings.keep_versions]:
        path = version_file(settings, version)
        if version != current and not is_in_use(path):
            path.unlink()
            manifest_path(path).unlink(missing_ok=True)
            removed.append(version)
    return removed


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
    turns out to be damaged, the newest sound one before it is read, and a warning is logged.

    Raises:
        NothingPublished: when there is no version yet.
        DamagedVersion: the version asked for is not what was published.
    """
    with ExitStack() as stack:
        connection = connect_hardened(settings, _take_lease(settings, version, stack))
        stack.callback(connection.close)
        yield connection


def _take_lease(settings: Settings, version: str | None, stack: ExitStack) -> Path:
    """The file of a sound version, leased until the stack is closed."""
    for _ in range(MOST_TRIES):
        name = version or current_version(settings)
        if name is None:
            raise NothingPublished("Nothing is published yet", "Run `bankcrm refresh` first.")
        wanted = version_file(settings, name)
        path = wanted if version else find_sound_version(settings, name)
        stack.enter_context(hold_lease(path))
        # Between the pointer and the lease a version may have been replaced and removed.
        if path.is_file():
            check_size(path)
            return path
    known = ", ".join(list_versions(settings))
    raise BankcrmError(f"There is no version {name!r}", f"Published versions: {known}.")


def find_sound_version(settings: Settings, version: str) -> Path:
    """The file of a version, or of the newest sound one before it, which is then logged.

    Raises:
        DamagedVersion: neither the version nor an earlier one is what was published.
    """
    path = version_file(settings, version)
    try:
        check_size(path)
    except DamagedVersion as error:
        for earlier in reversed([v for v in list_versions(settings) if v < version]):
            sound = version_file(settings, earlier)
            if not _is_damaged(sound):
                logger.error("%s; reading %s instead", error.problem, earlier)
                return sound
        raise
    return path


def _is_damaged(path: Path) -> bool:
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
