"""Room on the disk: asked for before a step begins, and named when it ran out after all."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from bankcrm.errors import DiskFull

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_ROOM_WORDS = (
    "No space left on device",
    "File too large",
    "Disk quota exceeded",
    "database or disk is full",
)
REMEDY = (
    "Free space or move BANKCRM_HOME to a larger disk, then run `bankcrm refresh` again: nothing"
    " was published, and what was loaded stays loaded."
)


def require_space(folder: Path, needed: int, purpose: str) -> None:
    """Make sure that so many bytes are free where a folder lies.

    Raises:
        DiskFull: naming what is needed and what is free.
    """
    place = folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < needed:
        raise DiskFull(
            f"{purpose} may need {_megabytes(needed)} on the disk of {place}, and"
            f" {_megabytes(free)} are free",
            REMEDY,
        )


@contextmanager
def named_disk_full(purpose: str) -> Iterator[None]:
    """Turn the many faces of a full disk into one error.

    Raises:
        DiskFull: the block failed because a file could not grow.
    """
    try:
        yield
    except (OSError, duckdb.Error, sqlite3.Error) as error:
        if getattr(error, "errno", None) in NO_ROOM or is_about_space(str(error)):
            raise DiskFull(f"The disk is full: {purpose} could not go on", REMEDY) from error
        raise


def is_about_space(message: str) -> bool:
    """Whether a message of DuckDB or dbt says that the disk is full."""
    return any(words in message for words in NO_ROOM_WORDS)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
