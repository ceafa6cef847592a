"""Commands about personal data: show it, erase it, see who was erased."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.common import (
    DecidedBy,
    Home,
    Reason,
    acts_on_errors,
    console,
    settings_of,
)

app = typer.Typer(help="Show or erase personal data, and list the erasures.", no_args_is_help=True)

AnyCustomer = Annotated[
    str, typer.Argument(help="Customer as system:id, or its customer_durable_key.")
]

Records = Annotated[
    int | None,
    typer.Option(
        help="Source records you expect; with it nothing is asked, and another number is refused."
    ),
]


@app.command("show")
@acts_on_errors
def privacy_show(
    customer: AnyCustomer,
    reason: Reason,
    by: DecidedBy,
    records: Records = None,
    home: Home = None,
) -> None:
    """Print what the vault holds of a customer.

    The access is entered in the audit log. Where the records agree neither in name nor in birth,
    you are asked, or confirm their number with --records.
    """
    from pipelines.cli.screens.privacy import print_personal

    print_personal(console, settings_of(home), customer, records=records, reason=reason, by=by)


@app.command("erase")
@acts_on_errors
def privacy_erase(
    customer: AnyCustomer,
    reason: Reason,
    by: DecidedBy,
    records: Records = None,
    home: Home = None,
) -> None:
    """Erase the personal values of a customer for good.

    They are erased in every system that knows the customer. Where the records agree neither in
    name nor in birth, you are asked, or confirm their number with --records.
    """
    from pipelines.cli.screens.privacy import erase

    erase(console, settings_of(home), customer, records=records, reason=reason, by=by)


@app.command("erased")
@acts_on_errors
def privacy_erased(home: Home = None) -> None:
    """List the erasures."""
    from pipelines.cli.screens.privacy import print_erasures

    print_erasures(console, settings_of(home))
