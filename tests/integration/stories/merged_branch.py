"""Harbour closes at the end of August; Market Street takes over Fay's account of 30,000."""

from __future__ import annotations

from datetime import date

from tests.integration.stories.bank import FIRST, StoryBank

LAST_DAY, TAKEN_OVER = date(2023, 8, 31), date(2023, 9, 1)


def tell(bank: StoryBank) -> None:
    """The story, as the branch system delivers it."""
    bank.tell_customer(FIRST, "FAY", "Fay Reid", branch="B2")
    bank.tell_assignment(FIRST, "FAY", "M3")
    bank.open_account(FIRST, "F1", "FAY", branch="B2")
    bank.post(FIRST, "F1", "30000.00")
    bank.tell(
        TAKEN_OVER, "branch.branch", branch_id="B2", branch_name="Harbour", branch_level="BRANCH",
        parent_branch_id="R1", successor_branch_id="B1", closed_date=LAST_DAY,
    )  # fmt: skip
    bank.tell_customer(TAKEN_OVER, "FAY", "Fay Reid", branch="B1")
    bank.open_account(TAKEN_OVER, "F1", branch="B1", opened_date=FIRST)
