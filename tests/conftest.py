"""Tests that share something costly stay on one worker, and the longest of them begin first."""

from __future__ import annotations

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.parsed_project import offer_parsed_project

pytest_plugins = ["tests.skips", "tests.banks.refreshed"]

SHARED = {
    # Tests that read the refreshed banks of tests/banks and tests/integration/conftest.py: each is
    # built once.
    "shared banks": (
        "tests/integration/oracle/",
        "tests/integration/test_analyses.py",
        "tests/integration/test_berka.py",
        "tests/integration/test_cube_answers.py",
        "tests/integration/test_cube_marts.py",
        "tests/integration/test_cube_roles.py",
        "tests/integration/test_cube_stock.py",
        "tests/integration/test_cube_time.py",
        "tests/integration/test_dbt_alone.py",
        "tests/integration/test_export.py",
        "tests/integration/test_manager_stories.py",
        "tests/integration/test_notebook.py",
        "tests/integration/test_parameters.py",
        "tests/integration/test_report.py",
        "tests/integration/test_wire_figures.py",
        "tests/truths/",
    ),
    # Tests that do harm to copies of one published bank.
    "published bank": ("tests/faults/",),
    # Tests that share a browser and its servers.
    "browser": ("tests/browser/",),
}
"""What is built once for which tests."""

LONGEST = (
    "shared banks", "published bank", "tests/integration/test_nights.py",
    "tests/integration/test_operator.py", "tests/integration/test_identity.py", "browser",
)  # fmt: skip
"""Scopes of minutes; last of all, one of them would keep one worker busy and the other idle."""

# One key for every bank of the tests: the same deliveries have the same tokens in all of them.
os.environ.setdefault("BANKCRM_VAULT_KEY", "5a" * 32)
offer_parsed_project()


def find_scope(nodeid: str) -> str:
    """What a test shares with others; by itself, its file."""
    path = nodeid.split("::", 1)[0]
    return next((scope for scope, places in SHARED.items() if path.startswith(places)), path)


class ByBank(LoadScopeScheduling):  # type: ignore[misc]
    """All tests of a scope go to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return find_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer | None) -> ByBank:
    return ByBank(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest scopes first; a sort keeps the order of the others."""
    places = {scope: place for place, scope in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(find_scope(item.nodeid), len(places)))
