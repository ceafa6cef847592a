"""One bank in which every story happens, built once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import duckdb
import pytest

from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from pipelines.refresh.refresh import refresh
from tests.integration.stories import (
    cured_loan,
    debit_card,
    farmer_loan,
    half_a_book,
    joint_account,
    left_behind,
    merged_branch,
    moved_customer,
    repriced_product,
    short_loan,
    taken_back,
    three_heirs,
)
from tests.integration.stories.bank import FIRST, StoryBank

STORIES = (
    joint_account, moved_customer, merged_branch, half_a_book, repriced_product, cured_loan,
    taken_back, farmer_loan, short_loan, debit_card,
    three_heirs, left_behind,
)  # fmt: skip
CURVE = {
    "1D": "0.0150", "1M": "0.0160", "3M": "0.0180", "6M": "0.0195", "1Y": "0.0210",
    "2Y": "0.0225", "3Y": "0.0240", "5Y": "0.0265", "10Y": "0.0265",
}  # fmt: skip
CHEAPER = date(2023, 12, 15)
"""A curve in the middle of a month: demand balances are priced by it from that day."""
UNITS = [
    ("HO", "Head office", "HEAD_OFFICE", None),
    ("R1", "North", "REGION", "HO"),
    ("R2", "South", "REGION", "HO"),
    ("B1", "Market Street", "BRANCH", "R1"),
    ("B2", "Harbour", "BRANCH", "R1"),
    ("B3", "Garden", "BRANCH", "R2"),
]
MANAGERS = [
    ("M1", "Ann Reed", "B1"), ("M2", "Ben Shaw", "B1"), ("M3", "Cora Finn", "B2"),
    ("M4", "Dan Yates", "B3"), ("M5", "Eve Nash", "B3"), ("M6", "Finn Cole", "B3"),
]  # fmt: skip


def tell_curve(bank: StoryBank, night: date, shift: str = "0") -> None:
    """The funds transfer curve of a day, moved in parallel."""
    for tenor, rate in CURVE.items():
        bank.tell(
            night, "finance.rate_curve", curve_code="FTP", currency_code="CNY", curve_date=night,
            tenor_code=tenor, rate=Decimal(rate) + Decimal(shift),
        )  # fmt: skip


def found_bank() -> StoryBank:
    """A bank with an organisation, three managers, two products and a curve, and no customer."""
    bank = StoryBank()
    for unit, name, level, parent in UNITS:
        bank.tell(
            FIRST, "branch.branch", branch_id=unit, branch_name=name, branch_level=level,
            parent_branch_id=parent,
        )  # fmt: skip
    for manager, name, unit in MANAGERS:
        bank.tell(
            FIRST, "branch.manager", manager_id=manager, manager_name=name, branch_id=unit,
            manager_type="PERSONAL",
        )  # fmt: skip
    for product, family, line, pillar, basis, method, profile in (
        ("SAVINGS", "Savings", "Personal deposits", "LIABILITY", "ACT/360", "DEMAND", "SAVINGS"),
        ("LOAN", "Consumer loans", "Personal credit", "ASSET", "ACT/360", "MATCHED", None),
    ):
        bank.tell(
            FIRST, "branch.product", product_id=product, product_name=family,
            product_family=family, product_line=line, pillar=pillar, day_basis=basis,
            ftp_method=method, ftp_profile_code=profile,
        )  # fmt: skip
    tell_curve(bank, FIRST)
    tell_curve(bank, repriced_product.REPRICED, shift="-0.0020")
    tell_curve(bank, CHEAPER, shift="-0.0030")
    return bank


@pytest.fixture(scope="session")
def story_bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The year 2023 with every story in it, published."""
    settings = Settings(home=tmp_path_factory.mktemp("stories"))
    bank = found_bank()
    for story in STORIES:
        story.tell(bank)
    bank.deliver(settings.landing_folder)
    report = refresh(settings)
    assert report.version is not None and report.blocked is None
    return settings


@pytest.fixture
def marts(story_bank: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published marts, as a reader sees them."""
    with open_published(story_bank) as connection:
        connection.execute("use marts")
        yield connection
