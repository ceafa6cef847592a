"""SIGTERM as an orderly stop: what is half done is undone, and the run says that it was stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bankcrm.errors import Stopped


@contextmanager
def stop_on_sigterm() -> Iterator[None]:
    """Raise :class:`Stopped` where the program stands when SIGTERM arrives."""
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(
        "Stopped by SIGTERM",
        "Nothing was published. Run `bankcrm refresh`: it goes on from what is whole.",
    )
