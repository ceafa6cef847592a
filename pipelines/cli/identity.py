"""Commands of identity: pairs that wait for a person, and decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.cli.common import (
    DecidedBy,
    Home,
    Reason,
    acts_on_errors,
    console,
    settings_of,
)

app = typer.Typer(
    help="Review and decide which source customers are one.",
    no_args_is_help=True,
)

PairId = Annotated[str, typer.Argument(help="Pair as `identity review` names it.")]
CustomerName = Annotated[str, typer.Argument(help="Customer as system:id, for instance card:K7.")]


@app.command("review")
@acts_on_errors
def identity_review(
    home: Home = None,
    limit: Annotated[int, typer.Option(min=1, help="Most pairs shown.")] = 20,
) -> None:
    """List pairs of customers that may be one, the likeliest first."""
    from pipelines.cli.screens.identity import print_waiting

    print_waiting(console, settings_of(home), limit)


@app.command("accept")
@acts_on_errors
def identity_accept(pair: PairId, reason: Reason, by: DecidedBy, home: Home = None) -> None:
    """Decide that a pair is one customer, from the next refresh on."""
    _decide("accept", (pair,), by, reason, home)


@app.command("reject")
@acts_on_errors
def identity_reject(pair: PairId, reason: Reason, by: DecidedBy, home: Home = None) -> None:
    """Decide that a pair is not one customer."""
    _decide("reject", (pair,), by, reason, home)


@app.command("undo")
@acts_on_errors
def identity_undo(pair: PairId, reason: Reason, by: DecidedBy, home: Home = None) -> None:
    """Let the rules decide a pair again.

    Earlier decisions stay on record.
    """
    _decide("undo", (pair,), by, reason, home)


@app.command("merge")
@acts_on_errors
def identity_merge(
    one: CustomerName, other: CustomerName, reason: Reason, by: DecidedBy, home: Home = None
) -> None:
    """Merge two customers of different systems that no rule paired."""
    _decide("accept", (one, other), by, reason, home)


@app.command("split")
@acts_on_errors
def identity_split(
    one: CustomerName, other: CustomerName, reason: Reason, by: DecidedBy, home: Home = None
) -> None:
    """Split two customers that a rule made one.

    The decision holds whatever their documents are.
    """
    _decide("reject", (one, other), by, reason, home)


@app.command("quality")
@acts_on_errors
def identity_quality(
    home: Home = None,
    truth: Annotated[
        Path | None,
        typer.Option(help="CSV of person_id, source_system, customer_id; the sample's if absent."),
    ] = None,
) -> None:
    """Print precision and recall against a table of who is who."""
    from pipelines.cli.screens.identity import print_quality

    print_quality(console, settings_of(home), truth)


def _decide(
    verdict: Literal["accept", "reject", "undo"],
    names: tuple[str, ...],
    by: str,
    reason: str,
    home: Path | None,
) -> None:
    from pipelines.cli.screens.identity import record_decision

    record_decision(console, settings_of(home), verdict, names, decided_by=by, reason=reason)
