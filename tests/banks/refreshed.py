"""The kept banks, each loaded, built and published once. Tests must not change them."""

from __future__ import annotations

import pytest

from bankcrm.settings import Settings
from pipelines.refresh.refresh import refresh
from tests.banks.kept import kept_bank


def _refresh_kept(name: str, factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=factory.mktemp(name))
    kept_bank(name, settings.home)
    report = refresh(settings)
    assert report.version is not None
    return settings


@pytest.fixture(scope="session")
def kept_sample(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The default sample bank as it was kept: 60 nights of 2,000 customers."""
    return _refresh_kept("sample", tmp_path_factory)


@pytest.fixture(scope="session")
def second_bank(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A kept bank of 456 nights, across a 29 February and two New Years."""
    return _refresh_kept("second", tmp_path_factory)
