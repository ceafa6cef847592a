"""A file agrees with the bank, not only with itself: balances with entries, keys with members."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from pipelines.checks.findings import Finding
from pipelines.checks.volume_checks import compare_with_weeks_before
from pipelines.contracts.contract import get_contract, load_contracts

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FIRST = date(2024, 1, 1)
ACCOUNTS = tuple(f"{number:06}" for number in range(1, 21))
BALANCES, ENTRIES, MEMBERS = "branch.account_balance", "teller.transaction", "branch.account"
DATE = "posting_date"
"""The column of the entries that says which day they count for."""
FEE = 1


def night(number: int) -> date:
    return FIRST + timedelta(days=number)


def complete(feed: str, query: str, *delivered: str) -> str:
    """The query with a null in every column of the feed that it does not deliver."""
    missing = [name for name in get_contract(feed).column_names if name not in delivered]
    nulls = ", ".join(f"null as {name}" for name in missing)
    return f"select *, {nulls} from ({query})"


def deliver_members(bank: Bank, ids: Sequence[str]) -> None:
    values = ", ".join(f"('{account}')" for account in ids)
    names = ("account_id", "product_id", "branch_id", "currency_code", "opened_date", "status")
    query = (
        f"select id as {names[0]}, 'P1' as {names[1]}, 'B1' as {names[2]}, 'CNY' as {names[3]},"
        f" date '2020-01-01' as {names[4]}, 'ACTIVE' as {names[5]} from (values {values}) as t(id)"
    )
    path = bank.deliver(MEMBERS, FIRST, complete(MEMBERS, query, *names))
    assert bank.load(path).status == "loaded"


def deliver_balances(bank: Bank, number: int, balances: dict[str, int]) -> int:
    values = ", ".join(f"('{account}', {balance})" for account, balance in balances.items())
    query = f"select * from (values {values}) as t(account_id, balance)"
    result = bank.load(bank.deliver(BALANCES, night(number), query))
    assert result.status == "loaded", result.problems
    return result.load_id


def deliver_entries(bank: Bank, number: int, amounts: dict[str, int]) -> None:
    """An entry and its fee for every account; a negative amount is a debit."""
    day = night(number)
    rows = ", ".join(
        f"('{number}-{account}', '{account}', '{'C' if amount > 0 else 'D'}', {abs(amount)})"
        for account, amount in amounts.items()
    )
    names = [get_contract(ENTRIES).key[0], "account_id", DATE, "transaction_type_code"]
    names += ["debit_credit", "amount", "fee_amount", "currency_code"]
    query = (
        f"select id as {names[0]}, account_id, date '{day}' as {DATE},"
        " 'TRANSFER' as transaction_type_code, debit_credit, amount,"
        f" {FEE} as fee_amount, 'CNY' as currency_code"
        f" from (values {rows}) as t(id, account_id, debit_credit, amount)"
    )
    path = bank.deliver(ENTRIES, day, complete(ENTRIES, query, *names))
    assert bank.load(path).status == "loaded"


def deliver_nights(bank: Bank, nights: int) -> dict[str, int]:
    """Nights on which every account has an entry; returns the balances at their end."""
    deliver_members(bank, ACCOUNTS)
    balances = dict.fromkeys(ACCOUNTS, 1000)
    for number in range(nights):
        amounts = {a: (-1) ** number * (10 + int(a)) for a in ACCOUNTS}
        deliver_entries(bank, number, amounts)
        balances = {a: balance + amounts[a] - FEE for a, balance in balances.items()}
        deliver_balances(bank, number, balances)
    return balances


def findings_of(bank: Bank, rule: str) -> list[Finding]:
    return [f for f in compare_with_weeks_before(bank.raw, ()) if f.rule == rule]


def test_balances_that_are_the_sum_of_their_entries_give_no_finding(bank: Bank) -> None:
    deliver_nights(bank, 4)
    assert compare_with_weeks_before(bank.raw, ()) == []
    assert bank.query(
        "select load_id, compared, failed from ops.check_result"
        " where rule = 'roll_forward:branch.account_balance' order by all"
    ) == [(5, 20, 0), (7, 20, 0), (9, 20, 0)]


def test_balances_with_the_other_sign_are_held_with_file_line_and_figure(bank: Bank) -> None:
    balances = deliver_nights(bank, 4)
    deliver_entries(bank, 4, dict.fromkeys(ACCOUNTS, 5))
    load = deliver_balances(bank, 4, {a: -(b + 5 - FEE) for a, b in balances.items()})
    (finding,) = findings_of(bank, "roll_forward:branch.account_balance")
    assert (finding.load_id, finding.business_date, finding.severity) == (load, night(4), "hold")
    first = balances["000001"]
    assert finding.message == (
        "branch.account_balance: 20 of 20 changes of balance are not what teller.transaction"
        " explains: account_balance_2024-01-05_r0.csv line 2, account_id 000001 changed by"
        f" {-2 * first - 4:,}.00, its entries less fees are 4.00"
    )


def test_one_balance_with_zeros_too_many_is_held(bank: Bank) -> None:
    balances = deliver_nights(bank, 4)
    deliver_entries(bank, 4, {"000007": 5})
    deliver_balances(bank, 4, {"000007": (balances["000007"] + 4) * 1000})
    (finding,) = findings_of(bank, "roll_forward:branch.account_balance")
    assert finding.severity == "hold"
    assert "1 of 1 changes" in finding.message and "account_id 000007" in finding.message


def test_a_change_over_several_nights_is_the_sum_of_all_their_entries(bank: Bank) -> None:
    balances = deliver_nights(bank, 3)
    for number in (3, 4):
        deliver_entries(bank, number, {"000001": 7})
        deliver_balances(bank, number, {"000002": balances["000002"]})
    deliver_entries(bank, 5, {"000002": 2})
    deliver_balances(bank, 5, {"000001": balances["000001"] + 12, "000002": balances["000002"] + 1})
    assert findings_of(bank, "roll_forward:branch.account_balance") == []


def test_a_correction_is_compared_and_ends_the_finding(bank: Bank) -> None:
    balances = deliver_nights(bank, 4)
    deliver_entries(bank, 4, dict.fromkeys(ACCOUNTS, 5))
    deliver_balances(bank, 4, {a: -b for a, b in balances.items()})
    assert findings_of(bank, "roll_forward:branch.account_balance")
    bank.raw.execute("update ops.load set superseded_by = 99 where load_id = "
                     "(select max(load_id) from ops.load)")  # fmt: skip
    assert findings_of(bank, "roll_forward:branch.account_balance") == []


def test_a_bank_whose_entries_never_explained_its_balances_is_not_held(bank: Bank) -> None:
    deliver_members(bank, ACCOUNTS)
    for number in range(6):
        deliver_entries(bank, number, dict.fromkeys(ACCOUNTS, 5))
        deliver_balances(bank, number, dict.fromkeys(ACCOUNTS, 1000 + 17 * number))
    found = findings_of(bank, "roll_forward:branch.account_balance")
    assert found and {finding.severity for finding in found} == {"warn"}


def test_what_quarantine_keeps_of_the_entries_explains_as_many_changes(bank: Bank) -> None:
    balances = deliver_nights(bank, 4)
    deliver_entries(bank, 4, {"000001": 5})
    bank.raw.execute("update ops.load set rows_quarantined = 1, rows_delivered = 2 where load_id = "
                     "(select max(load_id) from ops.load)")  # fmt: skip
    deliver_balances(bank, 4, {"000001": balances["000001"] + 4, "000002": 12})
    (finding,) = findings_of(bank, "roll_forward:branch.account_balance")
    assert finding.severity == "warn"


def test_ids_without_their_zeros_are_held_and_the_message_says_what_is_known(bank: Bank) -> None:
    deliver_nights(bank, 2)
    load = deliver_balances(bank, 2, {account.lstrip("0"): 1 for account in ACCOUNTS})
    (finding,) = findings_of(bank, "unknown_keys:branch.account_balance")
    assert (finding.load_id, finding.severity) == (load, "hold")
    assert finding.message == (
        "branch.account_balance: 20 of 20 keys in account_id are unknown to branch.account, where"
        " the days before had at most 0.0%: account_balance_2024-01-03_r0.csv line 2, '1';"
        " branch.account knows '000001': zeros were lost"
    )


def test_two_late_members_among_many_are_no_finding(bank: Bank) -> None:
    balances = deliver_nights(bank, 2)
    deliver_balances(bank, 2, {**balances, "000021": 1, "000022": 1})
    assert findings_of(bank, "unknown_keys:branch.account_balance") == []


def test_keys_are_not_compared_before_the_first_delivery_of_their_members(bank: Bank) -> None:
    deliver_balances(bank, 0, dict.fromkeys(ACCOUNTS, 1))
    assert findings_of(bank, "unknown_keys:branch.account_balance") == []


def test_a_contract_may_say_that_a_rule_only_warns(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = get_contract(BALANCES)
    watch = contract.watch.model_copy(update={"warn": ("unknown_keys",)})
    changed = contract.model_copy(update={"watch": watch})
    monkeypatch.setitem(load_contracts(), BALANCES, changed)
    deliver_members(bank, ACCOUNTS)
    deliver_balances(bank, 2, {account.lstrip("0"): 1 for account in ACCOUNTS})
    (finding,) = findings_of(bank, "unknown_keys:branch.account_balance")
    assert finding.severity == "warn"
