"""Progress of a refresh on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pipelines.loading.deadlines import Awaited
from pipelines.loading.load import LoadResult


class ProgressWatcher:
    """Shows deliveries and dbt nodes as two bars. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}", markup=False),
            console=console,
        )
        self._load = self._progress.add_task("Load", total=None, what="", visible=False)
        self._build = self._progress.add_task("Build", total=None, what="", visible=False)

    def __enter__(self) -> ProgressWatcher:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.update(self._load, what="")
        self._progress.update(self._build, what="")
        self._progress.stop()

    def loaded(self, result: LoadResult, done: int, total: int) -> None:
        """A delivery was loaded, skipped or rejected."""
        self._progress.update(
            self._load, completed=done, total=total, what=result.file_name, visible=True
        )

    def built(self, node: str, done: int, total: int) -> None:
        """dbt finished a model or a test."""
        self._progress.stop_task(self._load)
        self._progress.update(self._build, completed=done, total=total, what=node, visible=True)

    def waiting(self, missing: Sequence[Awaited]) -> None:
        """Deliveries are awaited: one line each time that changes, also where no bar is drawn."""
        feeds = ", ".join(one.contract.name for one in missing)
        last = max(one.due for one in missing)
        self._progress.console.print(
            f"Waiting for {feeds} of {missing[0].business_date}, until {last:%Y-%m-%d %H:%M} at the"
            " latest.",
            highlight=False,
        )
