"""What is left of each entry after reversals, one chain of corrections after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from tests.integration.oracle.entries import Entry, Number, find_first


class Net(NamedTuple):
    """What an entry still stands for."""

    is_reversed: bool
    signed_amount: Decimal
    fee_income: Decimal


def net_entries(entries: Iterable[Entry]) -> dict[Number, Net]:
    """What is left of every entry: a chain's rest stands with its first entry."""
    numbered = {(entry.system, entry.number): entry for entry in entries}
    chains: dict[Number, list[Entry]] = defaultdict(list)
    for entry in numbered.values():
        first = find_first(entry, numbered) or entry
        chains[first.system, first.number].append(entry)
    nets = {}
    for number, chain in chains.items():
        amount = sum((entry.signed_amount for entry in chain), Decimal())
        income = sum((entry.fee_income for entry in chain), Decimal())
        for entry in chain:
            nets[entry.system, entry.number] = Net(False, Decimal(), Decimal())
        nets[number] = Net(len(chain) > 1 and amount == 0, amount, income)
    return nets
