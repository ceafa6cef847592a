"""What was found faulty leaves the history: a fault that nobody corrected is found again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pipelines.checks.findings import Finding, record_findings
from pipelines.checks.volume_checks import compare_with_weeks_before
from tests.integration.loading.test_bank_agreement import (
    ACCOUNTS,
    FEE,
    deliver_balances,
    deliver_entries,
    deliver_members,
    night,
)
from tests.integration.loading.test_seasons import ENTRIES, enter_loads

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FAULTY = (6, 9, 12)
"""Nights whose balances have the other sign, each delivered as if nothing had been."""


def deliver_nights(bank: Bank, nights: int) -> dict[int, int]:
    """Loads of balances by night; half of the accounts move each night."""
    deliver_members(bank, ACCOUNTS)
    balances = dict.fromkeys(ACCOUNTS, 1000)
    loads = {}
    for number in range(nights):
        moved = ACCOUNTS[number % 2 :: 2]
        amounts = {account: (-1) ** number * (10 + int(account)) for account in moved}
        deliver_entries(bank, number, amounts)
        balances |= {account: balances[account] + amounts[account] - FEE for account in moved}
        sign = -1 if number in FAULTY else 1
        loads[number] = deliver_balances(
            bank, number, {account: sign * balances[account] for account in moved}
        )
    return loads


def held(findings: list[Finding]) -> set[date]:
    return {f.business_date for f in findings if f.severity == "hold"}


def test_every_fault_is_found_and_no_night_after_it(bank: Bank) -> None:
    deliver_nights(bank, 15)
    found = compare_with_weeks_before(bank.raw, ())
    assert held(found) == {night(number) for number in FAULTY}


def test_a_waived_fault_stays_out_of_the_history_of_later_runs(bank: Bank) -> None:
    loads = deliver_nights(bank, 15)
    until = {number: bank.query(f"select max(load_id) from ops.load where business_date"
             f" <= date '{night(number)}'")[0][0] for number in loads}  # fmt: skip
    found = compare_with_weeks_before(bank.raw, ())
    waived = [f for f in found if f.business_date == night(6)]
    record_findings(bank.raw, [Finding(**(vars(f) | {"is_waived": True})) for f in waived])
    published = range(1, until[8] + 1)
    assert held(compare_with_weeks_before(bank.raw, published)) == {night(9), night(12)}


def test_a_volume_that_was_waived_is_no_measure_for_the_next(bank: Bank) -> None:
    enter_loads(bank, ENTRIES, [*[100 + day % 7 for day in range(42)], 1000, 102, 1000, 103])
    found = compare_with_weeks_before(bank.raw, ())
    assert [f.load_id for f in found] == [43, 45]
    record_findings(bank.raw, [Finding(**(vars(found[0]) | {"is_waived": True}))])
    assert [f.load_id for f in compare_with_weeks_before(bank.raw, range(1, 45))] == [45]


def test_a_new_level_becomes_the_history_when_it_lasts(bank: Bank) -> None:
    enter_loads(bank, ENTRIES, [*[100 + day % 7 for day in range(42)], *[1000] * 60])
    loads = [f.load_id for f in compare_with_weeks_before(bank.raw, ())]
    assert loads == list(range(43, 43 + len(loads))) and 10 < len(loads) < 35
