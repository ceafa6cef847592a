from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.sample.conftest import DeliveredBank

CENT = Decimal("0.01")
Spans = dict[date, Decimal]
MONTH_ENDS = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]


def read_balances(bank: DeliveredBank, feed: str, member: str, value: str) -> dict[str, Spans]:
    """By member, the balance at the end of every night from its first row on."""
    changes: dict[str, Spans] = defaultdict(dict)
    for night, row in bank.rows(feed):
        changes[row[member]][night] = Decimal(row[value])
    spans: dict[str, Spans] = {}
    for name, rows in changes.items():
        balance, spans[name] = Decimal(0), {}
        for night in bank.nights:
            balance = rows.get(night, balance)
            if night >= min(rows):
                spans[name][night] = balance
    return spans


def sum_movements(bank: DeliveredBank, feed: str, member: str, credit: int) -> dict[str, Spans]:
    moves: dict[str, Spans] = defaultdict(lambda: defaultdict(Decimal))
    for _, row in bank.rows(feed):
        sign = credit if row["debit_credit"] == "C" else -credit
        amount = sign * Decimal(row["amount"]) - credit * Decimal(row["fee_amount"])
        moves[row[member]][date.fromisoformat(row["posting_date"])] += amount
    return moves


@pytest.mark.parametrize(
    ("balances", "entries", "member", "credit"),
    [
        ("branch.account_balance", "teller.transaction", "account_id", 1),
        ("card.card_balance", "card.card_transaction", "card_id", -1),
    ],
)
def test_every_balance_is_the_one_before_plus_the_entries_of_the_day(
    bank: DeliveredBank, balances: str, entries: str, member: str, credit: int
) -> None:
    moves = sum_movements(bank, entries, member, credit)
    for name, spans in read_balances(bank, balances, member, "balance").items():
        for night, before in spans.items():
            after = spans.get(night + timedelta(days=1))
            moved = moves.get(name, {}).get(night + timedelta(days=1), Decimal(0))
            assert after is None or after == before + moved, (name, night)


def test_balances_come_only_where_they_changed_and_deposits_are_never_negative(
    bank: DeliveredBank,
) -> None:
    last: dict[str, str] = {}
    for _, row in bank.rows("branch.account_balance"):
        assert last.get(row["account_id"]) != row["balance"]
        assert Decimal(row["balance"]) >= 0
        last[row["account_id"]] = row["balance"]


def count_days_of(basis: str, night: date) -> tuple[Decimal, int]:
    """Days that one night counts, and days of the year."""
    following = night + timedelta(days=1)
    if basis != "30/360":
        return Decimal(1), int(basis.split("/")[1])
    months = 12 * (following.year - night.year) + following.month - night.month
    return Decimal(30 * months + min(following.day, 30) - min(night.day, 30)), 360


def accrue(spans: Spans, rate: Decimal, basis: str, month_end: date) -> Decimal:
    total, year = Decimal(0), 360
    for night, balance in spans.items():
        if (night.year, night.month) == (month_end.year, month_end.month):
            days, year = count_days_of(basis, night)
            total += balance * days
    return (total * rate / year).quantize(CENT, ROUND_HALF_UP)


def find_version(
    bank: DeliveredBank, feed: str, member: str, night: date
) -> dict[str, dict[str, str]]:
    return {row[member]: row for delivered, row in bank.rows(feed) if delivered <= night}


SUBLEDGERS = (
    ("branch.account", "account_id", "branch.account_balance", "balance", "2011", "6411"),
    ("loan.loan", "loan_id", "loan.loan_status", "principal_balance", "1301", "6011"),
    ("card.card", "card_id", "card.card_balance", "balance", "1311", "6011"),
)


def expect_ledger(bank: DeliveredBank, month_end: date) -> dict[tuple[str, str], Decimal]:
    """The general ledger of a month, from the extracts alone, one account after the other."""
    ledger: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    basis = {row["product_id"]: row["day_basis"] for _, row in bank.rows("branch.product")}
    branches: dict[str, str] = {}
    for contracts, member, balances, value, stock, income in SUBLEDGERS:
        versions = find_version(bank, contracts, member, month_end)
        branches |= {name: row["branch_id"] for name, row in versions.items()}
        for name, spans in read_balances(bank, balances, member, value).items():
            if name not in versions:
                continue
            row = versions[name]
            interest = accrue(
                spans, Decimal(row["interest_rate"]), basis[row["product_id"]], month_end
            )
            ledger[row["branch_id"], stock] += spans[month_end]
            ledger[row["branch_id"], income] += interest
    for feed, member in (
        ("teller.transaction", "account_id"),
        ("card.card_transaction", "card_id"),
    ):
        for night, row in bank.rows(feed):
            if (night.year, night.month) == (month_end.year, month_end.month):
                fee = Decimal(row["fee_amount"])
                if row["transaction_type_code"] == "FEE":
                    sign = 1 if row["debit_credit"] == "D" else -1
                    fee += sign * Decimal(row["amount"])
                ledger[branches[row[member]], "6021"] += fee
    return ledger


@pytest.mark.parametrize("month_end", MONTH_ENDS)
def test_the_general_ledger_ties_to_the_cent(bank: DeliveredBank, month_end: date) -> None:
    delivered = {
        (row["branch_id"], row["gl_account_code"]): Decimal(row["balance"])
        for night, row in bank.rows("finance.gl_balance")
        if night == month_end and row["month_end_date"] == month_end.isoformat()
    }
    expected = expect_ledger(bank, month_end)
    assert {key: value for key, value in expected.items() if value} == {
        key: value for key, value in delivered.items() if value
    }
    units = {unit for unit, _ in delivered}
    assert len(delivered) == 6 * len(units)
    assert {code for _, code in delivered} == {"1301", "1311", "2011", "6011", "6021", "6411"}


def test_every_loan_payment_leaves_the_account_and_reduces_the_principal(
    bank: DeliveredBank,
) -> None:
    loans = find_version(bank, "loan.loan", "loan_id", bank.nights[-1])
    paid: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    principal: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for night, row in bank.rows("loan.repayment"):
        account = loans[row["loan_id"]]["repayment_account_id"]
        parts = Decimal(row["principal_paid"]), Decimal(row["interest_paid"])
        paid[account, row["paid_date"]] += sum(parts)
        principal[row["loan_id"], night] += parts[0]
    taken: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for _, row in bank.rows("teller.transaction"):
        if row["transaction_type_code"] == "LOAN_PAYMENT":
            taken[row["account_id"], row["posting_date"]] += Decimal(row["amount"])
    assert paid == taken
    positions = read_balances(bank, "loan.loan_status", "loan_id", "principal_balance")
    for loan, spans in positions.items():
        for night, balance in spans.items():
            after = spans.get(night + timedelta(days=1), balance)
            if night != bank.nights[-1]:
                assert after == balance - principal[loan, night + timedelta(days=1)]


def test_overdue_figures_follow_from_the_unpaid_instalments(bank: DeliveredBank) -> None:
    due: dict[str, dict[int, dict[str, str]]] = defaultdict(dict)
    paid: dict[str, set[int]] = defaultdict(set)
    schedules, repayments = bank.rows("loan.schedule"), bank.rows("loan.repayment")
    statuses = dict[date, dict[str, dict[str, str]]]()
    for night, row in bank.rows("loan.loan_status"):
        statuses.setdefault(night, {})[row["loan_id"]] = row
    current: dict[str, dict[str, str]] = {}
    for night in bank.nights:
        for _, row in (item for item in schedules if item[0] == night):
            due[row["loan_id"]][int(row["instalment_number"])] = row
        for _, row in (item for item in repayments if item[0] == night):
            paid[row["loan_id"]].add(int(row["instalment_number"]))
        current |= statuses.get(night, {})
        for loan, row in current.items():
            late = [
                item
                for number, item in due[loan].items()
                if number not in paid[loan] and item["due_date"] < night.isoformat()
            ]
            oldest = min((date.fromisoformat(item["due_date"]) for item in late), default=night)
            assert int(row["days_past_due"]) == (night - oldest).days
            assert Decimal(row["overdue_principal"]) == sum(
                Decimal(item["principal_due"]) for item in late
            )
            assert Decimal(row["overdue_interest"]) == sum(
                Decimal(item["interest_due"]) for item in late
            )
