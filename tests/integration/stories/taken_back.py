"""Nell's entries are taken back: one whole, by a debit with a negative amount, and one in part."""

from __future__ import annotations

from datetime import date

from tests.integration.stories.bank import FIRST, StoryBank

MARCH = date(2023, 3, 10)


def tell(bank: StoryBank) -> None:
    """5,000 drawn and taken back, 6,000 drawn and 1,000 of it taken back."""
    bank.tell_customer(FIRST, "NELL", "Nell Ford")
    bank.open_account(FIRST, "NELL1", "NELL")
    bank.post(FIRST, "NELL1", "20000.00", kind="SALARY", channel_code="BATCH")
    whole = bank.post(MARCH, "NELL1", "-5000.00", kind="CASH_WITHDRAWAL")
    part = bank.post(MARCH, "NELL1", "-6000.00", kind="CASH_WITHDRAWAL")
    later = date(2023, 3, 13)
    bank.post(later, "NELL1", "5000.00", kind="REVERSAL", debit_credit="D", reversal_of=whole)
    bank.post(later, "NELL1", "1000.00", kind="REVERSAL", reversal_of=part)
