"""Faults of the calendar: leap day, ends of months and years, and clocks that change."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from pipelines.contracts.contract import get_contract
from pipelines.landing.folder import find_deliveries
from pipelines.loading.complete_through import set_complete_through
from pipelines.loading.deadlines import deadline_of, find_missing
from pipelines.loading.load import Loader
from pipelines.loading.load_plan import plan_loads
from tests.integration.loading.good_files import make_entries

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

BALANCE, ENTRY = "branch.account_balance", "teller.transaction"
LABELS = [total.label for total in get_contract(ENTRY).control_totals]
TURNS = {
    "leap day": date(2024, 2, 29),
    "no leap day": date(2023, 3, 1),
    "month end": date(2024, 4, 30),
    "year end": date(2024, 1, 1),
    "clock goes forward": date(2024, 3, 31),
    "clock goes back": date(2024, 10, 27),
}


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock changes twice a year."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


def deliver(bank: Bank, night: date, sequence: int) -> None:
    nothing = {ENTRY: dict.fromkeys(LABELS, Decimal(0)), BALANCE: {"balance": Decimal(0)}}
    for feed, totals in nothing.items():
        bank.deliver_lines(feed, night, [], sequence=sequence, totals=totals)


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize("turn", TURNS)
def test_nights_follow_each_other_over_leap_day_month_end_year_end_and_dst(
    bank: Bank, turn: str
) -> None:
    nights = [TURNS[turn] + timedelta(days=days) for days in (-1, 0, 1)]
    for number in (1, 3):
        deliver(bank, nights[number - 1], number)
    plan = plan_loads(bank.raw, find_deliveries(bank.settings).deliveries)
    assert [night for night, _ in plan.dates] == nights[:1]
    assert plan.blocked is not None
    assert f"business date {nights[1]} was not delivered" in plan.blocked.problem

    deliver(bank, nights[1], 2)
    plan = plan_loads(bank.raw, find_deliveries(bank.settings).deliveries)
    assert ([night for night, _ in plan.dates], plan.blocked) == (nights, None)
    with Loader(bank.raw) as loader:
        for _, deliveries in plan.dates:
            assert [loader.load(one).status for one in deliveries] == ["loaded"] * 2
    assert set_complete_through(bank.raw) == nights[2]
    noon = datetime.combine(nights[2] + timedelta(days=1), datetime.min.time()).replace(hour=12)
    assert list(find_missing(bank.settings, bank.raw, noon.astimezone())) == []


@pytest.mark.usefixtures("in_berlin")
def test_a_deadline_is_the_hour_on_the_wall_on_the_days_the_clock_changes() -> None:
    contract = get_contract(ENTRY)
    for night, hour in (
        (date(2024, 3, 29), 3),
        (date(2024, 3, 30), 2),
        (date(2024, 10, 25), 2),
        (date(2024, 10, 26), 3),
    ):
        due = deadline_of(contract, night)
        assert due is not None and (due.hour, due.minute) == (4, 30)
        assert due.astimezone(UTC) == datetime(
            *(night + timedelta(days=1)).timetuple()[:3], hour, 30, tzinfo=UTC
        )


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize("night", [date(2024, 3, 31), date(2024, 10, 27)])
def test_an_hour_that_does_not_exist_or_comes_twice_is_stored_as_it_was_written(
    bank: Bank, night: date
) -> None:
    good = make_entries(night)
    rows = good.change_all(lambda _, row: {"posted_at": f"{night} 02:30:00"})
    content = good.write(rows).encode()
    path = bank.deliver_bytes(ENTRY, night, content, rows=12, totals=good.totals)
    assert bank.load(path).rows_accepted == 12
    stored = bank.query("select distinct posted_at::varchar from teller.transaction")
    assert stored == [(f"{night} 02:30:00",)]
