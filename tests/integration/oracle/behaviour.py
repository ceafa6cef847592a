"""What customers do, and what it says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from tests.integration.oracle.curves import read_seed
from tests.integration.oracle.customers import CustomerMonthKey, Customers
from tests.integration.oracle.entries import Entry, Number, find_first
from tests.integration.oracle.figures import DAY
from tests.integration.oracle.grades import term
from tests.integration.oracle.months import Month

QUINTILES = 5


@dataclass(frozen=True)
class Activity:
    """Something a customer did (1) or that was taken back (-1)."""

    day: date
    count: int
    amount: Decimal


@dataclass(frozen=True)
class Scores:
    """Quintiles, 5 best; None where the customer is not ranked."""

    recency_score: int | None = None
    frequency_score: int | None = None
    monetary_score: int | None = None


@dataclass(frozen=True)
class Behaviour:
    """A customer's activity as of the end of a month."""

    activity_sign: str | None
    lifecycle_code: str
    first_opened_date: date | None
    last_activity_date: date | None
    tenure_months: int | None
    recency_days: int | None
    frequency_count: int
    monetary_amount: Decimal
    recent_transaction_count: int
    earlier_transaction_count: int


class Behaviours:
    """Behaviour of the customers of a bank.

    Args:
        customers: of the bank.
    """

    def __init__(self, customers: Customers) -> None:
        self._customers = customers
        self._bank = customers.bank
        self._first_day = self._bank.accounts.months[0].covered_from

    @cached_property
    def rows(self) -> dict[CustomerMonthKey, Behaviour]:
        """Behaviour of each customer in each month."""
        return {
            (customer, month.end): self._behaviour(customer, month)
            for customer, months in self._customers.months.items()
            for month in months
        }

    @cached_property
    def scores(self) -> dict[CustomerMonthKey, Scores]:
        """Quintiles of the customers who hold something and ever did something."""
        ranked: dict[CustomerMonthKey, Scores] = {}
        for month in self._bank.accounts.months:
            ranked |= self._score(month.end)
        return ranked

    def _score(self, end: date) -> dict[CustomerMonthKey, Scores]:
        rows = {
            customer: row
            for (customer, day), row in self.rows.items()
            if day == end and row.recency_days is not None and row.lifecycle_code != "CLOSED"
        }
        recency = _quintiles(rows, lambda row: row.recency_days)
        frequency = _quintiles(rows, lambda row: -row.frequency_count)
        monetary = _quintiles(rows, lambda row: -row.monetary_amount)
        return {(c, end): Scores(recency[c], frequency[c], monetary[c]) for c in rows}

    def _behaviour(self, customer: int, month: Month) -> Behaviour:
        day, done = month.as_of, self._activities.get(customer, [])
        last = max((a.day for a in done if a.count > 0 and a.day <= day), default=None)
        window, year = (int(term(f"{name}_WINDOW_DAYS", day)) for name in ("ACTIVITY", "RFM"))
        recent, earlier = _since(done, day, window), _since(done, day - window * DAY, window)
        opened = self._opened(customer, month)
        counts = (sum(a.count for a in recent), sum(a.count for a in earlier))
        label = self._sign(day, last, opened, counts)
        tenure = None if opened is None else full_months(opened, day)
        return Behaviour(
            activity_sign=label,
            lifecycle_code=self._lifecycle((customer, month.end), label, tenure, day),
            first_opened_date=opened,
            last_activity_date=last,
            tenure_months=tenure,
            recency_days=None if last is None else (day - last).days,
            frequency_count=sum(a.count for a in _since(done, day, year)),
            monetary_amount=sum((a.amount for a in _since(done, day, year)), Decimal()),
            recent_transaction_count=counts[0],
            earlier_transaction_count=counts[1],
        )

    def _sign(
        self, day: date, last: date | None, opened: date | None, counts: tuple[int, int]
    ) -> str | None:
        """Counts are those of the recent and of the earlier window."""
        watched_from = max(self._first_day, opened or self._first_day)
        idle = (day - (last or watched_from - DAY)).days
        if idle >= term("ACTIVITY_LOST_DAYS", day):
            return "LOST"
        if (day - self._first_day).days + 1 < 2 * term("ACTIVITY_WINDOW_DAYS", day):
            return None
        recent, earlier = counts
        kept = earlier * (1 - term("ACTIVITY_DECLINE_RATE", day))
        return "DECLINING" if earlier > 0 and recent <= kept else "STABLE"

    def _lifecycle(
        self, key: CustomerMonthKey, label: str | None, tenure: int | None, day: date
    ) -> str:
        if key not in self._customers.holdings:
            return "CLOSED"
        if label in ("LOST", "DECLINING"):
            return label
        is_new = tenure is not None and tenure < term("NEW_CUSTOMER_MONTHS", day)
        return "NEW" if is_new else "ESTABLISHED"

    def _opened(self, customer: int, month: Month) -> date | None:
        holdings = self._customers.holdings
        opened = [
            holding.opened
            for earlier in self._customers.months[customer]
            if earlier.end <= month.end
            for holding in holdings.get((customer, earlier.end), [])
        ]
        return min(opened, default=None)

    @cached_property
    def _activities(self) -> dict[int, list[Activity]]:
        done: dict[int, list[Activity]] = defaultdict(list)
        numbered = {(e.system, e.number): e for e in self._bank.entries}
        chains: dict[Number, list[Entry]] = defaultdict(list)
        for entry in self._bank.entries:
            first = find_first(entry, numbered)
            if first is not None and _is_customer_made(first):
                chains[first.system, first.number].append(entry)
        for number, chain in chains.items():
            for activity in _changes(numbered[number], chain):
                customer = self._bank.owners.lead(numbered[number].account, activity.day)
                done[customer].append(activity)
        return dict(done)


def full_months(first: date, day: date) -> int:
    """Whole months passed; a month that is too short ends with its last day."""
    months = 12 * (day.year - first.year) + day.month - first.month
    last_day = (day + DAY).day == 1
    return months - (day.day < first.day and not last_day)


def _changes(first: Entry, chain: list[Entry]) -> Iterator[Activity]:
    """What each day of an entry and its reversals added to what is left of it."""
    if len(chain) == 1:
        yield Activity(first.day, 1, first.amount)
        return
    side = 1 if first.debit_credit == "C" else -1
    left = Decimal()
    for day in sorted({max(entry.day, first.day) for entry in chain}):
        parts = [side * e.signed_amount for e in chain if max(e.day, first.day) == day]
        amount = sum(parts, Decimal())
        yield Activity(day, int(left + amount != 0) - int(left != 0), amount)
        left += amount


_KINDS = {row["transaction_type_code"]: row for row in read_seed("transaction_type")}
_BANK_CHANNELS = {
    row["channel_code"] for row in read_seed("channel") if row["channel_group"] == "Bank"
}


def _is_customer_made(entry: Entry) -> bool:
    kind = _KINDS.get(entry.kind)
    is_own = kind is not None and kind["is_customer_made"] == "true"
    return is_own and entry.channel not in _BANK_CHANNELS and entry.reverses is None


def _since(done: list[Activity], day: date, window: int) -> list[Activity]:
    """Activities of a window of days that ends with a day."""
    return [a for a in done if day - timedelta(days=window) < a.day <= day]


def _quintiles(rows: dict[int, Behaviour], badness: Callable[[Behaviour], Any]) -> dict[int, int]:
    """Five groups, the best first, larger groups before smaller ones; ties go by customer."""
    order = sorted(rows, key=lambda customer: (badness(rows[customer]), customer))
    size, larger = divmod(len(order), QUINTILES)
    scores: dict[int, int] = {}
    for group in range(QUINTILES):
        start = group * size + min(group, larger)
        for customer in order[start : start + size + (group < larger)]:
            scores[customer] = QUINTILES - group
    return scores
