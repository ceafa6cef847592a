"""What the adapter read, delivered, left out, and found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True)
class LeftOut:
    """Rows of one file that no feed received, and why."""

    file: str
    rows: int
    reason: str


@dataclass(frozen=True)
class BalanceCheck:
    """How the running balances of account-days chain.

    ``exact + rounded + unexplained = account_days``. ``rounded`` days chain but for the rounding
    of amounts and balances to 0.10; in ``unexplained`` ones no order of the entries chains.
    ``highest_id_not_last`` counts days of several entries that do not end with the highest
    transaction number.
    """

    account_days: int
    exact: int
    rounded: int
    unexplained: int
    several_entries: int
    highest_id_not_last: int


@dataclass(frozen=True)
class BerkaSummary:
    """Result of one conversion.

    ``rows`` and ``files`` count deliveries by feed (``source.feed``), ``rows_read`` the lines of
    each file. ``findings`` maps a sentence about the data to its count.
    """

    first_date: date
    last_date: date
    rows_read: Mapping[str, int]
    rows: Mapping[str, int]
    files: Mapping[str, int]
    left_out: tuple[LeftOut, ...]
    balances: BalanceCheck
    findings: Mapping[str, int]


def check_balances(connection: duckdb.DuckDBPyConnection) -> BalanceCheck:
    """Count account-days of ``bank.posting`` by how their balances chain."""
    counts = connection.execute(BALANCE_COUNTS).fetchone()
    assert counts is not None
    return BalanceCheck(*counts)


def find_left_out(connection: duckdb.DuckDBPyConnection) -> tuple[LeftOut, ...]:
    """Count the rows of each file that lie outside the slice, by reason."""
    found = ((file, _count(connection, source), reason) for file, source, reason in OUTSIDE)
    return tuple(LeftOut(file, rows, reason) for file, rows, reason in found if rows)


def find_oddities(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count what a reader of the extracts should know about the files."""
    return {sentence: _count(connection, source) for sentence, source in ODDITIES.items()}


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    row = connection.execute(f"select count(*) from {source}").fetchone()
    assert row is not None
    return int(row[0])


BALANCE_COUNTS = """
with account_days as (
    select
        count(*) as entries,
        any_value(day_gap) as gap,
        arg_max(cast(transaction_id as bigint), position) as last_id,
        max(cast(transaction_id as bigint)) as highest_id
    from bank.entry
    join bank.posting using (line)
    group by account_id, posting_date
)
select
    count(*),
    count(*) filter (gap = 0),
    count(*) filter (gap > 0),
    count(*) filter (gap is null),
    count(*) filter (entries > 1),
    count(*) filter (highest_id <> last_id)
from account_days
"""

LATER_ACCOUNT = "account opened after the last business date"

OUTSIDE = (
    ("account", "file.account anti join bank.account using (account_id)", LATER_ACCOUNT),
    (
        "client",
        "file.client anti join bank.client using (client_id)",
        "party only to accounts opened after the last business date, or to none",
    ),
    ("disp", "file.disp anti join bank.account using (account_id)", LATER_ACCOUNT),
    ("card", "file.card anti join bank.party using (disp_id)", LATER_ACCOUNT),
    (
        "card",
        "file.card semi join bank.party using (disp_id) anti join bank.card using (card_id)",
        "issued after the last business date",
    ),
    ("loan", "file.loan anti join bank.account using (account_id)", LATER_ACCOUNT),
    (
        "loan",
        "file.loan semi join bank.account using (account_id) anti join bank.loan using (loan_id)",
        "granted after the last business date",
    ),
    ("order", 'file."order"', "standing orders carry no date, and no feed takes them"),
    (
        "trans",
        "file.trans anti join bank.entry using (line)",
        "posted after the last business date",
    ),
)
"""File, rows outside the slice, reason."""

ODDITIES = {
    "entries of type VYBER, read as withdrawals": (
        "file.trans semi join bank.entry using (line) where type = 'VYBER'"
    ),
    "cash withdrawals with a household payment symbol, kept as cash withdrawals": (
        "file.trans semi join bank.entry using (line) "
        "where operation = 'VYBER' and trim(k_symbol) = 'SIPO'"
    ),
    "entries with an account number but no bank, delivered without a counterparty": (
        "file.trans semi join bank.entry using (line) where trim(bank) = '' and trim(account) <> ''"
    ),
    "entries whose amount or balance is not a multiple of 0.10": (
        "bank.entry where amount % 0.10 <> 0 or balance % 0.10 <> 0"
    ),
    "loan payments": "bank.payment",
    "loan payments on an inferred due date": (
        "bank.payment semi join bank.instalment "
        "on payment.loan_id = instalment.loan_id and payment.posting_date = instalment.due_date"
    ),
    "loan payments that differ from the instalment by more than half a koruna": (
        "bank.payment join bank.loan using (loan_id) "
        "where abs(payment.amount - loan.payments) > 0.50"
    ),
    "loan payment entries on accounts without a loan": (
        "bank.entry anti join bank.payment using (transaction_id) "
        "where transaction_type_code = 'LOAN_PAYMENT'"
    ),
    "loans with an instalment overdue on the last business date": (
        "bank.position where position_date = getvariable('last_date') and days_past_due > 0"
    ),
    "clients kept by another district than their account": (
        "bank.party join bank.client using (client_id) join bank.account using (account_id) "
        "where client.branch_id <> account.branch_id"
    ),
}
"""Sentence and the rows it counts."""
