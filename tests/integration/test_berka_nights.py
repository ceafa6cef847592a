"""The PKDD'99 bank night by night for 20 nights: the same tables as all nights at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.fingerprint import fingerprint_tables
from pipelines.refresh import refresh
from pipelines.settings import Settings
from pipelines.sources.berka import make_berka_extracts
from pipelines.versions import open_published
from tests.integration.banks import copy_bank, keep_from
from tests.integration.conftest import berka_folder

LAST = date(1994, 2, 10)
NIGHTS = 20


@pytest.mark.slow
def test_twenty_nights_one_by_one_equal_all_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at_once = Settings(home=tmp_path / "at_once")
    make_berka_extracts(berka_folder(), at_once.landing_folder, until=LAST)
    one_by_one = copy_bank(at_once, tmp_path / "one_by_one")
    first_night = date(1994, 1, 22)
    keep_from(one_by_one, first_night, aside=tmp_path / "later")

    refresh(one_by_one)
    for path in (tmp_path / "later").glob("*/*/*"):
        target = one_by_one.landing_folder / path.relative_to(tmp_path / "later")
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    nights = [refresh(one_by_one, one_night=True).business_date for _ in range(NIGHTS)]
    refresh(at_once)

    assert nights[0] == first_night and nights[-1] == LAST
    with open_published(one_by_one) as left, open_published(at_once) as right:
        tables, expected = fingerprint_tables(left), fingerprint_tables(right)
    with capsys.disabled():
        print(f"\n{NIGHTS} nights one by one, {len(tables)} tables")
        for name, (rows, fingerprint) in tables.items():
            print(f"  {name:<45} {rows:>9,}  {fingerprint:>26}  {expected[name][1] == fingerprint}")
    assert tables == expected
