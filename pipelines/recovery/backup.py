"""Backup and restore: raw data, the published version, journal, audit log.

A backup holds what cannot be made again. Deliveries that were loaded are in the raw data; files
that still wait in the landing folder are the source systems' to deliver again.
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bankcrm.audit import (
    acting_user,
    hold_audit_lock,
    log_files,
    read_head,
    record,
)
from bankcrm.clock import now
from bankcrm.disk import named_disk_full, require_space
from bankcrm.errors import BankcrmError, DamagedVersion, NothingPublished
from bankcrm.files import hash_file, sync, write_durably
from bankcrm.settings import Settings
from bankcrm.warehouse.manifest import check_content, hold_lease, manifest_path
from bankcrm.warehouse.versions import POINTER_NAME, current_version, version_file
from pipelines.loading.raw import open_raw
from pipelines.operations.audit_check import BACKUP_NOTE
from pipelines.operations.journal import JOURNAL_NAME, Journal
from pipelines.operations.last_success import SUCCESS_NAME
from pipelines.operations.lock import LOCK_NAME, hold_lock
from pipelines.recovery.vault_copies import bring_back_vault, copy_vault, repeat_erasures


@dataclass(frozen=True)
class BackupNote:
    """What a backup holds: the published version, the SHA-256 of every file by its path, and how
    far the audit log reached (None in backups made before there was one)."""

    version: str
    made_at: str
    files: dict[str, str]
    audit: dict[str, Any] | None = None


def back_up(settings: Settings, folder: Path, vault: Path | None = None) -> BackupNote:
    """Write a backup into a folder that appears when it is whole.

    It holds no clear personal value; the vault is copied into a folder of its own, where one is
    named.

    Raises:
        BankcrmError: the folder exists.
        NothingPublished: there is nothing to back up yet.
        Busy: a refresh is running.
        DamagedVersion: the published version is damaged; it is no backup.
    """
    if folder.exists():
        raise BankcrmError(f"{folder} exists already", "Name a folder that does not exist.")
    version = current_version(settings)
    if version is None:
        raise NothingPublished("Nothing is published yet", "Run `bankcrm refresh` first.")
    part = folder.with_name(folder.name + ".part")
    with hold_lock(settings.home), hold_lease(version_file(settings, version)):
        check_content(version_file(settings, version))
        shutil.rmtree(part, ignore_errors=True)
        with named_disk_full("the backup"):
            _copy_home(settings, version, part)
            head = read_head(settings)
            _copy_audit_log(settings, part)
            audit = asdict(head) if head else None
            note = BackupNote(version, now().isoformat(), dict(_hash_files(part)), audit)
            write_durably(part / BACKUP_NOTE, json.dumps(asdict(note), indent=2) + "\n")
        if vault is not None:
            copy_vault(settings, vault)
        part.rename(folder)
        sync(folder.parent)
    record(settings, "backed_up", acting_user(), version, {"folder": folder})
    Journal(settings.home).append("backed_up", version, folder=folder)
    return note


def restore(settings: Settings, folder: Path, vault: Path | None = None) -> BackupNote:
    """Bring a backup back. The published version is named last, so readers see it whole.

    A copy of the vault comes back where one is named; what was erased since is erased again.

    Raises:
        BankcrmError: the folder is no backup, or the home holds data already.
        DamagedVersion: a file of the backup is not what was backed up.
    """
    note = _read_note(folder)
    if _has_data(settings):
        raise BankcrmError(
            f"{settings.home} holds data already", "Restore into another --home, or move it away."
        )
    needed = sum((folder / name).stat().st_size for name in note.files)
    require_space(settings.home, needed, "The restore")
    with hold_lock(settings.home), named_disk_full("the restore"):
        for name in sorted(note.files, key=lambda name: name.endswith(POINTER_NAME)):
            target = settings.home / name
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            shutil.copyfile(folder / name, part)
            sync(part)
            part.replace(target)
            sync(target.parent)
        if vault is not None:
            bring_back_vault(settings, vault)
        repeat_erasures(settings)
    record(settings, "restored", acting_user(), note.version, {"folder": folder})
    Journal(settings.home).append("restored", note.version, folder=folder)
    return note


def _copy_home(settings: Settings, version: str, part: Path) -> None:
    """Copy what a backup holds. Opening the raw database first brings its log into its file."""
    with open_raw(settings, with_vault=False) as connection:
        connection.execute("checkpoint raw")
    published = version_file(settings, version)
    pointer = settings.published_folder / POINTER_NAME
    files = [settings.raw_file, published, manifest_path(published), pointer]
    files.append(settings.home / SUCCESS_NAME)
    size = sum(path.stat().st_size for path in files if path.exists())
    require_space(part.parent, size, "The backup")
    for path in files:
        if path.exists():
            target = part / path.relative_to(settings.home)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            sync(target)
    journal = Journal(settings.home)
    if journal.path.exists():
        journal.copy_to(part / JOURNAL_NAME)


def _copy_audit_log(settings: Settings, part: Path) -> None:
    """Copy the audit log behind everything that names its head, so that nothing knows more."""
    with hold_audit_lock(settings, fcntl.LOCK_SH):
        for path in log_files(settings):
            target = part / path.relative_to(settings.home)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
            sync(target)


def _hash_files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), hash_file(path)


def _read_note(folder: Path) -> BackupNote:
    """The note of a backup whose every file is what was backed up."""
    path = folder / BACKUP_NOTE
    if not path.is_file():
        raise BankcrmError(f"{folder} is no backup", "Name a folder that `bankcrm backup` wrote.")
    note = BackupNote(**json.loads(path.read_text(encoding="utf-8")))
    damaged = [
        name
        for name, sha256 in note.files.items()
        if not (folder / name).is_file() or hash_file(folder / name) != sha256
    ]
    if damaged:
        raise DamagedVersion(
            f"The backup {folder} is damaged: {', '.join(damaged)}", "Use another backup."
        )
    return note


def _has_data(settings: Settings) -> bool:
    """Whether a home holds more than a landing folder, a vault and a lock."""
    if not settings.home.exists():
        return False
    harmless = {settings.home / LOCK_NAME, settings.landing_folder, settings.vault_folder}
    return any(path not in harmless for path in settings.home.iterdir())
