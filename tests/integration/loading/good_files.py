"""Good files of feeds of different shape, and ways to write them down."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pipelines.contracts.contract import Contract, get_contract

Row = dict[str, str]
ROWS = 12
CARDS = ("110105195512310017", "11010519491231002X", "110105194912310046")


@dataclass(frozen=True)
class GoodFile:
    """A delivery without a fault: twelve rows of text by column."""

    contract: Contract
    business_date: date
    rows: Sequence[Row]

    @property
    def header(self) -> list[str]:
        return list(self.contract.column_names)

    @property
    def text(self) -> str:
        return self.write()

    @property
    def totals(self) -> dict[str, Decimal]:
        """What the source system counted."""
        return {
            total.label: sum(
                (
                    Decimal(row[total.column])
                    for row in self.rows
                    if all(row[name] == value for name, value in total.where.items())
                ),
                Decimal("0.00"),
            )
            for total in self.contract.control_totals
        }

    def write(
        self,
        rows: Sequence[Mapping[str, str]] | None = None,
        header: Sequence[str] | None = None,
        names: Sequence[str] | None = None,
        delimiter: str | None = None,
    ) -> str:
        """The file as text: ``names`` are the columns written, ``header`` what its first line says.

        A field is quoted where it would be mistaken for something else.
        """
        mark = delimiter or self.contract.format.delimiter
        names = names or self.header
        lines = [mark.join(header or names)]
        for row in self.rows if rows is None else rows:
            lines.append(mark.join(quote(row[name], mark) for name in names))
        return "\n".join(lines) + "\n"

    def change(self, index: int, **fields: str) -> list[Row]:
        """The rows, one of them with other fields."""
        return [row | fields if i == index else dict(row) for i, row in enumerate(self.rows)]

    def change_all(self, change: Callable[[int, Row], Mapping[str, str]]) -> list[Row]:
        """The rows, each with other fields."""
        return [row | dict(change(i, row)) for i, row in enumerate(self.rows)]


def quote(value: str, delimiter: str) -> str:
    """A field as a careful source system writes it."""
    if not any(mark in value for mark in (delimiter, '"', "\n", "\r")):
        return value
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow([value])
    return written.getvalue()


def make_entries(day: date) -> GoodFile:
    """Teller entries: append-only, with sums."""
    kinds = [("D", "ATM"), ("C", "MOBILE"), ("D", "COUNTER")]
    rows = [
        {
            # Ids go on from night to night, as a teller system gives them.
            "transaction_id": f"E{day:%Y%m%d}{number:03}",
            "account_id": f"A{number % 5:09}",
            "posting_date": str(day),
            "posted_at": f"{day} 10:{number:02}:00",
            "transaction_type_code": "TRANSFER",
            "channel_code": kinds[number % 3][1],
            "branch_id": "00045",
            "teller_id": "T01",
            "debit_credit": kinds[number % 3][0],
            "amount": f"{number * 137}.{number:02}",
            "fee_amount": "0.50",
            "currency_code": "CNY",
            "reversal_of": "",
            "counterparty_account": f"62220000{number:04}",
        }
        for number in range(1, ROWS + 1)
    ]
    return GoodFile(get_contract("teller.transaction"), day, rows)


def make_customers(day: date) -> GoodFile:
    """Customers of the branch system: a dated snapshot with keys and personal data."""
    rows = [
        {
            "customer_id": f"C{number:08}",
            "customer_type": "PERSON",
            "full_name": f"Zoë Li {chr(64 + number)}",
            "document_type": "ID_CARD" if number <= len(CARDS) else "PASSPORT",
            "document_number": CARDS[number - 1] if number <= len(CARDS) else f"E1000{number:04}",
            "birth_date": str(date(1980, 1, 3) + timedelta(days=9 * number)),
            "gender": "FM"[number % 2],
            "phone": f"1507223{number:04}",
            "address": f"No {number} Renmin Road",
            "city": "Chongqing",
            "industry_code": "OCC5",
            "branch_id": "00045",
            "opened_date": str(date(2015, 6, 1) + timedelta(days=17 * number)),
        }
        for number in range(1, ROWS + 1)
    ]
    return GoodFile(get_contract("branch.customer"), day, rows)


def make_accounts(day: date) -> GoodFile:
    rows = [
        {
            "account_id": f"A{number:09}",
            "product_id": "SAV01",
            "branch_id": "00045",
            "currency_code": "CNY",
            "opened_date": "2015-06-17",
            "closed_date": "2016-06-17" if number % 2 else "",
            "maturity_date": "",
            "term_days": "360",
            "rate_type": "FIXED",
            "interest_rate": "0.02500000",
            "repricing_date": "",
            "status": "CLOSED" if number % 2 else "ACTIVE",
        }
        for number in range(1, ROWS + 1)
    ]
    return GoodFile(get_contract("branch.account"), day, rows)


def make_cards(day: date) -> GoodFile:
    rows = [
        {
            "card_id": f"CT{number:09}",
            "customer_id": f"K{number:07}",
            "product_id": "CRD01",
            "branch_id": "00045",
            "settlement_account_id": f"A{number:09}",
            "card_type": "CREDIT",
            "currency_code": "CNY",
            "credit_limit": "5000.00",
            "interest_rate": "0.18250000",
            "issued_date": "2019-05-17",
            "expiry_date": "2024-05-17",
            "status": "ACTIVE",
        }
        for number in range(1, ROWS + 1)
    ]
    return GoodFile(get_contract("card.card"), day, rows)


def make_loan_positions(day: date) -> GoodFile:
    """Loan positions: amounts that are never negative, a delimiter of three characters."""
    rows = [
        {
            "loan_id": f"L{number:08}",
            "principal_balance": f"{number}000.25",
            "overdue_principal": f"{number}.00",
            "overdue_interest": "0.10",
            "days_past_due": str(number),
        }
        for number in range(1, ROWS + 1)
    ]
    return GoodFile(get_contract("loan.loan_status"), day, rows)


MAKERS: dict[str, Callable[[date], GoodFile]] = {
    "teller.transaction": make_entries,
    "branch.customer": make_customers,
    "branch.account": make_accounts,
    "card.card": make_cards,
    "loan.loan_status": make_loan_positions,
}
