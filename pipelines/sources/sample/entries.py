"""Posted entries of a subledger and the balances they move."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from pipelines.sources.sample.arrays import Ints, Table, stack

DEBIT, CREDIT = 1, 0
NOBODY = -1
HOUR = 3600


class EntryType(IntEnum):
    """Kinds of entries; the names are the codes of seed transaction_type."""

    CASH_DEPOSIT = 0
    CASH_WITHDRAWAL = 1
    CARD_WITHDRAWAL = 2
    TRANSFER_IN = 3
    TRANSFER_OUT = 4
    INTERNAL_IN = 5
    INTERNAL_OUT = 6
    SALARY = 7
    PENSION = 8
    BILL_PAYMENT = 9
    INSURANCE_PAYMENT = 10
    PURCHASE = 11
    LOAN_DISBURSEMENT = 12
    LOAN_PAYMENT = 13
    CARD_PAYMENT = 14
    INTEREST_CREDIT = 15
    FEE = 16
    REVERSAL = 17


class Channel(IntEnum):
    """Channels; the names are the codes of seed channel."""

    COUNTER = 0
    ATM = 1
    PHONE = 2
    INTERNET = 3
    MOBILE = 4
    CORPORATE = 5
    POS = 6
    BATCH = 7


CHANNEL_HOURS = np.array(
    (
        (9, 10.5, 17), (6, 18, 23), (8, 11, 20), (7, 21, 24), (6, 20, 24), (8.5, 10, 18),
        (9, 19, 22), (1, 2, 5),
    )
)  # fmt: skip
"""Earliest, busiest and latest hour of each channel."""

COLUMNS = (
    "account", "day", "second", "type", "channel", "is_debit", "amount", "fee", "reversal_of",
    "counterparty", "office", "teller", "merchant",
)  # fmt: skip


class EntryBook:
    """Entries of one subledger, collected day by day, numbered in the order of posting.

    Args:
        balance: balances in cents at the start; the book keeps and moves this array.
        credit_sign: 1 where a credit raises the balance (deposits), -1 where a debit does (cards).
        rng: generator of the times of day.
    """

    def __init__(self, balance: Ints, credit_sign: int, rng: np.random.Generator) -> None:
        self.balance = balance
        self.fee_income = np.zeros(balance.size, dtype=np.int64)
        self.yesterday: Table = {}
        self._sign = credit_sign
        self._rng = rng
        self._day: list[Table] = []
        self._days: list[Table] = []
        self._count = 0

    def post(
        self,
        account: Ints,
        kind: EntryType,
        channel: Ints | int,
        is_debit: int,
        *,
        amount: Ints,
        second: Ints | None = None,
        **optional: Ints | int,
    ) -> Ints:
        """Post entries, at most one per account and call where balances must be checked.

        Args:
            account: accounts by index.
            kind: type of all entries.
            channel: channel of all or of each entry.
            is_debit: DEBIT or CREDIT.
            amount: cents, positive.
            second: seconds of the day; drawn by channel unless given.
            optional: fee, reversal_of, counterparty, office, teller, merchant.

        Returns:
            The seconds of the day of the entries.
        """
        size = account.size
        if second is None:
            second = self._draw_seconds(channel, size)
        values: dict[str, Ints | int] = {
            **dict.fromkeys(COLUMNS, NOBODY),
            "fee": 0,
            **optional,
            "account": account,
            "second": second,
            "type": int(kind),
            "channel": channel,
            "is_debit": is_debit,
            "amount": amount,
        }
        rows = {name: _spread(value, size) for name, value in values.items()}
        self._day.append(rows)
        self._move(rows, kind)
        return second

    def close_day(self, day: int) -> None:
        """Number the entries of the day in the order of their time."""
        if not self._day:
            self.yesterday = {}
            return
        rows = stack(self._day)
        order = np.argsort(rows["second"], kind="stable")
        rows = {name: column[order] for name, column in rows.items()}
        rows["day"] = np.full(order.size, day, dtype=np.int64)
        rows["number"] = self._count + np.arange(order.size, dtype=np.int64)
        self._count += order.size
        self._days.append(rows)
        self.yesterday = rows
        self._day = []

    def take_fee_income(self) -> Ints:
        """Fee income by account since the last call, in cents."""
        income, self.fee_income = self.fee_income, np.zeros_like(self.fee_income)
        return income

    def table(self) -> Table:
        """All entries of the closed days."""
        if not self._days:
            return {name: np.zeros(0, dtype=np.int64) for name in (*COLUMNS, "number")}
        return stack(self._days)

    def _move(self, rows: Table, kind: EntryType) -> None:
        signed = np.where(rows["is_debit"] == DEBIT, -rows["amount"], rows["amount"])
        np.add.at(self.balance, rows["account"], self._sign * signed - self._sign * rows["fee"])
        earned = rows["fee"] - signed if kind is EntryType.FEE else rows["fee"]
        if earned.any():
            np.add.at(self.fee_income, rows["account"], earned)

    def _draw_seconds(self, channel: Ints | int, size: int) -> Ints:
        left, mode, right = CHANNEL_HOURS[_spread(channel, size)].T
        drawn = self._rng.triangular(left, mode, right) if size else np.zeros(0)
        return np.minimum((drawn * HOUR).astype(np.int64), 24 * HOUR - 1)


class ChangeLog:
    """Rows of changed values by day: remembers the last value of every member.

    Args:
        columns: names of the observed values.
        size: number of members.
    """

    def __init__(self, columns: tuple[str, ...], size: int) -> None:
        self._last = {name: np.full(size, np.iinfo(np.int64).min) for name in columns}
        self._rows: list[Table] = []

    def observe(self, day: int, exists: np.typing.NDArray[np.bool_], **values: Ints) -> None:
        """Record the members that exist and differ from what was seen before."""
        differs: Any = np.zeros(exists.size, dtype=np.bool_)
        for name, value in values.items():
            differs |= value != self._last[name]
        member = np.flatnonzero(exists & differs)
        for name, value in values.items():
            self._last[name][member] = value[member]
        rows = {name: value[member] for name, value in values.items()}
        self._rows.append({"day": np.full(member.size, day), "member": member, **rows})

    def table(self) -> Table:
        """All recorded rows: day, member and the values."""
        return stack(self._rows)


def _spread(value: Ints | int, size: int) -> Ints:
    if isinstance(value, np.ndarray):
        return value.astype(np.int64, copy=False)
    return np.full(size, value, dtype=np.int64)
