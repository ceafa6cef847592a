"""Ivy has a debit card: it keeps no balance, and costs the bank two minutes a month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from tests.integration.stories.bank import FIRST, StoryBank

COSTED = date(2023, 6, 30)
"""End of the one month for which finance delivers cost pools."""
POOLS = ("COUNTER", "ELECTRONIC", "CREDIT", "MANAGERS")


def tell(bank: StoryBank) -> None:
    """The card, and pools of 1,000.00 for 2,000 minutes each."""
    bank.tell(
        FIRST, "branch.product", product_id="DEBIT_CARD", product_name="Debit card",
        product_family="Debit cards", product_line="Cards", pillar="INTERMEDIARY",
    )  # fmt: skip
    bank.tell(
        FIRST, "card.customer", customer_id="IVY", customer_type="PERSON", full_name="Ivy Lane"
    )
    bank.tell(
        FIRST, "card.card", card_id="D1", customer_id="IVY", product_id="DEBIT_CARD",
        branch_id="B1", card_type="DEBIT", currency_code="CNY", issued_date=FIRST, status="ACTIVE",
    )  # fmt: skip
    for pool in POOLS:
        bank.tell(
            COSTED, "finance.cost_pool", cost_pool_code=pool, month_end_date=COSTED,
            cost_amount=Decimal(1000), practical_minutes=2000,
        )  # fmt: skip
