"""Cleo moves to another town in April, and her account moves with her from B1 to B3."""

from __future__ import annotations

from datetime import date

from tests.integration.stories.bank import FIRST, StoryBank

MOVED = date(2023, 4, 1)


def tell(bank: StoryBank) -> None:
    """The story, as the branch system delivers it."""
    bank.tell_customer(FIRST, "CLEO", "Cleo Hart", city="Northtown")
    bank.open_account(FIRST, "C1", "CLEO")
    bank.post(FIRST, "C1", "50000.00")
    bank.tell_customer(MOVED, "CLEO", "Cleo Hart", city="Southtown", branch="B3")
    bank.open_account(MOVED, "C1", branch="B3", opened_date=FIRST)
