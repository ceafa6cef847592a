"""Posted entries of the teller and card systems as delivered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from tests.integration.oracle.accounts import AccountId
from tests.integration.oracle.curves import read_seed
from tests.integration.oracle.deliveries import Landing, Row
from tests.integration.oracle.figures import fraction, half_up

Number = tuple[str, str]
"""Source system and the entry as that system numbers it."""


@dataclass(frozen=True)
class Entry:
    """One posted entry."""

    system: str
    number: str
    account: AccountId
    day: date
    night: date
    booked_at: datetime | None
    kind: str
    channel: str | None
    branch_id: str | None
    teller_id: str | None
    currency: str
    debit_credit: str
    amount: Decimal
    fee: Decimal
    reverses: str | None
    counterparty: str | None
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
    """Every entry of both systems; a repeated one counts once, a reversal of a fee is a fee."""
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
    return take_fees_back(teller + card)


def find_first(entry: Entry, entries: dict[Number, Entry]) -> Entry | None:
    """The entry that a chain of reversals of one account begins with; None where it is unknown."""
    seen: set[str] = set()
    while entry.reverses is not None and entry.number not in seen:
        seen.add(entry.number)
        earlier = entries.get((entry.system, entry.reverses))
        if earlier is None or earlier.account != entry.account:
            return None
        entry = earlier
    return None if entry.reverses is not None else entry


def take_fees_back(entries: list[Entry]) -> list[Entry]:
    """The entries; a reversal is a fee where the entry it takes back is one."""
    numbered = {(entry.system, entry.number): entry for entry in entries}
    return [
        replace(entry, is_fee=first.is_fee)
        if entry.reverses is not None and (first := find_first(entry, numbered)) is not None
        else entry
        for entry in entries
    ]


def _entry(row: Row, night: date, system: str, fees: set[str]) -> Entry:
    on_card = system == "card"
    return Entry(
        system=system,
        number=row["card_transaction_id" if on_card else "transaction_id"],
        account=("card", row["card_id"]) if on_card else ("branch", row["account_id"]),
        day=date.fromisoformat(row["posting_date"]),
        night=night,
        booked_at=datetime.fromisoformat(row["posted_at"]) if row["posted_at"] else None,
        kind=row["transaction_type_code"],
        channel=row["channel_code"] or None,
        branch_id=row.get("branch_id") or None,
        teller_id=row.get("teller_id") or None,
        currency=row["currency_code"],
        debit_credit=row["debit_credit"],
        amount=half_up(fraction(row["amount"])),
        fee=half_up(fraction(row["fee_amount"])),
        reverses=row["reversal_of"] or None,
        counterparty=row.get("counterparty_account") or None,
        is_fee=row["transaction_type_code"] in fees,
    )
