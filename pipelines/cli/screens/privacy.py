"""What ``bankcrm privacy`` shows and does. Every use is entered in the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import duckdb
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
from pipelines.privacy.erasure import erase_customers, find_customer, make_holder
from pipelines.privacy.register import read_erasures
from pipelines.privacy.vault_entries import read_values

ERASED = "(erased)"


def print_personal(
    console: Console, settings: Settings, name: str, *, reason: str, by: str
) -> None:
    """Print what the vault holds of a customer, as each system delivered it last."""
    _require_reason(reason)
    _require_loads(settings)
    with hold_lock(settings.home), open_raw(settings) as connection:
        customers = find_customer(connection, settings, name)
        holders = [make_holder(connection, customer) for customer in customers]
        _record(settings, "personal_values_shown", holders, reason, by)
        rows = [row for customer in customers for row in _read_personal(connection, customer)]
    print_rows(console, ("customer", "column", "value"), rows, "Personal data")


def erase(console: Console, settings: Settings, name: str, *, reason: str, by: str) -> None:
    """Erase a customer in every system that knows it, and print what that means."""
    _require_reason(reason)
    _require_loads(settings)
    with hold_lock(settings.home), open_raw(settings) as connection:
        customers = find_customer(connection, settings, name)
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
