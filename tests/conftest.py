"""Tests that read the same bank run on one worker, so that the bank is built once."""

from __future__ import annotations

import pytest

BANKS = ("berka", "sample")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group_of(item)))


def _group_of(item: pytest.Item) -> str:
    """The shared bank that a test reads, else its file."""
    names = set(getattr(item, "fixturenames", ()))
    callspec = getattr(item, "callspec", None)
    given = callspec.id if callspec is not None else ""
    for bank in BANKS:
        if f"{bank}_bank" in names or given.startswith(bank):
            return bank
    return str(item.path)
