"""Credit and debit cards, and what happens to credit cards day by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.sources.sample.accounts import Accounts
from pipelines.sources.sample.arrays import (
    YUAN,
    Bools,
    Ints,
    Table,
    between,
    full,
    open_stream,
    pick,
    to_cents,
    toss,
)
from pipelines.sources.sample.customers import People
from pipelines.sources.sample.deposits import DepositDays
from pipelines.sources.sample.entries import (
    CREDIT,
    DEBIT,
    NOBODY,
    ChangeLog,
    Channel,
    EntryBook,
    EntryType,
)
from pipelines.sources.sample.organisation import PRODUCT_INDEX, PRODUCT_RATE
from pipelines.sources.sample.period import Period

CARD_TYPES = ("CREDIT", "DEBIT")
CARD_STATUSES = ("ACTIVE", "BLOCKED")
MERCHANTS = ("5411", "5812", "5541", "5311", "4111", "7011", "5732", "8062", "5651", "4814")
GOLD_WEALTH = 100_000
OLD_CARD = -500
FIRST_CARDS = 8
"""So many of the first credit cards are old, so that all risk classes exist in a small bank."""
NEVER = 1_000_000
NOT_OVERDUE = 1_000_000
BLOCKED_AFTER = 90
NEW_SHARE_PER_DAY = 0.0007
MINIMUM_PART = 10
LATE_FEE = 20 * YUAN
LOWEST_OVERDUE_BALANCE = 500 * YUAN
PAST_DUE = ((5, 85), (95, 118), (125, 175), (185, 400))
"""Days past due on the first night of the four classes below normal."""
PAST_DUE_SHARE = (0.02, 0.004, 0.004, 0.004)
REVERSAL_CHANCE = 0.001
DAYS_PER_MONTH = 30.42
_STREAM = 50


@dataclass
class Cards:
    """Cards by index, credit cards first. The first ``credit_count`` carry a balance.

    ``since`` is the due day of the oldest unpaid minimum payment. From day ``stops`` on the holder
    does not pay, until day ``resumes``.
    """

    person: Ints
    product: Ints
    office: Ints
    settlement: Ints
    limit: Ints
    issued: Ints
    credit_count: int
    balance: Ints
    overdue: Ints
    since: Ints
    due_day: Ints
    is_revolver: Bools
    stops: Ints
    resumes: Ints

    @property
    def size(self) -> int:
        """Number of cards."""
        return self.person.size

    @property
    def rate(self) -> Ints:
        """Rate of each card per year in units of 1e-8; 0 for debit cards."""
        return PRODUCT_RATE[self.product]


def make_cards(seed: int, period: Period, people: People, accounts: Accounts) -> Cards:
    """Credit and debit cards of every customer of the card system."""
    rng = open_stream(seed, _STREAM)
    holder = people.members(people.card_number >= 0)
    luck = rng.random(holder.size)
    luck[:FIRST_CARDS] = 0
    credit, debit = holder[between(luck, 0, 0.72)], holder[between(luck, 0.38, 1)]
    person = np.concatenate([credit, debit])
    is_gold = people.wealth[credit] > GOLD_WEALTH
    product = np.where(is_gold, PRODUCT_INDEX["CRD02"], PRODUCT_INDEX["CRD01"])
    product = np.concatenate([product, full(debit.size, PRODUCT_INDEX["DBT01"])])
    settles = toss(rng, person.size, 0.8) | (np.arange(person.size) >= credit.size)
    part_of_wealth = people.wealth[credit] * rng.uniform(0.3, 0.8, credit.size)
    limit = to_cents(np.clip(part_of_wealth, 5_000, 150_000), 1000 * YUAN)
    issued = _draw_issued(rng, period, people.joined[person])
    balance, overdue, since = _draw_state(rng, limit, issued[: credit.size])
    stops, resumes = _draw_defaults(rng, period, overdue > 0)
    return Cards(
        person=person,
        product=product,
        office=people.office[person],
        settlement=np.where(settles, person, NOBODY),
        limit=limit,
        issued=issued,
        credit_count=credit.size,
        balance=balance,
        overdue=overdue,
        since=since,
        due_day=rng.integers(1, 29, credit.size),
        is_revolver=toss(rng, credit.size, 0.35),
        stops=stops,
        resumes=resumes,
    )


class CardDays:
    """Spends on credit cards and collects them, one day after the other."""

    def __init__(self, seed: int, period: Period, cards: Cards, deposits: DepositDays) -> None:
        self._rng = open_stream(seed, _STREAM + 1)
        self._period, self._cards, self._deposits = period, cards, deposits
        self.book = EntryBook(cards.balance, -1, open_stream(seed, _STREAM + 2))
        self.contracts = ChangeLog(("office", "status"), cards.size)
        self.positions = ChangeLog(("balance", "overdue", "days_past_due"), cards.credit_count)
        self._settlement = cards.settlement[: cards.credit_count]
        self._issued = cards.issued[: cards.credit_count]

    def run_day(self, day: int) -> None:
        """Purchases, cash advances, payments, late fees and reversals of the day."""
        cards = self._cards
        is_free = (self._issued <= day) & (cards.overdue == 0)
        self._purchase(np.flatnonzero(is_free))
        self._advance(np.flatnonzero(is_free))
        self._reverse()
        self._collect(day)

    def end_day(self, day: int) -> None:
        """Record the cards and positions that changed."""
        cards = self._cards
        self.book.close_day(day)
        days_past_due = np.where(cards.overdue > 0, day - cards.since, 0)
        status = full(cards.size, 0)
        status[: cards.credit_count] = days_past_due > BLOCKED_AFTER
        self.contracts.observe(day, cards.issued <= day, office=cards.office, status=status)
        self.positions.observe(
            day,
            self._issued <= day,
            balance=cards.balance,
            overdue=cards.overdue,
            days_past_due=days_past_due,
        )

    def _purchase(self, free: Ints) -> None:
        card = pick(self._rng, free, 5.5 / DAYS_PER_MONTH)
        channel = np.where(toss(self._rng, card.size, 0.55), int(Channel.POS), Channel.INTERNET)
        amount = self._draw_amounts(card, 0.02)
        fits = amount <= self._room(card)
        self.book.post(
            card[fits],
            EntryType.PURCHASE,
            channel[fits],
            DEBIT,
            amount=amount[fits],
            merchant=self._rng.integers(0, len(MERCHANTS), int(fits.sum())),
        )

    def _advance(self, free: Ints) -> None:
        card = pick(self._rng, free, 0.12 / DAYS_PER_MONTH)
        amount = np.maximum(self._draw_amounts(card, 0.04) // (100 * YUAN), 1) * (100 * YUAN)
        fee = np.maximum(amount // 100, 10 * YUAN)
        fits = amount + fee <= self._room(card)
        self.book.post(
            card[fits],
            EntryType.CARD_WITHDRAWAL,
            Channel.ATM,
            DEBIT,
            amount=amount[fits],
            fee=fee[fits],
        )

    def _reverse(self) -> None:
        rows = self.book.yesterday
        if not rows:
            return
        purchases = np.flatnonzero(rows["type"] == EntryType.PURCHASE)
        chosen = pick(self._rng, purchases, REVERSAL_CHANCE)
        self.book.post(
            rows["account"][chosen],
            EntryType.REVERSAL,
            Channel.BATCH,
            CREDIT,
            amount=rows["amount"][chosen],
            reversal_of=rows["number"][chosen],
            merchant=rows["merchant"][chosen],
        )

    def _collect(self, day: int) -> None:
        cards = self._cards
        is_due = self._period.falls_on(day, cards.due_day) & (self._issued < day)
        is_willing = (day < cards.stops) | (day >= cards.resumes)
        owes = cards.balance > 0
        catches_up = is_willing & (cards.overdue > 0)
        pays = np.flatnonzero(owes & is_willing & (is_due | catches_up))
        self._pay(pays)
        self._miss(np.flatnonzero(owes & is_due & ~is_willing), day)

    def _pay(self, card: Ints) -> None:
        cards = self._cards
        part = np.where(cards.is_revolver[card], self._rng.uniform(0.15, 0.6, card.size), 1.0)
        amount = np.ceil(cards.balance[card] * part).astype(np.int64)
        amount = np.maximum(amount, cards.overdue[card])
        cards.overdue[card] = 0
        cards.since[card] = NOT_OVERDUE
        account = self._settlement[card]
        has_money = (account >= 0) & (self._deposits.book.balance[account] >= amount)
        second = self.book.post(
            card,
            EntryType.CARD_PAYMENT,
            np.where(has_money, int(Channel.BATCH), Channel.MOBILE),
            CREDIT,
            amount=amount,
        )
        self._deposits.book.post(
            account[has_money],
            EntryType.CARD_PAYMENT,
            Channel.BATCH,
            DEBIT,
            amount=amount[has_money],
            second=second[has_money],
        )

    def _miss(self, card: Ints, day: int) -> None:
        cards = self._cards
        minimum = -(-cards.balance[card] // MINIMUM_PART)
        cards.overdue[card] = np.minimum(cards.overdue[card] + minimum, cards.balance[card])
        cards.since[card] = np.minimum(cards.since[card], day)
        fee = full(card.size, LATE_FEE)
        self.book.post(card, EntryType.FEE, Channel.BATCH, DEBIT, amount=fee)

    def _room(self, card: Ints) -> Ints:
        return self._cards.limit[card] - self._cards.balance[card]

    def _draw_amounts(self, card: Ints, share_of_limit: float) -> Ints:
        spread = np.exp(self._rng.normal(-0.3, 0.8, card.size))
        yuan = self._cards.limit[card] / YUAN * share_of_limit * spread
        return np.maximum(to_cents(yuan), 5 * YUAN)


def card_rows(cards: Cards) -> Table:
    """Columns of the cards that never change, by index."""
    is_debit = np.arange(cards.size) >= cards.credit_count
    limit = np.concatenate([cards.limit, full(cards.size - cards.credit_count, NOBODY)])
    return {
        "card": np.arange(cards.size),
        "person": cards.person,
        "product": cards.product,
        "settlement": cards.settlement,
        "is_debit": is_debit.astype(np.int64),
        "credit_limit": limit,
        "rate": cards.rate,
        "issued": cards.issued,
    }


def _draw_issued(rng: np.random.Generator, period: Period, joined: Ints) -> Ints:
    since = np.maximum(joined, -1700)
    past = since + (rng.random(joined.size) * -since).astype(np.int64)
    past[:FIRST_CARDS] = since[:FIRST_CARDS]
    is_new = toss(rng, joined.size, min(0.2, NEW_SHARE_PER_DAY * (period.days - 1)))
    is_new[:FIRST_CARDS] = False
    return np.where(is_new, period.random_days(rng, joined.size), past)


def _draw_state(rng: np.random.Generator, limit: Ints, issued: Ints) -> tuple[Ints, Ints, Ints]:
    used = np.where(toss(rng, limit.size, 0.8), rng.uniform(0.02, 0.7, limit.size) ** 1.5, 0)
    balance = np.where(issued < 0, (limit * used).astype(np.int64), 0)
    overdue, since = full(limit.size, 0), full(limit.size, NOT_OVERDUE)
    old = np.flatnonzero(issued < OLD_CARD)
    old = old[rng.permutation(old.size)]
    taken = 0
    for (low, high), share in zip(PAST_DUE, PAST_DUE_SHARE, strict=True):
        count = max(1, round(share * limit.size))
        card = old[taken : taken + count]
        taken += count
        balance[card] = np.maximum(balance[card], LOWEST_OVERDUE_BALANCE)
        since[card] = -rng.integers(low, high + 1, card.size)
        missed = 1 + since[card] // -30
        overdue[card] = np.minimum(balance[card], balance[card] // MINIMUM_PART * missed)
    return balance, overdue, since


def _draw_defaults(rng: np.random.Generator, period: Period, is_late: Bools) -> tuple[Ints, Ints]:
    size = is_late.size
    turns_bad = ~is_late & toss(rng, size, min(0.2, 0.0008 * period.days))
    stops = np.where(turns_bad, rng.integers(0, period.days, size), NEVER)
    stops = np.where(is_late, -NEVER, stops)
    wait = rng.integers(10, 50, size) + np.where(is_late, 0, np.minimum(stops, NEVER))
    recovers = toss(rng, size, 0.5)
    return stops, np.where(recovers & (stops < NEVER), wait, NEVER)
