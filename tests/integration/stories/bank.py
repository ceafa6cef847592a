"""A bank of few customers whose nights are told row by row: every figure can be written out.

Every day of the year 2023 is a business date; on most of them nothing happens.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from pipelines.contracts.contract import Contract, load_contracts
from pipelines.sources.extract import ExtractWriter

FIRST, LAST = date(2023, 1, 1), date(2023, 12, 31)
NIGHTS = [FIRST + timedelta(day) for day in range((LAST - FIRST).days + 1)]
Value = str | int | bool | Decimal | date | None
Row = dict[str, Value]


class StoryBank:
    """Collects what the source systems say each night, and delivers it."""

    def __init__(self) -> None:
        self._told: dict[str, dict[date, list[Row]]] = defaultdict(lambda: defaultdict(list))
        self._dropped: dict[str, dict[date, set[Value]]] = defaultdict(lambda: defaultdict(set))
        self._balances: dict[str, Decimal] = defaultdict(Decimal)
        self._entries = 0

    def tell(self, night: date, feed: str, **values: Value) -> None:
        """A row of a feed; columns that are not named are empty."""
        self._told[feed][night].append(values)

    def drop(self, night: date, feed: str, key: str) -> None:
        """A member that the full snapshots lack from a night on."""
        self._dropped[feed][night].add(key)

    def tell_customer(
        self, night: date, customer: str, name: str, branch: str = "B1", **values: Value
    ) -> None:
        """A person of the branch system."""
        defaults: Row = {"customer_type": "PERSON", "full_name": name, "branch_id": branch}
        self.tell(night, "branch.customer", customer_id=customer, **(defaults | values))

    def tell_assignment(self, night: date, customer: str, manager: str, **values: Value) -> None:
        """A manager who answers for the whole of a customer from the night on."""
        defaults: Row = {"share": Decimal(1), "valid_from": night}
        self.tell(
            night, "branch.manager_assignment", customer_id=customer, manager_id=manager,
            **(defaults | values),
        )  # fmt: skip

    def tell_loan_customer(self, night: date, customer: str, name: str, **values: Value) -> None:
        """A person of the loan system."""
        defaults: Row = {"customer_type": "PERSON", "full_name": name}
        self.tell(night, "loan.customer", customer_id=customer, **(defaults | values))

    def tell_loan(self, night: date, loan: str, customer: str, **values: Value) -> None:
        """A loan of 100,000 for a year, granted by B1 on the first day."""
        defaults: Row = {
            "product_id": "LOAN", "branch_id": "B1", "currency_code": "CNY", "status": "ACTIVE",
            "principal_amount": Decimal(100000), "interest_rate": Decimal("0.0435"),
            "rate_type": "FIXED", "term_days": 365, "origination_date": FIRST,
        }  # fmt: skip
        self.tell(night, "loan.loan", loan_id=loan, customer_id=customer, **(defaults | values))

    def tell_loan_status(
        self, night: date, loan: str, principal: str, overdue: str = "0", days: int = 0
    ) -> None:
        """What a loan owes, and for how many days it has been late."""
        self.tell(
            night, "loan.loan_status", loan_id=loan, principal_balance=Decimal(principal),
            overdue_principal=Decimal(overdue), overdue_interest=Decimal(0), days_past_due=days,
        )  # fmt: skip

    def open_account(
        self, night: date, account: str, *owners: str, branch: str = "B1", **values: Value
    ) -> None:
        """A demand account at 0.20 %, owned in the order of names with equal shares."""
        defaults: Row = {"product_id": "SAVINGS", "currency_code": "CNY", "status": "ACTIVE"}
        defaults |= {"interest_rate": Decimal("0.002"), "opened_date": night}
        account_row = defaults | {"account_id": account, "branch_id": branch} | values
        self.tell(night, "branch.account", **account_row)
        for position, owner in enumerate(owners):
            self.tell(
                night, "branch.account_party", account_id=account, customer_id=owner,
                party_role="JOINT" if position else "OWNER",
                share=Decimal(1) / len(owners), valid_from=night,
            )  # fmt: skip

    def post(
        self, night: date, account: str, amount: str, kind: str = "CASH_DEPOSIT", **values: Value
    ) -> str:
        """Post an amount to an account (negative: from it) and tell the balance it leaves.

        On the other side, told by ``debit_credit``, the amount is delivered as a negative one.
        """
        signed = Decimal(amount)
        self._entries += 1
        entry = f"E{self._entries:05}"
        defaults: Row = {"channel_code": "COUNTER", "branch_id": "B1", "fee_amount": Decimal(0)}
        row = defaults | {
            "transaction_id": entry, "account_id": account, "posting_date": night,
            "transaction_type_code": kind, "debit_credit": "C" if signed > 0 else "D",
            "amount": abs(signed), "currency_code": "CNY",
        } | values  # fmt: skip
        if row["debit_credit"] == ("D" if signed > 0 else "C"):
            row["amount"] = -abs(signed)
        self.tell(night, "teller.transaction", **row)
        fee = row["fee_amount"]
        assert isinstance(fee, Decimal)
        self._balances[account] += signed - fee
        self._tell_balance(night, account)
        return entry

    def _tell_balance(self, night: date, account: str) -> None:
        """One balance per account and night: the last."""
        rows = self._told["branch.account_balance"][night]
        rows[:] = [row for row in rows if row["account_id"] != account]
        rows.append({"account_id": account, "balance": self._balances[account]})

    def deliver(self, landing: Path, until: date = LAST) -> None:
        """Write the extracts of all nights up to one."""
        with duckdb.connect() as connection:
            writer = ExtractWriter(landing, connection)
            for contract in load_contracts().values():
                for night, rows in self._deliveries(contract, until).items():
                    connection.register("told", _to_arrow(contract, rows))
                    writer.write(contract, night, "from told")

    def _deliveries(self, contract: Contract, until: date) -> dict[date, list[Row]]:
        told = self._told[contract.name]
        nights = [night for night in NIGHTS if night <= until]
        if contract.delivery != "full":
            return {night: told[night] for night in nights if contract.mandatory or told[night]}
        state: dict[tuple[Value, ...], Row] = {}
        deliveries = {}
        for night in nights:
            gone = self._dropped[contract.name][night]
            if told[night] or gone:
                state = {key: row for key, row in state.items() if key[0] not in gone}
                state |= {tuple(row[name] for name in contract.key): row for row in told[night]}
                deliveries[night] = list(state.values())
        return deliveries


def _to_arrow(contract: Contract, rows: list[Row]) -> pa.Table:
    unknown = {name for row in rows for name in row} - set(contract.column_names)
    assert not unknown, f"{contract.name} has no column {sorted(unknown)}"
    columns = {
        column.name: pa.array(
            [None if row.get(column.name) is None else str(row[column.name]) for row in rows],
            pa.string(),
        )
        for column in contract.columns
    }
    return pa.table(columns)
