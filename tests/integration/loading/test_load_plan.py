"""Which nights may be loaded, and what the others wait for."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.landing.folder import find_deliveries
from pipelines.loading.load_plan import LoadPlan, plan_loads

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

BALANCE, ENTRY, TELLER = "branch.account_balance", "teller.transaction", "teller.teller"
FIRST = date(2024, 1, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def deliver(bank: Bank, feed: str, number: int, sequence: int, rerun: int = 0) -> Path:
    line = {BALANCE: f"A1,{rerun}.00", TELLER: "T1|Ann|B1"}.get(feed)
    lines = [line] if line else []
    totals = {} if feed == TELLER else {"balance": Decimal(rerun)}
    if feed == ENTRY:
        labels = ("amount", "amount[debit_credit=D]", "amount[debit_credit=C]", "fee_amount")
        totals = dict.fromkeys(labels, Decimal(0))
    return bank.deliver_lines(
        feed, day(number), lines, sequence=sequence, rerun=rerun, totals=totals
    )


def deliver_night(bank: Bank, number: int) -> None:
    deliver(bank, BALANCE, number, number)
    deliver(bank, ENTRY, number, number)


def plan(bank: Bank) -> LoadPlan:
    return plan_loads(bank.raw, find_deliveries(bank.settings).deliveries)


def run(bank: Bank) -> LoadPlan:
    planned = plan(bank)
    for _, deliveries in planned.dates:
        for delivery in deliveries:
            assert bank.load(delivery.data_file).status == "loaded"
    return planned


def dates(planned: LoadPlan) -> list[date]:
    return [business_date for business_date, _ in planned.dates]


def test_waiting_nights_are_taken_in_order_and_only_once(bank: Bank) -> None:
    for number in (2, 1, 3):
        deliver_night(bank, number)
    assert dates(run(bank)) == [day(1), day(2), day(3)]
    assert plan(bank) == LoadPlan((), None)


def test_a_missing_mandatory_feed_blocks_its_night_and_all_later_ones(bank: Bank) -> None:
    deliver_night(bank, 1)
    deliver(bank, BALANCE, 2, 2)
    deliver_night(bank, 3)
    planned = run(bank)
    assert dates(planned) == [day(1)]
    assert planned.blocked is not None
    assert "2024-01-02 waits for teller.transaction" in planned.blocked.problem
    assert "teller/transaction/transaction_2024-01-02_r0.csv.gz" in planned.blocked.remedy


def test_the_first_night_needs_every_mandatory_feed(bank: Bank) -> None:
    deliver(bank, TELLER, 1, 1)
    planned = plan(bank)
    assert planned.dates == ()
    assert planned.blocked is not None
    assert "branch.account_balance, teller.transaction" in planned.blocked.problem


def test_a_skipped_date_blocks_and_is_named(bank: Bank) -> None:
    deliver_night(bank, 1)
    run(bank)
    deliver(bank, BALANCE, 3, 2)
    deliver(bank, ENTRY, 3, 2)
    planned = plan(bank)
    assert planned.dates == ()
    assert planned.blocked is not None
    assert "business date 2024-01-02 was not delivered" in planned.blocked.problem


def test_a_gap_in_the_sequence_blocks_and_names_the_number_due(bank: Bank) -> None:
    deliver_night(bank, 1)
    deliver(bank, TELLER, 1, 1)
    deliver_night(bank, 2)
    deliver(bank, TELLER, 2, 3)
    planned = run(bank)
    assert dates(planned) == [day(1)]
    assert planned.blocked is not None
    assert "teller.teller has sequence number 3 where 2 is due" in planned.blocked.problem
    assert "sequence number 2" in planned.blocked.remedy


def test_a_repeated_sequence_number_blocks(bank: Bank) -> None:
    deliver_night(bank, 1)
    run(bank)
    deliver(bank, BALANCE, 2, 1)
    deliver(bank, ENTRY, 2, 2)
    blocked = plan(bank).blocked
    assert blocked is not None
    assert "counts the deliveries of the feed" in blocked.remedy


def test_corrections_of_earlier_dates_are_taken_even_when_later_nights_wait(bank: Bank) -> None:
    deliver_night(bank, 1)
    deliver_night(bank, 2)
    run(bank)
    deliver(bank, BALANCE, 1, 1, rerun=1)
    deliver(bank, BALANCE, 4, 3)
    planned = run(bank)
    assert dates(planned) == [day(1)]
    assert planned.blocked is not None


def test_only_the_highest_waiting_rerun_of_a_date_is_taken(bank: Bank) -> None:
    deliver_night(bank, 1)
    deliver(bank, BALANCE, 1, 1, rerun=1)
    reruns = [d.control.rerun for d in plan(bank).dates[0][1] if d.contract.name == BALANCE]
    assert reruns == [1]
    run(bank)
    assert plan(bank) == LoadPlan((), None)


def test_a_night_that_was_loaded_in_part_blocks_until_it_is_whole(bank: Bank) -> None:
    deliver_night(bank, 1)
    run(bank)
    half = deliver(bank, BALANCE, 2, 2)
    bank.load(half)
    deliver_night(bank, 3)
    blocked = plan(bank).blocked
    assert blocked is not None
    assert "2024-01-02 waits for teller.transaction" in blocked.problem
    deliver(bank, ENTRY, 2, 2)
    assert dates(run(bank)) == [day(2), day(3)]


def test_changed_content_under_a_loaded_number_is_tried_once_only(bank: Bank) -> None:
    deliver_night(bank, 1)
    run(bank)
    changed = bank.deliver_lines(BALANCE, day(1), ["A1,7.00"], totals={"balance": Decimal(7)})
    assert dates(plan(bank)) == [day(1)]
    assert bank.load(changed).status == "rejected"
    assert plan(bank) == LoadPlan((), None)
