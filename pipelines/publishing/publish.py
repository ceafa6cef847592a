"""Build in a private file, move it into the published folder, point readers at it, prune."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from datetime import date
from pathlib import Path

import duckdb

from bankcrm.audit import read_head
from bankcrm.errors import BankcrmError
from bankcrm.failpoints import reach
from bankcrm.files import sync, write_durably
from bankcrm.settings import Settings
from bankcrm.sql import STORAGE_VERSION, quote_text
from bankcrm.warehouse.manifest import (
    check_size,
    describe_file,
    is_in_use,
    manifest_path,
    write_manifest,
)
from bankcrm.warehouse.versions import POINTER_NAME, current_version, list_versions, version_file

BUILD_NAME = "bankcrm.duckdb"

LEFTOVERS = ("*.wal", "*.part", "*.tmp")


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
            "Run `bankcrm refresh` again; the build starts again.",
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
