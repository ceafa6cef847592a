"""Deadlines: how long a night waits for a feed, and what follows when it is late."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

import pytest

from bankcrm.errors import MissedDeadline
from pipelines.contracts.contract import Deadline, get_contract, load_contracts
from pipelines.landing.folder import find_deliveries
from pipelines.loading.complete_through import set_complete_through
from pipelines.loading.deadlines import (
    Awaited,
    deadline_of,
    explain_late_date,
    find_late_feeds,
    list_stale_feeds,
    skip_missing_feed,
)
from pipelines.refresh.waiting import wait_for_deliveries
from tests.integration.loading.test_load_plan import (
    BALANCE,
    ENTRY,
    TELLER,
    dates,
    day,
    deliver,
    deliver_night,
    plan,
    run,
)

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

Late = Literal["wait", "stale", "block"]
SetPolicy = Callable[[str, Late], None]


class FakeClock:
    """A clock that goes on when somebody sleeps; ``events`` happen when their moment has come."""

    def __init__(self, start: datetime) -> None:
        self.moment = start
        self.events: list[tuple[datetime, Callable[[], object]]] = []

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        for event in [event for event in self.events if event[0] <= self.moment]:
            self.events.remove(event)
            event[1]()


class Told(list[tuple[str, ...]]):
    """What was awaited, in turn."""

    def waiting(self, missing: Sequence[Awaited]) -> None:
        self.append(tuple(one.contract.name for one in missing))


@pytest.fixture
def set_policy(monkeypatch: pytest.MonkeyPatch) -> SetPolicy:
    def change(feed: str, late: Late) -> None:
        contract = get_contract(feed).model_copy(update={"deadline": Deadline(late=late)})
        monkeypatch.setitem(load_contracts(), feed, contract)

    return change


def at(number: int, hour: int, minute: int = 0) -> datetime:
    """A time of the calendar day of that number."""
    return datetime.combine(day(number), time(hour, minute)).astimezone()


def decide(bank: Bank, moment: datetime) -> list[tuple[str, date]]:
    """What a refresh at a moment goes on without."""
    late = find_late_feeds(bank.raw, find_deliveries(bank.settings).deliveries, moment)
    for one in late:
        skip_missing_feed(bank.raw, one)
    return [(one.contract.name, one.business_date) for one in late]


def wait(bank: Bank, start: datetime, *events: tuple[datetime, Callable[[], object]]) -> FakeClock:
    """Wait with the raw database free, as a refresh does; returns the clock when it ended."""
    clock, told = FakeClock(start), Told()
    clock.events += events
    bank.raw.execute("use memory")
    bank.raw.execute("detach raw")
    try:
        wait_for_deliveries(bank.settings, clock, told)
    finally:
        bank.raw.execute(f"attach '{bank.settings.raw_file}' as raw")
        bank.raw.execute("use raw")
    clock.told = told  # type: ignore[attr-defined]
    return clock


def test_a_feed_is_due_on_the_clock_of_the_machine_after_its_business_date() -> None:
    assert deadline_of(get_contract(ENTRY), day(1)) == at(2, 4, 30)
    assert deadline_of(get_contract(TELLER), day(1)) is None, "it may stay away"


def test_mandatory_feeds_block_unless_their_contract_says_otherwise() -> None:
    silent = get_contract(ENTRY).model_copy(update={"deadline": None})
    assert silent.awaited == Deadline(due=time(4, 30), days_after=1, late="block")


def test_a_night_goes_on_without_a_stale_feed_after_its_deadline_and_not_before(
    bank: Bank, set_policy: SetPolicy
) -> None:
    set_policy(ENTRY, "stale")
    deliver_night(bank, 1)
    run(bank)
    deliver(bank, BALANCE, 2, 2)
    assert decide(bank, at(3, 4, 29)) == []
    assert plan(bank).blocked is not None
    assert decide(bank, at(3, 4, 30)) == [(ENTRY, day(2))]
    assert dates(run(bank)) == [day(2)]
    assert set_complete_through(bank.raw) == day(2)
    (stale,) = list_stale_feeds(bank.raw)
    assert stale.describe() == (
        "teller.transaction is stale since 2024-01-02: 1 business date built without it,"
        " its last delivery is of 2024-01-01"
    )


def test_a_decision_stands_on_any_clock_and_is_made_once(bank: Bank, set_policy: SetPolicy) -> None:
    set_policy(ENTRY, "stale")
    deliver_night(bank, 1)
    deliver(bank, BALANCE, 2, 2)
    assert decide(bank, at(3, 5)) == [(ENTRY, day(2))]
    assert decide(bank, at(1, 0)) == decide(bank, at(9, 0)) == []
    set_policy(ENTRY, "block")
    assert dates(run(bank)) == [day(1), day(2)]


@pytest.mark.parametrize("late", ["wait", "block"])
def test_no_night_goes_on_without_a_feed_whose_policy_is_another(
    bank: Bank, set_policy: SetPolicy, late: Late
) -> None:
    set_policy(ENTRY, late)
    deliver_night(bank, 1)
    deliver(bank, BALANCE, 2, 2)
    assert decide(bank, at(300, 0)) == []
    assert dates(run(bank)) == [day(1)]


@pytest.mark.parametrize("number_of_the_next", [2, 3])
def test_the_late_file_and_the_nights_after_it_keep_their_numbers(
    bank: Bank, set_policy: SetPolicy, number_of_the_next: int
) -> None:
    """The source system may have counted the night that never came, or not."""
    set_policy(ENTRY, "stale")
    deliver_night(bank, 1)
    deliver(bank, BALANCE, 2, 2)
    decide(bank, at(3, 5))
    run(bank)
    deliver(bank, BALANCE, 3, 3)
    deliver(bank, ENTRY, 3, number_of_the_next)
    assert dates(run(bank)) == [day(3)]
    deliver(bank, ENTRY, 2, 5 - number_of_the_next)
    assert dates(run(bank)) == [day(2)], "the file that was late is taken"
    set_complete_through(bank.raw)
    assert list_stale_feeds(bank.raw) == []
    deliver(bank, BALANCE, 4, 4)
    deliver(bank, ENTRY, 4, 6)
    blocked = plan(bank).blocked
    assert blocked is not None and "sequence number 6 where 4 is due" in blocked.problem


def test_entries_stay_lacking_and_a_snapshot_makes_up_for_one_that_never_came(
    bank: Bank, set_policy: SetPolicy
) -> None:
    """A teller snapshot is missed on the second night, and so are the entries."""
    for feed in (ENTRY, TELLER):
        set_policy(feed, "stale")
    deliver_night(bank, 1)
    deliver(bank, TELLER, 1, 1)
    run(bank)
    deliver(bank, BALANCE, 2, 2)
    assert sorted(decide(bank, at(3, 5))) == [(TELLER, day(2)), (ENTRY, day(2))]
    run(bank)
    set_complete_through(bank.raw)
    assert [stale.feed for stale in list_stale_feeds(bank.raw)] == [TELLER, ENTRY]
    deliver_night(bank, 3)
    deliver(bank, TELLER, 3, 2)
    run(bank)
    set_complete_through(bank.raw)
    assert [(stale.feed, stale.since) for stale in list_stale_feeds(bank.raw)] == [(ENTRY, day(2))]


def test_waiting_ends_as_soon_as_the_last_feed_has_come(bank: Bank) -> None:
    deliver_night(bank, 1)
    run(bank)
    set_complete_through(bank.raw)
    clock = wait(
        bank, at(3, 1),
        (at(3, 2), lambda: deliver(bank, BALANCE, 2, 2)),
        (at(3, 3), lambda: deliver(bank, ENTRY, 2, 2)),
    )  # fmt: skip
    assert clock.moment == at(3, 3)
    assert clock.told == [(BALANCE, ENTRY), (ENTRY,)]  # type: ignore[attr-defined]


def test_waiting_is_bounded_by_the_deadline(bank: Bank) -> None:
    deliver_night(bank, 1)
    run(bank)
    set_complete_through(bank.raw)
    deliver(bank, BALANCE, 2, 2)
    assert wait(bank, at(3, 1)).moment == at(3, 4, 30)
    assert wait(bank, at(3, 5)).moment == at(3, 5), "nothing is gained by waiting any longer"


def test_nobody_waits_for_a_night_whose_files_are_there_or_whose_day_has_not_begun(
    bank: Bank,
) -> None:
    deliver_night(bank, 1)
    deliver_night(bank, 2)
    assert wait(bank, at(3, 1)).moment == at(3, 1), "both nights wait in the landing folder"
    run(bank)
    set_complete_through(bank.raw)
    assert wait(bank, at(3, 23)).moment == at(3, 23), "the third night is awaited from midnight on"
    assert wait(bank, at(4, 0)).moment == at(4, 4, 30)


def test_a_night_that_may_go_on_without_a_feed_does_not_keep_the_next_from_being_awaited(
    bank: Bank, set_policy: SetPolicy
) -> None:
    set_policy(ENTRY, "stale")
    deliver_night(bank, 1)
    run(bank)
    set_complete_through(bank.raw)
    deliver(bank, BALANCE, 2, 2)
    assert wait(bank, at(4, 1)).moment == at(4, 4, 30)


def test_a_late_night_is_explained_by_feed_deadline_and_remedy(
    bank: Bank, set_policy: SetPolicy
) -> None:
    deliver_night(bank, 1)
    run(bank)
    set_complete_through(bank.raw)
    assert explain_late_date(bank.settings, bank.raw, at(3, 4), None) is None
    late = explain_late_date(bank.settings, bank.raw, at(3, 5), None)
    assert isinstance(late, MissedDeadline) and late.exit_code == 15
    assert "2024-01-02 is late" in late.problem
    assert "teller.transaction (due 2024-01-03 04:30)" in late.problem
    assert "teller/transaction/transaction_2024-01-02_r0.csv.gz" in late.remedy
    for feed in (ENTRY, BALANCE):
        set_policy(feed, "wait")
    waiting = explain_late_date(bank.settings, bank.raw, at(3, 5), None)
    assert waiting is not None and waiting.exit_code == 4


def test_a_night_that_stands_in_the_way_is_told_before_a_later_one_that_is_late(
    bank: Bank,
) -> None:
    deliver_night(bank, 1)
    run(bank)
    set_complete_through(bank.raw)
    deliver(bank, BALANCE, 2, 7)
    deliver(bank, ENTRY, 2, 2)
    blocked = plan(bank).blocked
    assert blocked is not None
    assert explain_late_date(bank.settings, bank.raw, at(9, 5), blocked) is blocked
