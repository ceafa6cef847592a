"""``bankcrm quarantine``: what was quarantined is seen, corrected, and delivered again."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bankcrm.failpoints import PERMISSION, PLACE, FailpointReached
from bankcrm.settings import Settings
from pipelines.cli import app
from pipelines.loading.raw import open_raw
from pipelines.operations.journal import Journal
from pipelines.refresh.refresh import refresh
from tests.faults.homes import NINTH
from tests.integration.banks import Redelivery

FEED = "teller.transaction"


def test_rows_are_listed_shown_corrected_and_released_through_the_front_door(
    waiting_bank: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*words: str) -> str:
        command = ["quarantine", *words, "--home", str(waiting_bank.home)]
        result = CliRunner(env={"COLUMNS": "160"}).invoke(app, command)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    monkeypatch.setenv(PERMISSION, "1")
    monkeypatch.setenv(PLACE, "build:before:error")
    bank = Redelivery(waiting_bank)
    good = bank.read(FEED, NINTH)
    rows = [dict(row) for row in good]
    unreadable = f"{good[0]['amount']} CNY"
    rows[0]["amount"] = unreadable
    bank.write(FEED, NINTH, rows, stated=good)
    with pytest.raises(FailpointReached):
        refresh(waiting_bank)

    assert "amount: bad_decimal" in run("list")
    assert "Line 2: amount: bad_decimal" in run("show", FEED, "--date", str(NINTH))
    corrections = tmp_path / "corrections.csv"
    run("show", FEED, "--date", str(NINTH), "--csv", str(corrections))
    text = corrections.read_text(encoding="utf-8")
    corrections.write_text(
        text.replace(f",{unreadable},", f",{good[0]['amount']},"), encoding="utf-8"
    )
    assert "1 of them corrected" in run(
        "release", FEED, "--date", str(NINTH), "--with", str(corrections)
    )

    with pytest.raises(FailpointReached):
        refresh(waiting_bank)
    with open_raw(waiting_bank) as raw:
        books = raw.execute(
            """select rerun, rows_accepted, rows_quarantined from ops.active_load
            where feed = 'transaction' and business_date = $1""",
            [NINTH],
        ).fetchall()
    assert books == [(1, len(good), 0)]
    assert "superseded" in run("list")
    (event,) = Journal(waiting_bank.home).read("released")
    assert (event.name, event.detail["corrected"]) == (FEED, 1)
