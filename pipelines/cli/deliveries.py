"""Commands about deliveries: made by a sample bank, or checked before they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bankcrm.errors import BankcrmError
from pipelines.cli.common import (
    Home,
    acts_on_errors,
    console,
    errors,
    settings_of,
)

if TYPE_CHECKING:
    from bankcrm.settings import Settings


@acts_on_errors
def sample(
    home: Home = None,
    customers: Annotated[int, typer.Option(min=50, help="Customers of the bank.")] = 2000,
    days: Annotated[int, typer.Option(min=1, help="Business dates to deliver.")] = 60,
    seed: Annotated[int, typer.Option(help="The same seed makes the same bank.")] = 7,
    start: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="First business date.")
    ] = datetime(2024, 1, 1),
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Do nothing when something was delivered already.")
    ] = False,
) -> None:
    """Deliver the extracts of a generated bank."""
    from pipelines.sources.sample import make_sample_bank

    settings = settings_of(home)
    if _has_deliveries(settings):
        if if_empty:
            return
        raise BankcrmError(
            f"{settings.landing_folder} already holds deliveries",
            "Use another --home, or remove the folder.",
        )
    with _progress("Making the sample bank", days) as advance:
        summary = make_sample_bank(
            settings.landing_folder,
            customers=customers,
            days=days,
            seed=seed,
            start=start.date(),
            truth_folder=settings.home / "truth",
            on_progress=advance,
        )
    _print_extracts(summary.rows, settings)


@acts_on_errors
def berka(
    folder: Annotated[Path, typer.Argument(help="Folder with the PKDD'99 files (*.asc).")],
    home: Home = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last business date to deliver.")
    ] = None,
) -> None:
    """Deliver the extracts of the PKDD'99 bank, night by night."""
    from pipelines.sources.berka import make_berka_extracts

    settings = settings_of(home)
    if _has_deliveries(settings):
        raise BankcrmError(
            f"{settings.landing_folder} already holds deliveries",
            "Use another --home, or remove the folder.",
        )
    with _progress("Making the extracts", None) as advance:
        summary = make_berka_extracts(
            folder,
            settings.landing_folder,
            until=until.date() if until else None,
            on_progress=advance,
        )
    _print_extracts(summary.rows, settings)


@acts_on_errors
def check(
    file: Annotated[Path, typer.Argument(help="A data file, before it is delivered.")],
    feed: Annotated[
        str | None, typer.Option(help="Feed as source.feed; that of the control file if absent.")
    ] = None,
    docs: Annotated[
        Path | None, typer.Option(help="Also write a page about the file into this folder.")
    ] = None,
) -> None:
    """Check a file before it is delivered, and list its errors."""
    from pipelines.cli.screens.check import check_and_print

    if not check_and_print(console, file, feed, docs):
        raise typer.Exit(3)


@acts_on_errors
def contracts() -> None:
    """Render staging yml and delivery guide from the contracts."""
    from pipelines.contracts.dbt_sources import write_staging
    from pipelines.documents.delivery_guide import write_delivery_guide

    for path in [*write_staging(), write_delivery_guide()]:
        console.print(f"written {path}", highlight=False)


def _has_deliveries(settings: Settings) -> bool:
    return any(settings.landing_folder.glob("*/*/*"))


def _print_extracts(rows: Mapping[str, int], settings: Settings) -> None:
    from pipelines.cli.screens.tables import print_rows

    print_rows(console, ("feed", "rows"), sorted(rows.items()), "Delivered")
    console.print(f"Delivered into {settings.landing_folder}.", highlight=False)


@contextmanager
def _progress(title: str, total: int | None) -> Iterator[Callable[[date], None]]:
    """A progress bar that is advanced once for each business date."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=errors) as progress:
        task = progress.add_task(title, total=total)
        yield lambda day: progress.advance(task)
