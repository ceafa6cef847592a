"""What ``bankcrm privacy`` shows and does. Every use is entered in the audit log."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Literal

import duckdb
import typer
from rich.console import Console

from bankcrm.audit import acting_user, record
from bankcrm.errors import BankcrmError, NothingPublished
from bankcrm.settings import Settings
from bankcrm.sql import quote_names
from pipelines.cli.screens.tables import print_rows
from pipelines.contracts.contract import Customer, load_contracts
from pipelines.contracts.stored_columns import personal_columns, token_name
from pipelines.loading.raw import open_raw
from pipelines.operations.lock import hold_lock
from pipelines.privacy.erasure import contradict, erase_customers, find_customer, make_holder
from pipelines.privacy.register import read_erasures
from pipelines.privacy.vault_entries import read_values

ERASED = "(erased)"


def print_personal(
    console: Console, settings: Settings, name: str, *, records: int | None, reason: str, by: str
) -> None:
    """Print what the vault holds of a customer, as each system delivered it last."""
    _require_reason(reason)
    _require_loads(settings)
    with hold_lock(settings.home), open_raw(settings) as connection:
        customers = _choose(console, connection, settings, name, records)
        holders = [make_holder(connection, customer) for customer in customers]
        _record(settings, "personal_values_shown", holders, reason, by)
        rows = [row for customer in customers for row in _read_personal(connection, customer)]
    print_rows(console, ("customer", "column", "value"), rows, "Personal data")


def erase(
    console: Console, settings: Settings, name: str, *, records: int | None, reason: str, by: str
) -> None:
    """Erase a customer in every system that knows it, and print what that means."""
    _require_reason(reason)
    _require_loads(settings)
    with hold_lock(settings.home), open_raw(settings) as connection:
        customers = _choose(console, connection, settings, name, records)
        holders, dropped = erase_customers(
            connection, settings, customers, reason=reason, erased_by=by
        )
        _record(settings, "customer_erased", holders, reason, by)
    console.print(
        f"Erased {', '.join(':'.join(customer) for customer in customers)}: {dropped} values are "
        "gone from the vault, and what is delivered of them later does not enter it. Files that "
        "wait or are kept in the landing folder, and older copies of the vault, are yours to "
        "remove.",
        markup=False,
        highlight=False,
    )


def print_erasures(console: Console, settings: Settings) -> None:
    """Print the register of erasures."""
    erasures = read_erasures(settings)
    if not erasures:
        console.print("There are no erasures.")
        return
    rows = [(e.erased_at, e.holder, e.reason, e.erased_by) for e in erasures]
    print_rows(console, ("erased_at", "holder", "reason", "erased_by"), rows, "Erasures")


def _choose(
    console: Console,
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    name: str,
    records: int | None,
) -> list[Customer]:
    """The source records of a customer, said aloud; confirmed where they may be two people's.

    Raises:
        BankcrmError: they are not as many as expected, or contradict each other unconfirmed.
    """
    customers = find_customer(connection, settings, name)
    said = ", ".join(":".join(customer) for customer in customers)
    console.print(f"Source records: {len(customers)} ({said})", markup=False, highlight=False)
    if records is not None and records != len(customers):
        raise BankcrmError(
            f"{name} has {len(customers)} source records, not {records}: {said}",
            "Check whom they belong to, and give their number with --records.",
        )
    if records is None and contradict(connection, customers) and not _is_confirmed():
        raise BankcrmError(
            f"The {len(customers)} source records of {name} agree neither in name nor in date of "
            f"birth: {said}",
            "Where they are two people's, `bankcrm identity split` parts them at the next refresh; "
            f"where they are one's, say so with --records {len(customers)}.",
        )
    return customers


def _is_confirmed() -> bool:
    """The answer of who sits before a screen; a script has --records."""
    question = "They agree neither in name nor in date of birth. Are they one person's?"
    return sys.stdin.isatty() and typer.confirm(question)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise BankcrmError("A reason is missing", "Say why with --reason; it is kept.")


def _require_loads(settings: Settings) -> None:
    if not settings.raw_file.exists():
        raise NothingPublished(
            f"Nothing was loaded into {settings.home} yet", "Run `bankcrm refresh` first."
        )


def _read_personal(
    connection: duckdb.DuckDBPyConnection, customer: Customer
) -> Iterator[tuple[str, str, str]]:
    """Customer, column and value of the last row that its system delivered of it."""
    system, number = customer
    for contract in load_contracts().values():
        if contract.source != system or not (contract.is_personal and contract.identity):
            continue
        columns = personal_columns(contract)
        tokens = connection.execute(
            f"select {quote_names(map(token_name, columns))} from {contract.raw_table}"
            f" where {quote_names(contract.key)} = $1 order by business_date desc, load_id desc"
            " limit 1",
            [number],
        ).fetchone()
        values = read_values(connection, tokens or ())
        for column, token in zip(columns, tokens or (), strict=False):
            shown = "" if token is None else values.get(token, ERASED)
            yield f"{system}:{number}", column.name, shown


def _record(
    settings: Settings,
    action: Literal["personal_values_shown", "customer_erased"],
    holders: Sequence[str],
    reason: str,
    by: str,
) -> None:
    """The one place where a look at personal values, or their erasure, is written down."""
    record(settings, action, acting_user(), ", ".join(holders), {"reason": reason, "by": by})
