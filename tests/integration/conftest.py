"""Banks that were refreshed once, shared by the integration tests. Tests must not change them."""

from __future__ import annotations

from datetime import date

import pytest

from bankcrm.settings import Settings
from pipelines.refresh.refresh import refresh
from pipelines.sources.berka import make_berka_extracts
from pipelines.sources.sample import make_sample_bank
from tests.tools import find_berka, require


@pytest.fixture(scope="session")
def sample_bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small sample bank, loaded, built and published: 40 nights from the middle of a month."""
    settings = Settings(home=tmp_path_factory.mktemp("sample"))
    make_sample_bank(
        settings.landing_folder,
        customers=300,
        days=40,
        start=date(2024, 1, 22),
        truth_folder=settings.home / "truth",
    )
    report = refresh(settings)
    assert report.version is not None
    return settings


@pytest.fixture(scope="session")
def berka_bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The PKDD'99 bank, loaded, built and published."""
    settings = Settings(home=tmp_path_factory.mktemp("berka"))
    make_berka_extracts(require(find_berka), settings.landing_folder)
    report = refresh(settings)
    assert report.version is not None
    return settings


@pytest.fixture(scope="session")
def delivered_bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Ten nights of a tiny bank across a month's end, delivered and not loaded."""
    settings = Settings(home=tmp_path_factory.mktemp("delivered"))
    make_sample_bank(settings.landing_folder, customers=80, days=10, start=date(2024, 1, 26))
    return settings
