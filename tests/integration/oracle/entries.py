"""Posted entries of the teller and card systems as delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from tests.integration.oracle.accounts import AccountId
from tests.integration.oracle.curves import read_seed
from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.figures import fraction, half_up


@dataclass(frozen=True)
class Entry:
    """One posted entry."""

    system: str
    number: str
    account: AccountId
    day: date
    night: date
    posted_at: datetime | None
    kind: str
    channel: str | None
    branch_id: str | None
    teller_id: str | None
    currency: str
    debit_credit: str
    amount: Decimal
    fee: Decimal
    reverses: str | None
    is_fee: bool

    @property
    def signed_amount(self) -> Decimal:
        """Effect on the account: credits add to it, debits take from it."""
        return self.amount if self.debit_credit == "C" else -self.amount

    @property
    def fee_income(self) -> Decimal:
        """What the bank earned: the fee beside the amount, and the amount of a fee entry."""
        return self.fee - (self.signed_amount if self.is_fee else 0)


def read_entries(landing: Landing) -> list[Entry]:
    """Every entry of both systems; a repeated one counts once."""
    fees = {
        row["transaction_type_code"]
        for row in read_seed("transaction_type")
        if row["is_fee"] == "true"
    }
    teller = [
        _entry(row, night, "teller", fees) for night, row in landing.last_rows("teller.transaction")
    ]
    card = [
        _entry(row, night, "card", fees)
        for night, row in landing.last_rows("card.card_transaction")
    ]
    return teller + card


def _entry(row: Row, night: date, system: str, fees: set[str]) -> Entry:
    on_card = system == "card"
    return Entry(
        system=system,
        number=row["card_transaction_id" if on_card else "transaction_id"],
        account=("card", row["card_id"]) if on_card else ("branch", row["account_id"]),
        day=date.fromisoformat(row["posting_date"]),
        night=night,
        posted_at=datetime.fromisoformat(row["posted_at"]) if row["posted_at"] else None,
        kind=row["transaction_type_code"],
        channel=row["channel_code"] or None,
        branch_id=row.get("branch_id") or None,
        teller_id=row.get("teller_id") or None,
        currency=row["currency_code"],
        debit_credit=row["debit_credit"],
        amount=half_up(fraction(row["amount"])),
        fee=half_up(fraction(row["fee_amount"])),
        reverses=row["reversal_of"] or None,
        is_fee=row["transaction_type_code"] in fees,
    )
