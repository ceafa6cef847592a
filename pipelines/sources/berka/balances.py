"""The order in which a day's entries were posted, found from the running balances.

The files give every entry the balance after it, but not its place within the day; neither the
transaction number nor the order of lines tells it. Amounts and balances are both rounded to 0.10,
so a balance may differ by one such step from the balance before it plus the entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import duckdb
import pyarrow as pa

ROUNDING_HALER = 10
"""Largest difference of one step that rounding explains, in haler (0.01 koruna)."""


class Entry(NamedTuple):
    """One entry: its line in the file, signed amount, and balance after it, in haler."""

    line: int
    amount: int
    balance: int


class PostingOrder(NamedTuple):
    """Entries of an account-day in posting order, and the sum of rounding gaps in haler.

    ``gap`` is None when no order chains; the last entry is then the one whose balance is nearest
    to the day's opening balance plus all its entries, the others keep the order of the file.
    """

    entries: tuple[Entry, ...]
    gap: int | None


def order_day(opening: int, entries: Sequence[Entry]) -> PostingOrder:
    """Find the order in which the balances of a day chain, with the least rounding.

    Args:
        opening: balance before the first entry, in haler.
        entries: at least one entry of one account and day, in the order of the file.
    """
    chains = _chains(opening, tuple(entries))
    best = min(chains, key=lambda chain: chain[0], default=None)
    if best is not None:
        return PostingOrder(best[1], best[0])
    closing = opening + sum(entry.amount for entry in entries)
    last = min(entries, key=lambda entry: (abs(entry.balance - closing), -entry.line))
    return PostingOrder((*(entry for entry in entries if entry is not last), last), None)


def _chains(before: int, left: tuple[Entry, ...]) -> Iterator[tuple[int, tuple[Entry, ...]]]:
    """Every order of the entries that chains, each with its sum of rounding gaps."""
    if not left:
        yield 0, ()
    tried = set()
    for index, entry in enumerate(left):
        gap = abs(before + entry.amount - entry.balance)
        if gap > ROUNDING_HALER or entry[1:] in tried:
            continue
        tried.add(entry[1:])
        for rest_gap, rest in _chains(entry.balance, left[:index] + left[index + 1 :]):
            yield gap + rest_gap, (entry, *rest)


def order_entries(connection: duckdb.DuckDBPyConnection) -> None:
    """Create ``bank.posting`` from ``bank.entry``.

    One row per entry: ``line``, ``position`` within its account-day from 1, ``is_last``, and
    ``day_gap``, the sum of rounding gaps of the day in haler, null when no order chains.
    """
    rows = connection.execute(SIGNED_ENTRIES).fetchall()
    lines: list[int] = []
    positions: list[int] = []
    last: list[bool] = []
    gaps: list[int | None] = []
    opening: dict[str, int] = {}
    for (account, _), group in groupby(rows, key=lambda row: (row[0], row[1])):
        order = order_day(opening.get(account, 0), [Entry(*row[2:]) for row in group])
        opening[account] = order.entries[-1].balance
        lines += [entry.line for entry in order.entries]
        positions += range(1, len(order.entries) + 1)
        last += [False] * (len(order.entries) - 1) + [True]
        gaps += [order.gap] * len(order.entries)
    postings = pa.table(
        {
            "line": pa.array(lines, pa.int64()),
            "position": pa.array(positions, pa.int32()),
            "is_last": pa.array(last, pa.bool_()),
            "day_gap": pa.array(gaps, pa.int64()),
        }
    )
    connection.register("postings", postings)
    connection.execute("create table bank.posting as from postings")
    connection.unregister("postings")


SIGNED_ENTRIES = """
select
    account_id,
    posting_date,
    line,
    cast(if(debit_credit = 'C', amount, -amount) * 100 as bigint),
    cast(balance * 100 as bigint)
from bank.entry
order by account_id, posting_date, line
"""
