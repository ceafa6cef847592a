"""Volume, mean and sign of a business date: what holds it back, and what is a season."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from pipelines.checks.findings import Finding
from pipelines.checks.volume_checks import compare_with_weeks_before

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FIRST = date(2023, 11, 20)
ENTRIES = "teller.transaction"


def enter_loads(
    bank: Bank, feed: str, rows: Sequence[int], means: Sequence[float] = (), label: str = "amount"
) -> None:
    """Loads of consecutive nights with these rows and, per row, this mean of a control total."""
    source, _, name = feed.partition(".")
    for number, count in enumerate(rows):
        bank.raw.execute(
            """insert into ops.load (load_id, source, feed, file_name, business_date, rerun,
                status, rows_accepted)
            values ($1, $2, $3, 'f', $4, 0, 'loaded', $5)""",
            [number + 1, source, name, FIRST + timedelta(days=number), count],
        )
        if means:
            bank.raw.execute(
                "insert into ops.load_total values ($1, $2, $3, $3, 0, 0)",
                [number + 1, label, round(count * means[number], 2)],
            )


def compare(bank: Bank) -> list[Finding]:
    return compare_with_weeks_before(bank.raw, ())


@pytest.mark.parametrize("feed", ["contact.campaign", "branch.manager_assignment"])
def test_a_yearly_plan_and_a_handover_are_warnings(bank: Bank, feed: str) -> None:
    enter_loads(bank, feed, [*[5 + day % 15 for day in range(42)], 267])
    (finding,) = compare(bank)
    assert (finding.rule, finding.severity) == (f"volume:{feed}", "warn")
    assert "267 rows, where the 35 days before had between 5 and 19 a day" in finding.message


def test_ten_times_the_entries_hold_the_business_date_back(bank: Bank) -> None:
    enter_loads(bank, ENTRIES, [*[100 + day % 7 for day in range(42)], 1000])
    (finding,) = compare(bank)
    assert (finding.rule, finding.severity) == (f"volume:{ENTRIES}", "hold")


def test_fees_of_a_quiet_sunday_are_no_finding(bank: Bank) -> None:
    means = [*[0.01 if day % 7 == 6 else 3.57 for day in range(42)], 0.0]
    enter_loads(bank, ENTRIES, [40] * 43, means, "fee_amount")
    assert compare(bank) == []


def test_amounts_of_nothing_are_a_finding_where_they_never_were(bank: Bank) -> None:
    enter_loads(bank, ENTRIES, [40] * 43, [*[50 + day % 7 for day in range(42)], 0.0])
    (finding,) = compare(bank)
    assert (finding.rule, finding.severity) == (f"mean:{ENTRIES}", "hold")


@pytest.mark.parametrize("usual", [1, -1])
def test_a_mean_of_the_other_sign_is_held(bank: Bank, usual: int) -> None:
    means = [usual * (900 + day % 7) for day in range(42)]
    enter_loads(bank, "branch.account_balance", [40] * 43, [*means, -usual * 903], "balance")
    (finding,) = compare(bank)
    assert (finding.rule, finding.severity) == ("sign:branch.account_balance", "hold")
    assert "the sign is the other one" in finding.message


def test_a_mean_that_was_of_either_sign_is_no_finding(bank: Bank) -> None:
    means = [(-1) ** day * 900.0 for day in range(43)]
    enter_loads(bank, "branch.account_balance", [40] * 43, means, "balance")
    assert compare(bank) == []
