"""The order of a day's entries, found from their running balances."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.berka.balances import Entry, order_day


def test_the_chain_decides_not_the_balance_nearest_to_the_sum() -> None:
    # Account 9041 on 1994-02-28: opening 213.30; a step rounded by 0.10 makes 298.90 look final.
    entries = [
        Entry(1, -1460, 29890),
        Entry(2, 5020, 31360),
        Entry(3, -10, 31350),
        Entry(4, 5020, 26350),
        Entry(5, -10, 29880),
    ]
    order = order_day(21330, entries)
    assert [entry.line for entry in order.entries] == [4, 2, 3, 1, 5]
    assert order.gap == 10


def test_an_exact_chain_is_preferred_to_a_rounded_one() -> None:
    order = order_day(0, [Entry(1, 5, 10), Entry(2, 5, 5)])
    assert [entry.line for entry in order.entries] == [2, 1]
    assert order.gap == 0


def test_a_step_above_the_rounding_does_not_chain() -> None:
    assert order_day(0, [Entry(1, 100, 110)]).gap == 10
    assert order_day(0, [Entry(1, 100, 111)]).gap is None


def test_a_day_that_does_not_chain_ends_with_the_balance_nearest_to_its_sum() -> None:
    entries = [Entry(1, 500, 5_500), Entry(2, 300, 900), Entry(3, 100, 100)]
    order = order_day(0, entries)
    assert [entry.line for entry in order.entries] == [1, 3, 2]
    assert order.gap is None


@given(
    opening=st.integers(-10_000, 10_000),
    amounts=st.lists(st.integers(-500, 500).filter(bool), min_size=1, max_size=7),
    data=st.data(),
)
def test_entries_in_any_order_are_put_back_into_a_chain(
    opening: int, amounts: list[int], data: st.DataObject
) -> None:
    balances = list(accumulate(amounts, initial=opening))[1:]
    entries = [Entry(line, *pair) for line, pair in enumerate(zip(amounts, balances, strict=True))]
    order = order_day(opening, data.draw(st.permutations(entries)))
    assert order.gap == 0
    assert order.entries[-1].balance == balances[-1]
    assert sorted(order.entries) == sorted(entries)
