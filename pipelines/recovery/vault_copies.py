"""Copies of the vault: never in an ordinary backup, but in a folder of their own beside it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from bankcrm.errors import BankcrmError, DamagedVersion
from bankcrm.files import hash_file, sync, write_durably
from bankcrm.settings import Settings
from pipelines.loading.raw import open_raw
from pipelines.privacy.erasure import apply_erasures
from pipelines.privacy.register import REGISTER_NAME, add_erasures, read_register
from pipelines.privacy.vault import KEY_NAME

NOTE_NAME = "VAULT.json"


def copy_vault(settings: Settings, folder: Path) -> None:
    """Copy the vault, its key file and the register into a new folder of its owner alone.

    A key that comes from the environment is not copied. The caller holds the refresh lock.

    Raises:
        BankcrmError: the folder exists.
    """
    if folder.exists():
        raise BankcrmError(f"{folder} exists already", "Name a folder that does not exist.")
    with open_raw(settings) as connection:
        connection.execute("checkpoint vault")
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(mode=0o700, parents=True)
        hashes = {}
        for name in (settings.vault_file.name, KEY_NAME, REGISTER_NAME):
            if (settings.vault_folder / name).exists():
                _copy(settings.vault_folder / name, part / name)
                hashes[name] = hash_file(part / name)
    write_durably(part / NOTE_NAME, json.dumps(hashes, indent=2) + "\n")
    part.rename(folder)
    sync(folder.parent)


def bring_back_vault(settings: Settings, folder: Path) -> None:
    """Bring a copy of the vault back. A register that is there already is kept and completed.

    Raises:
        BankcrmError: the folder is no copy of a vault, or there is a vault already.
        DamagedVersion: a file is not what was copied.
    """
    hashes = _read_note(folder)
    if settings.vault_file.exists():
        raise BankcrmError(
            f"{settings.vault_folder} holds a vault already",
            "Move vault and key away, but leave the register there, or leave out --vault.",
        )
    settings.vault_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    add_erasures(settings, read_register(folder / REGISTER_NAME))
    for name in sorted(hashes.keys() - {REGISTER_NAME}):
        _copy(folder / name, settings.vault_folder / name)


def repeat_erasures(settings: Settings) -> int:
    """Apply the register to what was brought back; returns the number of values dropped."""
    if not settings.vault_file.exists():
        return 0
    with open_raw(settings) as connection:
        return apply_erasures(connection, settings)


def _read_note(folder: Path) -> dict[str, str]:
    path = folder / NOTE_NAME
    if not path.is_file():
        raise BankcrmError(
            f"{folder} is no copy of a vault", "Name a folder that `bankcrm backup --vault` wrote."
        )
    hashes: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    for name, sha256 in hashes.items():
        if not (folder / name).is_file() or hash_file(folder / name) != sha256:
            raise DamagedVersion(f"{folder / name} is damaged", "Use another copy of the vault.")
    return hashes


def _copy(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream, source.open("rb") as original:
        shutil.copyfileobj(original, stream)
        stream.flush()
        os.fsync(stream.fileno())
