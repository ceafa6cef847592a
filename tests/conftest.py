"""A test file stays on one worker; so do all that read the shared banks, and all of the browser."""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.skips"]

READ_SHARED_BANKS = (
    "tests/integration/oracle/",
    "tests/integration/test_analyses.py",
    "tests/integration/test_berka.py",
    "tests/integration/test_cube_answers.py",
    "tests/integration/test_cube_marts.py",
    "tests/integration/test_cube_roles.py",
    "tests/integration/test_cube_stock.py",
    "tests/integration/test_cube_time.py",
    "tests/integration/test_dbt_alone.py",
    "tests/integration/test_manager_stories.py",
    "tests/integration/test_notebook.py",
    "tests/integration/test_parameters.py",
    "tests/integration/test_report.py",
)
"""Tests that read the refreshed banks of tests/integration/conftest.py: each is built once."""

# One key for every bank of the tests: the same deliveries have the same tokens in all of them.
os.environ.setdefault("BANKCRM_VAULT_KEY", "5a" * 32)

BROWSER = "tests/browser/"
"""Tests that share a browser and its servers."""


class ByBank(LoadScopeScheduling):  # type: ignore[misc]
    """A scope is a file, or everything that reads the shared banks, or the browser."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        if path.startswith(BROWSER):
            return BROWSER
        return "shared banks" if path.startswith(READ_SHARED_BANKS) else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer | None) -> ByBank:
    return ByBank(config, log)
