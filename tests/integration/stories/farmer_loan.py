"""Gus farms on a small loan whose interest bears no value added tax; his other loan bears it."""

from __future__ import annotations

from tests.integration.stories.bank import FIRST, StoryBank


def tell(bank: StoryBank) -> None:
    """100,000 at 4.35 % twice, under different products."""
    bank.tell(
        FIRST, "branch.product", product_id="FARMER_LOAN", product_name="Small loan to farmers",
        product_family="Loans to farmers", product_line="Personal credit", pillar="ASSET",
        day_basis="ACT/360", ftp_method="MATCHED",
    )  # fmt: skip
    bank.tell_loan_customer(FIRST, "GUS", "Gus Hill")
    for loan, product in (("F2", "FARMER_LOAN"), ("F3", "LOAN")):
        bank.tell_loan(FIRST, loan, "GUS", product_id=product)
        bank.tell_loan_status(FIRST, loan, "100000.00")
