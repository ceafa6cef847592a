"""Homes that were refreshed once; a test that does harm copies one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bankcrm.settings import Settings
from pipelines.operations import journal
from pipelines.refresh.refresh import refresh
from pipelines.sources.sample import make_sample_bank
from tests.faults.homes import EIGHTH, NINTH, copy_home, deliver
from tests.integration.banks import keep_from


@pytest.fixture(scope="session")
def published_bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Eight nights of a tiny bank, published. Not to be changed by a test.

    Its folder has an apostrophe, which statements with paths must survive.
    """
    home = tmp_path_factory.mktemp("faults") / "o'hara"
    settings = Settings(home=home, disk_reserve_bytes=0)
    make_sample_bank(settings.landing_folder, customers=80, days=10, start=date(2024, 1, 26))
    keep_from(settings, NINTH, aside=settings.home.parent / "later")
    assert refresh(settings).business_date == EIGHTH
    return settings


@pytest.fixture(scope="session")
def later(published_bank: Settings) -> Path:
    """The ninth and the tenth night, held back."""
    return published_bank.home.parent / "later"


@pytest.fixture(scope="session")
def undisturbed(
    published_bank: Settings, later: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The ninth night refreshed without any fault, on a clock that was set back by years."""
    settings = copy_home(published_bank, tmp_path_factory.mktemp("undisturbed") / "o'hara")
    deliver(later, settings, NINTH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
        patch.setattr("pipelines.operations.runs.now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
        assert refresh(settings).business_date == NINTH
    return settings


@pytest.fixture
def bank(published_bank: Settings, tmp_path: Path) -> Settings:
    """A home of the test's own: eight nights published, nothing waiting."""
    return copy_home(published_bank, tmp_path / "o'hara")


@pytest.fixture
def waiting_bank(bank: Settings, later: Path) -> Iterator[Settings]:
    """A home of the test's own: eight nights published, the ninth delivered."""
    deliver(later, bank, NINTH)
    yield bank
