"""Progress of a refresh, as it is reported to its caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipelines.loading.deadlines import Awaited
from pipelines.loading.load import LoadResult


class Watcher(Protocol):
    """Receives the progress of a refresh."""

    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        """A delivery was loaded, skipped or rejected."""

    def built(self, node: str, done: int, total: int) -> None:
        """dbt finished a model or a test."""

    def waiting(self, missing: Sequence[Awaited]) -> None:
        """These deliveries are awaited until their deadlines."""


class NullWatcher:
    """A watcher that ignores every report."""

    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        """Do nothing."""

    def built(self, node: str, done: int, total: int) -> None:
        """Do nothing."""

    def waiting(self, missing: Sequence[Awaited]) -> None:
        """Do nothing."""
