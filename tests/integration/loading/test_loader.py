"""One loader takes many deliveries; what it remembers is what the ledger says."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.loading import load
from pipelines.loading.load import Loader
from pipelines.loading.load_ledger import Ledger, read_records
from pipelines.validation.text_file import SMALL_FILE

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FEED = "branch.account_balance"
MONDAY, TUESDAY = date(2024, 1, 1), date(2024, 1, 2)


def deliver(bank: Bank, day: date, rerun: int, lines: list[str], **statement: object) -> Path:
    total = sum(int(row.split(",")[1]) for row in lines)
    stated = {"rows": len(lines), "totals": {"balance": total}, "rerun": rerun} | statement
    return bank.deliver_lines(FEED, day, lines, **stated)


def test_a_loader_remembers_what_it_loaded_rejected_and_superseded(bank: Bank) -> None:
    monday = deliver(bank, MONDAY, 0, ["A1,10"])
    wrong = deliver(bank, MONDAY, 1, ["A1,11"], rows=7)
    right = deliver(bank, MONDAY, 2, ["A1,12"])
    tuesday = deliver(bank, TUESDAY, 0, ["A1,13"], sequence=2)
    loader = Loader(bank.raw)
    paths = [monday, monday, wrong, wrong, right, right, monday, tuesday]
    results = [loader.load(bank.find(path)) for path in paths]
    assert [(result.load_id, result.status) for result in results] == [
        (1, "loaded"),
        (1, "already loaded"),
        (2, "rejected"),
        (2, "rejected"),
        (3, "loaded"),
        (3, "already loaded"),
        (1, "already loaded"),
        (4, "loaded"),
    ]
    remembered = [loader._ledger.find(bank.find(path)) for path in (monday, tuesday)]
    assert [record for records in remembered for record in records] == read_records(bank.raw)


def test_a_loader_forgets_a_load_that_was_not_committed(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = bank.find(deliver(bank, MONDAY, 0, ["A1,10"]))
    loader = Loader(bank.raw)

    def crash(*_: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(load, "record_load", crash)
        loader.load(delivery)
    result = loader.load(delivery)
    assert (result.load_id, result.status) == (1, "loaded")
    assert Ledger(bank.raw).next_id == 2


@pytest.mark.parametrize("limit", [0, SMALL_FILE])
def test_small_files_are_loaded_by_one_thread_which_ends_with_the_loader(
    bank: Bank, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(load, "SMALL_FILE", limit)
    bank.raw.execute("set threads = 2")
    delivery = bank.find(deliver(bank, MONDAY, 0, ["A1,10"]))
    threads = "select current_setting('threads')"
    with Loader(bank.raw) as loader:
        loader.load(delivery)
        assert bank.query(threads) == [(1 if limit else 2,)]
    assert bank.query(threads) == [(2,)]
