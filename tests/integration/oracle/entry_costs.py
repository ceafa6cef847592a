"""What single entries cost: the rounded cost of all up to one less that of all before it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from tests.integration.oracle.costs import ActivityRate, Costs
from tests.integration.oracle.entries import Entry, Number
from tests.integration.oracle.figures import half_up, month_end


class EntryCost(NamedTuple):
    """Activity of an entry and what it cost; None where it causes none or it is unknown."""

    activity_code: str | None = None
    standard_minutes: Decimal | None = None
    cost_amount: Decimal | None = None


class EntryCosts:
    """Costs of one bank's entries.

    Args:
        costs: activities and rates of the bank.
        entries: every posted entry.
        keys: number that orders entries which are priced together.
    """

    def __init__(self, costs: Costs, entries: list[Entry], keys: dict[Number, int]) -> None:
        self._costs = costs
        together: dict[object, list[Number]] = defaultdict(list)
        for entry in entries:
            kind = (entry.account, entry.channel, costs.activity_of(entry), month_end(entry.day))
            together[kind].append((entry.system, entry.number))
        self._place = {
            number: place
            for numbers in together.values()
            for place, number in enumerate(sorted(numbers, key=keys.__getitem__))
        }

    def of(self, entry: Entry) -> EntryCost:
        """What an entry cost."""
        activity = self._costs.activity_of(entry)
        if activity is None:
            return EntryCost()
        rate = self._costs.rate(activity, month_end(entry.day))
        if rate is None:
            return EntryCost(activity)
        before = self._place[entry.system, entry.number]
        cost = _price(rate, before + 1) - _price(rate, before)
        return EntryCost(activity, half_up(rate.minutes), cost)


def _price(rate: ActivityRate, events: int) -> Decimal:
    return half_up(Fraction(rate.cost) * events)
