"""The lock of a home: one refresh, backup or restore at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bankcrm.errors import Busy

LOCK_NAME = "refresh.lock"


def is_held(home: Path) -> bool:
    """Whether somebody holds the lock of a home right now."""
    if not (home / LOCK_NAME).exists():
        return False
    with (home / LOCK_NAME).open(encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def hold_lock(home: Path) -> Iterator[None]:
    """Hold the lock of a home; the kernel releases it however the process ends.

    Raises:
        Busy: another process holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / LOCK_NAME).open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            raise Busy(
                f"Another refresh of {home} is running (process {stream.read().strip() or '?'})",
                "Wait for it to finish; `bankcrm status` shows what is published.",
            ) from error
        stream.truncate(0)
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield
