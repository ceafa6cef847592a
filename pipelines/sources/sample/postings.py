"""Entries on deposit accounts: how much, at which counter, and only what the balance allows."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.accounts import Accounts
from pipelines.sources.sample.arrays import (
    YUAN,
    Bools,
    Floats,
    Ints,
    full,
    pick,
    to_cents,
    toss,
)
from pipelines.sources.sample.customers import YEAR, People
from pipelines.sources.sample.entries import (
    CREDIT,
    DEBIT,
    NOBODY,
    Channel,
    EntryBook,
    EntryType,
)
from pipelines.sources.sample.organisation import TELLERS_PER_OFFICE, Tellers, Units
from pipelines.sources.sample.period import SUNDAY

SMALLEST = 10 * YUAN
DAYS_PER_MONTH = 30.42


class DepositPostings:
    """Posts entries on the deposit accounts of one bank.

    A debit larger than the balance becomes a small part of the balance, or does not happen.
    """

    def __init__(
        self,
        *,
        rng: np.random.Generator,
        book_rng: np.random.Generator,
        units: Units,
        tellers: Tellers,
        people: People,
        accounts: Accounts,
    ) -> None:
        self._rng, self._units, self._tellers, self._accounts = rng, units, tellers, accounts
        self.book = EntryBook(np.where(accounts.opened < 0, accounts.amount, 0), 1, book_rng)
        self._counter = np.arange(units.level.size)
        self._activity = np.where(np.arange(accounts.size) < people.size, 1.0, 0.4)
        age = -people.birth[accounts.person] / YEAR
        self._counter_liking = np.clip((age - 25) / 100, 0.03, 0.4)
        self._weekday = 0

    def _post_interest(self, account: Ints, interest: Ints) -> None:
        due = interest > 0
        self.book.post(
            account[due], EntryType.INTEREST_CREDIT, Channel.BATCH, CREDIT, amount=interest[due]
        )

    def _post_pair(self, source: Ints, target: Ints, amount: Ints, channel: Channel) -> None:
        second = self.book.post(
            source, EntryType.INTERNAL_OUT, channel, DEBIT, amount=amount, counterparty=target
        )
        self.book.post(
            target,
            EntryType.INTERNAL_IN,
            channel,
            CREDIT,
            amount=amount,
            second=second,
            counterparty=source,
        )

    def _spend(
        self,
        account: Ints,
        kind: EntryType,
        channel: Ints,
        amount: Ints,
        *,
        fee: Ints | None = None,
        counterparty: Ints | None = None,
        step: int = 1,
    ) -> tuple[Ints, Ints, Ints, Ints, Bools]:
        """Debit what the balances allow; returns accounts, amounts, fees, seconds and the mask."""
        fee = full(account.size, 0) if fee is None else fee
        free = self.book.balance[account] - fee
        amount = np.where(amount <= free, amount, free // 5 // step * step)
        kept = amount >= SMALLEST
        account, amount, fee = account[kept], amount[kept], fee[kept]
        other = full(kept.size, NOBODY) if counterparty is None else counterparty
        second = self._post_customer(
            account, kind, channel[kept], DEBIT, amount=amount, fee=fee, counterparty=other[kept]
        )
        return account, amount, fee, second, kept

    def _post_customer(
        self,
        account: Ints,
        kind: EntryType,
        channel: Ints | int,
        is_debit: int,
        *,
        amount: Ints,
        **optional: Ints,
    ) -> Ints:
        """Post with office and teller where the channel is the counter, cash machine: office."""
        channel = full(account.size, channel) if isinstance(channel, int) else channel
        away = toss(self._rng, account.size, 0.1)
        elsewhere = self._counter[self._rng.choice(self._units.offices, account.size)]
        office = np.where(away, elsewhere, self._accounts.office[account])
        window = self._rng.integers(0, TELLERS_PER_OFFICE, account.size)
        at_counter = channel == Channel.COUNTER
        return self.book.post(
            account,
            kind,
            channel,
            is_debit,
            amount=amount,
            office=np.where(at_counter, office, NOBODY),
            teller=np.where(at_counter, self._tellers.first[office] + window, NOBODY),
            **optional,
        )

    def _pick(self, pool: Ints, per_month: float) -> Ints:
        return pick(self._rng, pool, self._activity[pool] * (per_month / DAYS_PER_MONTH))

    def _draw_amounts(self, account: Ints, share_of_flow: float, step: int = 1) -> Ints:
        spread: Floats = np.exp(self._rng.normal(-0.18, 0.6, account.size))
        return np.maximum(
            to_cents(self._accounts.flow[account] * share_of_flow * spread, step), SMALLEST
        )

    def _choose_counter(self, account: Ints, otherwise: Channel) -> Ints:
        open_hours = 0.0 if self._weekday == SUNDAY else 1.0
        liking = self._counter_liking[account] * open_hours
        at_counter = toss(self._rng, account.size, liking)
        return np.where(at_counter, int(Channel.COUNTER), int(otherwise))

    def _draw_external(self, size: int) -> Ints:
        # Accounts of other banks are written as negative numbers until the extract names them.
        return -self._rng.integers(10**13, 10**14, size)
