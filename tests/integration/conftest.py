"""Banks that were refreshed once, shared by the integration tests. Tests must not change them."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from bankcrm.settings import PROJECT_FOLDER, Settings
from pipelines.refresh.refresh import refresh
from pipelines.sources.berka import make_berka_extracts
from pipelines.sources.sample import make_sample_bank


def berka_folder() -> Path:
    """Folder of the PKDD'99 files; skips the test where it is absent."""
    folder = Path(os.environ.get("BANKCRM_BERKA", PROJECT_FOLDER.parent / "shared/data/berka"))
    if not folder.is_dir():
        pytest.skip(f"the PKDD'99 files are not at {folder}; set BANKCRM_BERKA to their folder")
    return folder


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
    make_berka_extracts(berka_folder(), settings.landing_folder)
    report = refresh(settings)
    assert report.version is not None
    return settings


@pytest.fixture(scope="session")
def delivered_bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Ten nights of a tiny bank across a month's end, delivered and not loaded."""
    settings = Settings(home=tmp_path_factory.mktemp("delivered"))
    make_sample_bank(settings.landing_folder, customers=80, days=10, start=date(2024, 1, 26))
    return settings
