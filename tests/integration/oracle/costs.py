"""Cost to serve: entries and account months as activities, priced with the delivered pools."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tests.integration.oracle.accounts import AccountId
from tests.integration.oracle.curves import read_seed
from tests.integration.oracle.deliveries import Landing
from tests.integration.oracle.entries import Entry
from tests.integration.oracle.figures import half_up, month_end
from tests.integration.oracle.months import AccountMonth, Month
from tests.integration.oracle.parameters import Seed

AccountMonthKey = tuple[AccountId, date]
Cause = tuple[str, str | None]
"""Activity, and the channel of the entries that caused it; None where no entry did."""
ANY = "*"


@dataclass(frozen=True)
class Pool:
    """Cost and capacity of a resource pool in a month."""

    cost: Fraction
    practical_minutes: Fraction


@dataclass(frozen=True)
class ActivityCost:
    """What an account caused in a month by one activity in one channel."""

    activity_code: str
    channel_code: str | None
    cost_pool_code: str
    events: int
    minutes: Fraction
    cost_amount: Decimal


class ActivityRate(NamedTuple):
    """Standard minutes and cost of one event of an activity, unrounded."""

    cost_pool_code: str
    minutes: Fraction
    cost: Fraction


class Costs:
    """Costs of one bank's accounts.

    Args:
        landing: the bank's deliveries.
        entries: every posted entry.
        account_months: expected account months.
        managed: account months whose lead owner has a manager.
        debit_cards: cards without a balance of their own.
    """

    def __init__(
        self,
        landing: Landing,
        entries: list[Entry],
        account_months: list[tuple[AccountId, Month, AccountMonth]],
        managed: set[AccountMonthKey],
        debit_cards: set[AccountId],
    ) -> None:
        self._activities = Seed("activity")
        self._pools = _read_pools(landing)
        self._days = {month.end: month.as_of for _, month, _ in account_months}
        self._activity_codes = _read_activity_codes()
        self._causes = self._count_entries(entries)
        for account, month, row in account_months:
            key, kind = (account, month.end), row.account_type
            kind = "DEBIT_CARD" if account in debit_cards else kind
            for activity in _account_activities(kind, is_managed=key in managed):
                self._causes[key][activity, None] += 1

    def pools(self, end: date) -> dict[str, Pool]:
        """Pools that finance delivered for a month, by code; empty where it delivered none."""
        return self._pools.get(end, {})

    def of(self, account: AccountId, month: Month) -> list[ActivityCost] | None:
        """What an account caused; None for a month without pools."""
        if not self.pools(month.end):
            return None
        causes = self._causes[account, month.end]
        return [self._price(cause, events, month) for cause, events in causes.items()]

    def activity_of(self, entry: Entry) -> str | None:
        """Activity that an entry causes; None where it causes none."""
        channel = entry.channel or ""
        other = self._activity_codes.get((channel, ANY))
        return self._activity_codes.get((channel, entry.kind), other)

    def rate(self, activity: str, end: date) -> ActivityRate | None:
        """What one event of an activity takes in a month; None where a pool is unknown."""
        pools = self.pools(end)
        if not pools:
            return None
        (row,) = self._activities.on(self._days[end], activity_code=activity)
        pool, minutes = pools[row["cost_pool_code"]], Fraction(row["standard_minutes"])
        cost = pool.cost * minutes / pool.practical_minutes
        return ActivityRate(row["cost_pool_code"], minutes, cost)

    def _price(self, cause: Cause, events: int, month: Month) -> ActivityCost:
        activity, channel = cause
        rate = self.rate(activity, month.end)
        assert rate is not None
        cost = half_up(rate.cost * events)
        minutes = rate.minutes * events
        return ActivityCost(activity, channel, rate.cost_pool_code, events, minutes, cost)

    def _count_entries(self, entries: list[Entry]) -> dict[AccountMonthKey, Counter[Cause]]:
        causes: dict[AccountMonthKey, Counter[Cause]] = defaultdict(Counter)
        for entry in entries:
            activity = self.activity_of(entry)
            if activity is not None:
                causes[entry.account, month_end(entry.day)][activity, entry.channel] += 1
        return causes


def _read_pools(landing: Landing) -> dict[date, dict[str, Pool]]:
    pools: dict[date, dict[str, Pool]] = defaultdict(dict)
    for _, row in landing.last_rows("finance.cost_pool"):
        pool = Pool(Fraction(row["cost_amount"]), Fraction(row["practical_minutes"]))
        pools[date.fromisoformat(row["month_end_date"])][row["cost_pool_code"]] = pool
    return dict(pools)


def _read_activity_codes() -> dict[tuple[str, str], str]:
    """Activities by channel and kind of entry; a kind of its own group before every other."""
    activities = {
        (row["channel_code"], row["transaction_group"]): row["activity_code"]
        for row in read_seed("activity_of_entry")
    }
    groups = {
        row["transaction_type_code"]: row["transaction_group"]
        for row in read_seed("transaction_type")
    }
    channels = {channel for channel, _ in activities}
    codes = {
        (channel, kind): activities.get((channel, group)) or activities.get((channel, ANY))
        for channel in channels
        for kind, group in {**groups, ANY: ANY}.items()
    }
    return {key: code for key, code in codes.items() if code is not None}


def _account_activities(account_type: str, *, is_managed: bool) -> Iterator[str]:
    for row in read_seed("activity_of_account"):
        if (row["account_type"], row["is_managed"] == "true") == (account_type, is_managed):
            yield row["activity_code"]
