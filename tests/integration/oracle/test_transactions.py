"""fct_transaction against the delivered entries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.oracle.bank import OracleBank
from tests.integration.oracle.entries import Entry, Number
from tests.integration.oracle.entry_costs import EntryCost, EntryCosts
from tests.integration.oracle.marts import assert_equal, read_fact
from tests.integration.oracle.netting import Net, net_entries

FACT = "fct_transaction"
KEY = ("source_system", "transaction_id")


@dataclass(frozen=True)
class Posting:
    """A posted entry with natural ids."""

    account_id: str
    value_date: date
    business_date: date
    booked_at: datetime | None
    booking_date: date | None
    time_of_day_key: int
    transaction_type_code: str
    channel_code: str | None
    activity_code: str | None
    currency_code: str
    product_id: str
    branch_id: str
    teller_id: str | None
    customer_durable_key: int
    debit_credit: str
    is_reversal: bool
    is_reversed: bool
    reversal_of_transaction_id: str | None
    counterparty_account: str | None
    amount: Decimal
    signed_amount: Decimal
    fee_amount: Decimal
    fee_income_amount: Decimal
    net_amount: Decimal
    net_signed_amount: Decimal
    net_fee_income_amount: Decimal
    business_entry_count: int
    standard_minutes: Decimal | None
    cost_amount: Decimal | None


@dataclass(frozen=True)
class Totals:
    """Entries of a day or of an account, added up."""

    entries: int
    amount: Decimal
    debit: Decimal
    credit: Decimal
    fee: Decimal


def test_every_cell_of_an_entry_follows_from_the_delivered_one(bank: OracleBank) -> None:
    nets = net_entries(bank.entries)
    costs = EntryCosts(bank.costs, bank.entries, _published_keys(bank))
    expected = {
        (entry.system, entry.number): _posting(
            bank, entry, nets[entry.system, entry.number], costs.of(entry)
        )
        for entry in bank.entries
    }
    assert_equal(expected, read_fact(bank.published, FACT, KEY, Posting))


@pytest.mark.parametrize(
    ("published_key", "delivered_key"),
    [
        ("source_system, value_date", lambda entry: (entry.system, entry.day)),
        ("source_system, account_id", lambda entry: (entry.system, entry.account[1])),
    ],
    ids=["per day", "per account"],
)
def test_entries_amounts_debits_credits_and_fees_add_up_to_the_delivered_ones(
    bank: OracleBank, published_key: str, delivered_key: Callable[[Entry], tuple[str, str | date]]
) -> None:
    groups: dict[Any, list[Entry]] = defaultdict(list)
    for entry in bank.entries:
        groups[delivered_key(entry)].append(entry)
    expected = {key: _total(entries) for key, entries in groups.items()}
    assert_equal(expected, _published_totals(bank, published_key))


def test_a_key_of_an_entry_names_the_account_of_its_own_system(bank: OracleBank) -> None:
    rows = bank.published.execute(
        """
        select f.source_system, f.transaction_id, a.source_system, a.account_id
        from marts.fct_transaction as f
        left join marts.dim_account as a
            on f.account_key = a.account_key and f.account_durable_key = a.account_durable_key
        """
    ).fetchall()
    published = {row[:2]: row[2:] for row in rows}
    assert published == {(entry.system, entry.number): entry.account for entry in bank.entries}


def test_a_teller_is_not_applicable_at_other_channels_and_missing_where_none_is_told(
    bank: OracleBank,
) -> None:
    rows = bank.published.execute(
        "select source_system, transaction_id, teller_key from marts.fct_transaction"
        " where teller_key < 0"
    ).fetchall()
    published = {row[:2]: row[2] for row in rows}
    assert published == {
        (entry.system, entry.number): -3 if entry.channel not in {None, "COUNTER"} else -1
        for entry in bank.entries
        if entry.teller_id is None
    }


def test_an_entry_without_activity_says_whether_it_has_none_or_its_channel_is_not_told(
    bank: OracleBank,
) -> None:
    rows = bank.published.execute(
        """
        select distinct c.channel_code, f.activity_key
        from marts.fct_transaction as f
        inner join marts.dim_channel as c using (channel_key)
        where f.activity_key < 0
        """
    ).fetchall()
    silent = {(entry.channel, -3 if entry.channel else -1) for entry in bank.entries}
    assert set(rows) == {pair for pair in silent if pair[0] in {None, "BATCH"}}


def test_reversed_entries_of_the_sample_bank_and_their_reversals_are_no_business(
    sample: OracleBank,
) -> None:
    row = sample.published.execute(
        """
        select count(*) filter (where is_reversal), count(*) filter (where is_reversed),
            count(*) - sum(business_entry_count), sum(net_amount) filter (where is_reversed)
        from marts.fct_transaction
        """
    ).fetchone()
    assert row is not None
    reversals = row[0]
    assert reversals > 0
    assert row == (reversals, reversals, 2 * reversals, 0)


def _posting(bank: OracleBank, entry: Entry, net: Net, cost: EntryCost) -> Posting:
    terms = bank.accounts.terms[entry.account].reaching_back(entry.day)
    return Posting(
        account_id=entry.account[1],
        value_date=entry.day,
        business_date=entry.night,
        booked_at=entry.booked_at,
        booking_date=entry.booked_at.date() if entry.booked_at else None,
        time_of_day_key=_minute(entry.booked_at),
        transaction_type_code=entry.kind,
        channel_code=entry.channel,
        activity_code=cost.activity_code,
        currency_code=entry.currency,
        product_id=terms.product_id,
        # An entry that names no unit, as those of electronic channels and of the card system,
        # counts for the unit that keeps the account.
        branch_id=entry.branch_id or terms.branch_id,
        teller_id=entry.teller_id,
        customer_durable_key=bank.owners.lead(entry.account, entry.day),
        debit_credit=entry.debit_credit,
        is_reversal=entry.reverses is not None,
        is_reversed=net.is_reversed,
        reversal_of_transaction_id=entry.reverses,
        counterparty_account=entry.counterparty,
        amount=entry.amount,
        signed_amount=entry.signed_amount,
        fee_amount=entry.fee,
        fee_income_amount=entry.fee_income,
        net_amount=net.signed_amount if entry.debit_credit == "C" else -net.signed_amount,
        net_signed_amount=net.signed_amount,
        net_fee_income_amount=net.fee_income,
        business_entry_count=int(entry.reverses is None and not net.is_reversed),
        standard_minutes=cost.standard_minutes,
        cost_amount=cost.cost_amount,
    )


def _minute(booked_at: datetime | None) -> int:
    return -1 if booked_at is None else booked_at.hour * 60 + booked_at.minute


def _published_keys(bank: OracleBank) -> dict[Number, int]:
    """Keys of entries: they only order the cents of entries that are priced together."""
    rows = bank.published.execute(
        "select source_system, transaction_id, transaction_key from marts.fct_transaction"
    ).fetchall()
    return {(system, number): key for system, number, key in rows}


def _total(entries: list[Entry]) -> Totals:
    def add(amounts: list[Decimal]) -> Decimal:
        return sum(amounts, Decimal())

    return Totals(
        entries=len(entries),
        amount=add([entry.amount for entry in entries]),
        debit=add([entry.amount for entry in entries if entry.debit_credit == "D"]),
        credit=add([entry.amount for entry in entries if entry.debit_credit == "C"]),
        fee=add([entry.fee for entry in entries]),
    )


def _published_totals(bank: OracleBank, key: str) -> dict[Any, Totals]:
    rows = bank.published.execute(
        f"""
        select {key}, count(*), sum(amount),
            coalesce(sum(amount) filter (where debit_credit = 'D'), 0),
            coalesce(sum(amount) filter (where debit_credit = 'C'), 0),
            sum(fee_amount)
        from marts.fct_transaction
        group by all
        """
    ).fetchall()
    return {row[:2]: Totals(*row[2:]) for row in rows}
