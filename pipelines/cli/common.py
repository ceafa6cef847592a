"""What every command shares: the screen, how errors are printed, options of many commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from bankcrm.errors import BankcrmError

if TYPE_CHECKING:
    from bankcrm.settings import Settings

console = Console()
errors = Console(stderr=True)

Home = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of all data; BANKCRM_HOME or ./var unless given."),
]
Feed = Annotated[str, typer.Argument(help="Feed as source.feed.")]
Night = Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date.")]
Branch = Annotated[
    str | None, typer.Option(help="Id of the unit whose subtree a branch manager sees.")
]
Manager = Annotated[
    str | None, typer.Option(help="Id of the manager whose book a customer manager sees.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")]
DecidedBy = Annotated[
    str, typer.Option("--by", envvar="USER", help="Who decides; the user of the machine if absent.")
]


def acts_on_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print an error of ours as problem and remedy, and exit with its code."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except BankcrmError as error:
            errors.print(f"[bold red]Error[/bold red] {type(error).__name__}: ", end="")
            errors.print(error.problem, markup=False, highlight=False)
            if error.remedy:
                errors.print("[bold]Next[/bold]  ", end="")
                errors.print(error.remedy, markup=False, highlight=False)
            raise typer.Exit(error.exit_code) from error

    return run


def claims_of(user: str, branch: str | None, manager: str | None) -> dict[str, str]:
    """Claims of a token that name its user, and whose rows the user sees."""
    claims = {"sub": user, "branch_id": branch, "manager_id": manager}
    return {name: value for name, value in claims.items() if value is not None}


def settings_of(home: Path | None) -> Settings:
    """Settings of the home that was named, or of the one of the environment."""
    from bankcrm.settings import Settings

    return Settings(home=home) if home is not None else Settings()
