"""An account that is closed and has a balance is told, with its id, file and line."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from pipelines.checks.findings import Finding
from pipelines.checks.volume_checks import compare_with_weeks_before
from pipelines.contracts.contract import get_contract

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

ACCOUNTS, BALANCES = "branch.account", "branch.account_balance"
FIRST = date(2024, 1, 31)


def deliver_account(bank: Bank, number: int, status: str) -> int:
    fields = {
        "account_id": "A1", "product_id": "P1", "branch_id": "B1", "currency_code": "CNY",
        "opened_date": "2020-01-01", "status": status,
    }  # fmt: skip
    line = ",".join(fields.get(name, "") for name in get_contract(ACCOUNTS).column_names)
    result = bank.load(
        bank.deliver_lines(ACCOUNTS, FIRST + timedelta(days=number), [line])
    )  # fmt: skip
    assert (result.status, result.rules) == ("loaded", {})
    return result.load_id


def deliver_balance(bank: Bank, number: int, balance: int) -> int:
    query = f"select 'A1' as account_id, {balance} as balance"
    result = bank.load(bank.deliver(BALANCES, FIRST + timedelta(days=number), query))
    assert result.status == "loaded"
    return result.load_id


def findings(bank: Bank, published: tuple[int, ...]) -> list[Finding]:
    found = compare_with_weeks_before(bank.raw, published)
    return [f for f in found if f.rule.startswith("closed_accounts:")]


def test_an_account_closed_with_500_is_told_until_its_balance_is_zero(bank: Bank) -> None:
    before = (deliver_account(bank, 0, "ACTIVE"), deliver_balance(bank, 0, 500))
    assert findings(bank, ()) == []
    closed = deliver_account(bank, 1, "CLOSED")
    (finding,) = findings(bank, before)
    assert (finding.rule, finding.load_id) == (f"closed_accounts:{ACCOUNTS}", closed)
    assert finding.severity == "warn"
    assert finding.message == (
        "branch.account: 1 with status CLOSED have a balance: account_id A1"
        " (account_2024-02-01_r0.csv line 2) has 500.00 since 2024-01-31. Have the source system"
        " deliver a balance of 0, or the right status"
    )
    later = deliver_balance(bank, 2, 0)
    assert findings(bank, (*before, closed)) == []
    assert findings(bank, (*before, closed, later)) == []


def test_a_balance_of_a_closed_account_is_told(bank: Bank) -> None:
    closed = deliver_account(bank, 0, "CLOSED")
    deliver_balance(bank, 1, 20)
    (finding,) = findings(bank, (closed,))
    assert finding.rule == f"closed_accounts:{BALANCES}"


def test_a_reopened_account_is_not_told(bank: Bank) -> None:
    deliver_account(bank, 0, "CLOSED")
    deliver_balance(bank, 0, 500)
    deliver_account(bank, 1, "ACTIVE")
    assert findings(bank, ()) == []
