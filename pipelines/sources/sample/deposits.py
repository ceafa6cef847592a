"""A day in the life of the deposit accounts."""

from __future__ import annotations

import numpy as np

from pipelines.sources.sample.accounts import Accounts
from pipelines.sources.sample.arrays import (
    NO_DAY,
    RATE_UNIT,
    YUAN,
    Bools,
    Ints,
    first_of_each,
    full,
    open_stream,
    pick,
    toss,
)
from pipelines.sources.sample.customers import PERSON, People
from pipelines.sources.sample.entries import (
    CREDIT,
    DEBIT,
    NOBODY,
    ChangeLog,
    Channel,
    EntryType,
)
from pipelines.sources.sample.organisation import PRODUCT_TERM, Tellers, Units
from pipelines.sources.sample.period import SATURDAY, Period
from pipelines.sources.sample.postings import SMALLEST, DepositPostings

HUNDRED_YUAN = 100 * YUAN
COUNTER_FEE = 5 * YUAN
ATM_FEE = 2 * YUAN
CORPORATE_FEE_PART = 2000
CORPORATE_FEE_RANGE = (5 * YUAN, 200 * YUAN)
ACCOUNT_FEE = 30 * YUAN
MAINTENANCE_FEE = 3 * YUAN
MAINTENANCE_BELOW = 300 * YUAN
REVERSAL_CHANCE = 0.0022
"""Of the reversible half of the entries, so that about one entry in a thousand is reversed."""
BARGAIN_CHANCE = 0.03
BARGAIN_STEP = 50_000
"""Five basis points: a few companies get a better rate on the first of a month."""
FIRST_REVERSAL_BY = 14
"""By this day something was reversed, however small the bank."""
REVERSIBLE = (EntryType.BILL_PAYMENT, EntryType.PURCHASE, EntryType.CARD_WITHDRAWAL)
SETTLEMENT_BASIS = 360
_STREAM = 30


class DepositDays(DepositPostings):
    """Moves money on the deposit accounts, one day after the other.

    No demand account ever falls below zero: a debit larger than the balance becomes a small part
    of the balance, or does not happen.
    """

    def __init__(
        self,
        *,
        seed: int,
        period: Period,
        units: Units,
        tellers: Tellers,
        people: People,
        accounts: Accounts,
    ) -> None:
        super().__init__(
            rng=open_stream(seed, _STREAM),
            book_rng=open_stream(seed, _STREAM + 1),
            units=units,
            tellers=tellers,
            people=people,
            accounts=accounts,
        )
        self._period, self._is_person = period, people.kind[accounts.person] == PERSON
        self.contracts = ChangeLog(("office", "rate", "closed"), accounts.size)
        self.balances = ChangeLog(("balance",), accounts.size)
        self._has_reversed = False
        self._balance_days = np.zeros(accounts.size, dtype=np.int64)
        is_demand = ~accounts.is_term & ~accounts.is_dormant
        self._personal_all = np.flatnonzero(is_demand & self._is_person)
        self._corporate_all = np.flatnonzero(is_demand & ~self._is_person)
        self._second_of = self._find_second_accounts(people, is_demand)
        self._openings = _group_by_day(accounts.opened, period)
        self._maturities = _group_by_day(accounts.maturity, period)

    def start_day(self, day: int) -> None:
        """Choose the accounts that are open on the day and open the new ones."""
        opened = self._accounts.opened
        self._weekday = self._period.date_of(day).weekday()
        self._personal = self._personal_all[opened[self._personal_all] <= day]
        self._corporate = self._corporate_all[opened[self._corporate_all] <= day]
        if day > 0 and self._period.is_month_start(day):
            self._bargain()
        self._mature(day)
        self._open(day)

    def run_day(self, day: int) -> None:
        """Post everything that customers and the bank do on the day, but credit."""
        self._pay_salaries(day)
        self._receive(day)
        self._deposit_cash()
        self._move_between_own()
        self._transfer()
        self._pay_bills()
        self._purchase()
        self._withdraw()
        self._trade()
        self._charge(day)
        self._reverse(day)
        self._credit_interest(day)

    def end_day(self, day: int) -> None:
        """Close the entries of the day; record the accounts and balances that changed."""
        self.book.close_day(day)
        accounts, balance = self._accounts, self.book.balance
        exists = accounts.opened <= day
        self.contracts.observe(
            day, exists, office=accounts.office, rate=accounts.rate, closed=accounts.closed
        )
        self.balances.observe(day, exists, balance=balance)
        self._balance_days += balance

    def close_counter(self, unit: int, successor: int) -> None:
        """Serve customers at the counter of the successor instead."""
        self._counter[unit] = successor

    def top_up(self, account: Ints, amount: Ints) -> None:
        """Cash paid in at the counter of the account's office, in whole hundreds."""
        rounded = -(-amount // HUNDRED_YUAN) * HUNDRED_YUAN
        self._post_customer(
            account, EntryType.CASH_DEPOSIT, Channel.COUNTER, CREDIT, amount=rounded
        )

    def pay_out(self, account: Ints, amount: Ints) -> None:
        """Transfer to other banks; the balances must suffice."""
        channel = np.where(self._is_person[account], int(Channel.INTERNET), int(Channel.CORPORATE))
        counterparty = self._draw_external(account.size)
        self.book.post(
            account,
            EntryType.TRANSFER_OUT,
            channel,
            DEBIT,
            amount=amount,
            counterparty=counterparty,
        )

    def _find_second_accounts(self, people: People, is_demand: Bools) -> Ints:
        second = full(people.size, NOBODY)
        others = np.flatnonzero(is_demand & (np.arange(is_demand.size) >= people.size))
        second[self._accounts.person[others]] = others
        return second

    def _bargain(self) -> None:
        account = pick(self._rng, self._corporate, BARGAIN_CHANCE)
        self._accounts.rate[account] += BARGAIN_STEP * self._rng.integers(0, 3, account.size)

    def _mature(self, day: int) -> None:
        account = self._maturities.get(day, full(0, 0))
        if account.size == 0:
            return
        accounts, amount = self._accounts, self.book.balance[account].copy()
        target = accounts.person[account].copy()
        renewed = self._openings.get(day, full(0, 0))
        renewed = renewed[accounts.is_renewal[renewed]]
        place = np.searchsorted(account, accounts.source[renewed])
        target[place] = renewed
        self._post_pair(account, target, amount, Channel.BATCH)
        term = PRODUCT_TERM[accounts.product[account]]
        interest = _simple_interest(amount * term, accounts.rate[account], 365)
        self._post_interest(accounts.person[account], interest)
        accounts.closed[account] = day

    def _open(self, day: int) -> None:
        account = self._openings.get(day, full(0, 0))
        account = account[~self._accounts.is_renewal[account]]
        amount, source = self._accounts.amount[account], self._accounts.source[account]
        # Two new deposits of one customer on one day must not spend the same money twice.
        funded = (source >= 0) & first_of_each(np.where(source >= 0, source, -account - 1))
        funded &= self.book.balance[np.maximum(source, 0)] > amount
        self._post_pair(source[funded], account[funded], amount[funded], Channel.MOBILE)
        account, amount = account[~funded], amount[~funded]
        is_person = self._is_person[account]
        self.top_up(account[is_person], amount[is_person])
        self.book.post(
            account[~is_person],
            EntryType.TRANSFER_IN,
            Channel.BATCH,
            CREDIT,
            amount=amount[~is_person],
            counterparty=self._draw_external(int((~is_person).sum())),
        )

    def _pay_salaries(self, day: int) -> None:
        accounts, pool = self._accounts, self._personal
        due = self._period.falls_on(day, accounts.salary_day[pool])
        chosen = pool[due & (accounts.salary[pool] > 0)]
        for kind, is_pension in ((EntryType.SALARY, False), (EntryType.PENSION, True)):
            account = chosen[accounts.is_pension[chosen] == is_pension]
            counterparty = self._draw_external(account.size)
            self.book.post(
                account,
                kind,
                Channel.BATCH,
                CREDIT,
                amount=accounts.salary[account],
                counterparty=counterparty,
            )

    def _receive(self, day: int) -> None:
        accounts = self._accounts
        no_salary = self._personal[accounts.salary[self._personal] == 0]
        account = self._pick(no_salary, 1.1)
        amount = self._draw_amounts(account, 0.85)
        counterparty = self._draw_external(account.size)
        self.book.post(
            account,
            EntryType.TRANSFER_IN,
            Channel.BATCH,
            CREDIT,
            amount=amount,
            counterparty=counterparty,
        )

    def _deposit_cash(self) -> None:
        account = self._pick(self._personal, 0.3)
        amount = np.maximum(self._draw_amounts(account, 0.3, HUNDRED_YUAN), HUNDRED_YUAN)
        channel = self._choose_counter(account, Channel.ATM)
        self._post_customer(account, EntryType.CASH_DEPOSIT, channel, CREDIT, amount=amount)

    def _move_between_own(self) -> None:
        main = self._pick(self._personal, 0.5)
        main = main[main < self._second_of.size]
        second = self._second_of[main]
        known = second >= 0
        main, second = main[known], second[known]
        outward = toss(self._rng, main.size, 0.5)
        source, target = np.where(outward, main, second), np.where(outward, second, main)
        share = self._rng.uniform(0.02, 0.25, main.size)
        amount = (self.book.balance[source] * share).astype(np.int64) // YUAN * YUAN
        big = amount >= SMALLEST
        self._post_pair(source[big], target[big], amount[big], Channel.MOBILE)

    def _transfer(self) -> None:
        source = self._pick(self._personal, 0.75)
        target = self._rng.choice(self._personal, source.size) if source.size else source
        channel = self._choose_counter(source, Channel.MOBILE)
        internet = (channel == Channel.MOBILE) & toss(self._rng, source.size, 0.15)
        channel = np.where(internet, Channel.INTERNET, channel)
        fee = np.where(channel == Channel.COUNTER, COUNTER_FEE, 0)
        outside = toss(self._rng, source.size, 0.5) | (target == source)
        counterparty = np.where(outside, self._draw_external(source.size), target)
        source, amount, fee, second, kept = self._spend(
            source,
            EntryType.TRANSFER_OUT,
            channel,
            self._draw_amounts(source, 0.42),
            fee=fee,
            counterparty=counterparty,
        )
        inside = ~outside[kept]
        self.book.post(
            target[kept][inside],
            EntryType.TRANSFER_IN,
            Channel.BATCH,
            CREDIT,
            amount=amount[inside],
            second=second[inside],
            counterparty=source[inside],
        )

    def _pay_bills(self) -> None:
        account = self._pick(self._personal, 1.0)
        channel = self._choose_counter(account, Channel.MOBILE)
        batch = toss(self._rng, account.size, 0.2)
        channel = np.where(batch, Channel.BATCH, channel)
        amount = self._draw_amounts(account, 0.08)
        is_insurance = toss(self._rng, account.size, 0.1)
        for kind, chosen in (
            (EntryType.BILL_PAYMENT, ~is_insurance),
            (EntryType.INSURANCE_PAYMENT, is_insurance),
        ):
            self._spend(account[chosen], kind, channel[chosen], amount[chosen])

    def _purchase(self) -> None:
        busy = 1.25 if self._weekday >= SATURDAY else 0.9
        account = self._pick(self._personal, 1.7 * busy)
        channel = self._rng.choice(
            np.array([Channel.MOBILE, Channel.POS, Channel.INTERNET]),
            account.size,
            p=[0.65, 0.25, 0.1],
        )
        self._spend(account, EntryType.PURCHASE, channel, self._draw_amounts(account, 0.22))

    def _withdraw(self) -> None:
        account = self._pick(self._personal, 0.55)
        channel = self._choose_counter(account, Channel.ATM)
        amount = np.maximum(self._draw_amounts(account, 0.35, HUNDRED_YUAN), HUNDRED_YUAN)
        at_counter = channel == Channel.COUNTER
        fee = np.where(~at_counter & toss(self._rng, account.size, 0.1), ATM_FEE, 0)
        for kind, chosen in (
            (EntryType.CASH_WITHDRAWAL, at_counter),
            (EntryType.CARD_WITHDRAWAL, ~at_counter),
        ):
            self._spend(
                account[chosen],
                kind,
                channel[chosen],
                amount[chosen],
                fee=fee[chosen],
                step=HUNDRED_YUAN,
            )

    def _trade(self) -> None:
        if self._weekday >= SATURDAY:
            return
        account = self._pick(self._corporate, 3.2)
        counterparty = self._draw_external(account.size)
        self.book.post(
            account,
            EntryType.TRANSFER_IN,
            Channel.BATCH,
            CREDIT,
            amount=self._draw_amounts(account, 0.3),
            counterparty=counterparty,
        )
        account = self._pick(self._corporate, 4.2)
        channel = self._choose_counter(account, Channel.CORPORATE)
        amount = self._draw_amounts(account, 0.24)
        fee = np.clip(amount // CORPORATE_FEE_PART, *CORPORATE_FEE_RANGE)
        external = self._draw_external(account.size)
        self._spend(
            account, EntryType.TRANSFER_OUT, channel, amount, fee=fee, counterparty=external
        )

    def _charge(self, day: int) -> None:
        if not self._period.is_month_start(day):
            return
        for pool, fee, below in (
            (self._personal, MAINTENANCE_FEE, MAINTENANCE_BELOW),
            (self._corporate, ACCOUNT_FEE, np.iinfo(np.int64).max),
        ):
            balance = self.book.balance[pool]
            account = pool[(balance >= fee) & (balance < below)]
            amount = full(account.size, fee)
            self.book.post(account, EntryType.FEE, Channel.BATCH, DEBIT, amount=amount)

    def _reverse(self, day: int) -> None:
        rows = self.book.yesterday
        if not rows:
            return
        reversible = np.flatnonzero(np.isin(rows["type"], REVERSIBLE))
        chosen = pick(self._rng, reversible, REVERSAL_CHANCE)
        if chosen.size == 0 and day >= FIRST_REVERSAL_BY and not self._has_reversed:
            chosen = reversible[:1]
        self._has_reversed |= chosen.size > 0
        self.book.post(
            rows["account"][chosen],
            EntryType.REVERSAL,
            Channel.BATCH,
            CREDIT,
            amount=rows["amount"][chosen],
            fee=-rows["fee"][chosen],
            reversal_of=rows["number"][chosen],
        )

    def _credit_interest(self, day: int) -> None:
        if not self._period.is_settlement(day):
            return
        account = np.concatenate([self._personal, self._corporate])
        rate = self._accounts.rate[account]
        self._post_interest(
            account, _simple_interest(self._balance_days[account], rate, SETTLEMENT_BASIS)
        )
        self._balance_days[account] = 0


def _group_by_day(days: Ints, period: Period) -> dict[int, Ints]:
    inside = np.flatnonzero((days >= 0) & (days < period.days) & (days != NO_DAY))
    order = inside[np.argsort(days[inside], kind="stable")]
    values, starts = np.unique(days[order], return_index=True)
    groups = np.split(order, starts[1:]) if values.size else []
    return dict(zip(values.tolist(), groups, strict=True))


def _simple_interest(balance_days: Ints, rate: Ints, basis: int) -> Ints:
    # The product of cents and rate would leave 64 bits, so the rate becomes a fraction first.
    return np.rint(balance_days * (rate / RATE_UNIT) / basis).astype(np.int64)
