"""Night by night, or all nights at once: the same tables, by hash of every one."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from bankcrm.settings import Settings
from bankcrm.warehouse.fingerprint import fingerprint_tables
from bankcrm.warehouse.versions import open_published
from pipelines.refresh.refresh import refresh
from pipelines.sources.berka import make_berka_extracts
from pipelines.sources.sample import make_sample_bank
from tests.integration.banks import copy_bank, keep_from
from tests.tools import find_berka, require

pytestmark = pytest.mark.slow


def test_twenty_nights_of_pkdd99_one_by_one_equal_all_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = Settings(home=tmp_path / "at_once")
    make_berka_extracts(require(find_berka), bank.landing_folder, until=date(1994, 2, 10))
    _compare(bank, date(1994, 1, 22), 20, capsys)


def test_thirty_nights_of_the_sample_bank_one_by_one_equal_all_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = Settings(home=tmp_path / "at_once")
    make_sample_bank(bank.landing_folder, customers=600, days=45, start=date(2024, 1, 18))
    _compare(bank, date(2024, 2, 2), 30, capsys)


def _compare(
    at_once: Settings, first_night: date, nights: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refresh up to a night, then night by night; another home takes all nights in one refresh."""
    one_by_one = copy_bank(at_once, at_once.home.with_name("one_by_one"))
    later = at_once.home.with_name("later")
    keep_from(one_by_one, first_night, aside=later)
    refresh(one_by_one)
    for path in later.glob("*/*/*"):
        target = one_by_one.landing_folder / path.relative_to(later)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    refreshed = [refresh(one_by_one, one_night=True).business_date for _ in range(nights)]
    refresh(at_once)

    assert refreshed == [first_night + timedelta(night) for night in range(nights)]
    with open_published(one_by_one) as left, open_published(at_once) as right:
        tables, expected = fingerprint_tables(left), fingerprint_tables(right)
    with capsys.disabled():
        print(f"\n{nights} nights one by one, {len(tables)} tables")
        for name, (rows, fingerprint) in tables.items():
            print(f"  {name:<45} {rows:>9,}  {fingerprint:>26}  {expected[name][1] == fingerprint}")
    assert tables == expected
