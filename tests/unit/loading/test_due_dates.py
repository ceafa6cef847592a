"""Which night should be published by now: the newest whose every deadline has passed."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from pipelines.contracts.contract import Contract, load_contracts
from pipelines.loading.deadlines import newest_due_date


@pytest.mark.parametrize(
    ("moment", "night"),
    [
        ("2024-03-01 04:29", "2024-02-28"),
        ("2024-03-01 04:30", "2024-02-29"),
        ("2024-03-01 23:59", "2024-02-29"),
        # A Saturday and a Monday: every calendar date is a business date.
        ("2024-03-02 12:00", "2024-03-01"),
        ("2024-03-04 12:00", "2024-03-03"),
    ],
)
def test_the_night_before_is_due_once_its_last_deadline_has_passed(moment: str, night: str) -> None:
    asked = datetime.fromisoformat(moment).astimezone()
    assert newest_due_date(asked) == date.fromisoformat(night)


def test_a_feed_that_comes_days_later_moves_the_night_that_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, first = next((n, c) for n, c in load_contracts().items() if c.awaited)
    assert first.awaited is not None
    late = first.awaited.model_copy(update={"days_after": 3, "due": time(9)})
    contracts: dict[str, Contract] = {name: first.model_copy(update={"deadline": late})}
    monkeypatch.setattr("pipelines.loading.deadlines.load_contracts", lambda: contracts)
    before, after = (datetime(2024, 3, 10, hour).astimezone() for hour in (8, 10))
    assert newest_due_date(before) == date(2024, 3, 6)
    assert newest_due_date(after) == date(2024, 3, 7)
