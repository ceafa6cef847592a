"""A load that is cut short leaves nothing behind, wherever it stops."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.loading import load
from pipelines.loading.load import load_delivery

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FEED = "branch.account_balance"
MONDAY = date(2024, 1, 29)
Balances = Callable[..., str]


@pytest.mark.parametrize("step", ["record_load", "_write_rows", "commit"])
def test_a_crash_before_the_commit_leaves_nothing(
    bank: Bank, account_balances: Balances, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = bank.deliver(FEED, MONDAY, account_balances(("A1", "10")))
    real = getattr(load, step, None)

    def crash(*args: Any) -> None:
        if real is not None:
            real(*args)
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        target = _CrashAtCommit(bank.raw) if step == "commit" else bank.raw
        if step != "commit":
            patched.setattr(load, step, crash)
        with pytest.raises(RuntimeError, match="power cut"):
            load_delivery(target, bank.find(path))  # type: ignore[arg-type]
    for table in ("branch.account_balance", "ops.load", "ops.load_total"):
        assert bank.query(f"select count(*) from {table}") == [(0,)]
    assert bank.load(path).load_id == 1


class _CrashAtCommit:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> object:
        if name == "commit":
            raise RuntimeError("power cut")
        return getattr(self._connection, name)
