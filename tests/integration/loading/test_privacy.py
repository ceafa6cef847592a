"""Personal values on their way through quarantine, release, check and a crash."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bankcrm.errors import BankcrmError
from pipelines.cli import app
from pipelines.contracts.contract import get_contract
from pipelines.loading import load
from pipelines.loading.quarantine import list_quarantine, read_fields
from pipelines.loading.release import find_quarantined, release_rows, write_corrections
from pipelines.privacy.erasure import erase_customers

if TYPE_CHECKING:
    from tests.integration.loading.conftest import Bank

FEED = "card.customer"
MONDAY = date(2024, 1, 29)
GOOD = "K1;PERSON;Karl Zwicky;PASSPORT;Q77788899;1980-05-17;M;13677322777;7 Wharf Rd;Xian"
BAD = "K2;Anna Quist;Anna Quist;PASSPORT;;1981-06-18;F;13911112222;8 Wharf Rd;Xian"
BY = {"reason": "Article 17", "erased_by": "Ann"}


@pytest.fixture
def night(bank: Bank) -> Path:
    """A night with a good row, and one whose name slipped into another column as well."""
    path = bank.deliver_lines(FEED, MONDAY, [GOOD, BAD])
    result = bank.load(path)
    assert (result.rows_accepted, result.rules) == (1, {"customer_type: not_accepted": 1})
    return path


def entries(bank: Bank) -> list[str]:
    return [value for (value,) in bank.query("select value from vault.entry order by value")]


def raw_text(bank: Bank) -> str:
    """Everything that the raw database holds of the night."""
    return repr(bank.query("from card.customer") + bank.query("from ops.quarantine"))


@pytest.mark.usefixtures("night")
def test_raw_tables_and_quarantine_hold_tokens_and_the_vault_the_row_as_delivered(
    bank: Bank,
) -> None:
    for value in ("Zwicky", "Quist", "Q77788899", "13911112222", "Wharf", "05-17"):
        assert value not in raw_text(bank)
    (row,) = list_quarantine(bank.raw)
    assert read_fields(bank.raw, [row])[3]["customer_type"] == "Anna Quist"


@pytest.mark.usefixtures("night")
def test_a_release_writes_accepted_rows_as_they_were_delivered(bank: Bank, tmp_path: Path) -> None:
    contract = get_contract(FEED)
    corrections = tmp_path / "corrections.csv"
    rows = read_fields(bank.raw, find_quarantined(bank.raw, contract, MONDAY))
    write_corrections(rows, contract, corrections)
    assert corrections.stat().st_mode & 0o777 == 0o600
    text = corrections.read_text(encoding="utf-8")
    corrections.write_text(text.replace("K2,Anna Quist,Anna", "K2,PERSON,Anna"))
    release = release_rows(bank.settings, bank.raw, contract, MONDAY, corrections)
    assert release.data_file.read_text(encoding="utf-8").splitlines()[1:] == [
        GOOD, BAD.replace("K2;Anna Quist;Anna", "K2;PERSON;Anna"),
    ]  # fmt: skip
    assert bank.load(release.data_file).rows_accepted == 2


@pytest.mark.usefixtures("night")
@pytest.mark.parametrize(
    ("customer", "gone", "line"), [("K2", "Anna Quist", "Line 3"), ("K1", "Karl Zwicky", "Line 2")]
)
def test_a_file_with_an_erased_customer_is_not_written_again(
    bank: Bank, tmp_path: Path, customer: str, gone: str, line: str
) -> None:
    contract = get_contract(FEED)
    corrections = tmp_path / "corrections.csv"
    quarantined = find_quarantined(bank.raw, contract, MONDAY)
    write_corrections(read_fields(bank.raw, quarantined), contract, corrections)
    erase_customers(bank.raw, bank.settings, [("card", customer)], **BY)
    assert not any(gone in value for value in entries(bank))
    with pytest.raises(BankcrmError, match=f"{line} .*erased"):
        release_rows(bank.settings, bank.raw, contract, MONDAY, corrections)


def test_a_crash_after_the_vault_was_written_leaves_nothing_that_disturbs_the_next_load(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bank.deliver_lines(FEED, MONDAY, [GOOD, BAD])
    with monkeypatch.context() as patch:
        patch.setattr(load, "record_load", _fail)
        with pytest.raises(RuntimeError):
            bank.load(path)
    before = entries(bank)
    assert len(before) == 6, "five values and a row"
    assert bank.query("select count(*) from card.customer") == [(0,)]
    assert bank.load(path).status == "loaded"
    assert entries(bank) == before
    bank.assert_books_balance()


def _fail(*_: object) -> None:
    raise RuntimeError("killed")


def test_a_check_of_a_personal_feed_names_lines_and_rules_and_quotes_nothing(
    bank: Bank, tmp_path: Path
) -> None:
    path = bank.deliver_lines(FEED, MONDAY, [GOOD, BAD])
    words = ["check", str(path), "--docs", str(tmp_path / "docs")]
    result = CliRunner(env={"COLUMNS": "160"}).invoke(app, words)
    assert result.exit_code == 3
    screen = result.output
    assert "3 │ customer_type: not_accepted │ not shown: personal data" in " ".join(screen.split())
    pages = [page.read_text() for page in (tmp_path / "docs").rglob("*.html")]
    assert any("XXXX XXXXX" in page for page in pages), "the shape of the wrong type"
    for text in (*pages, screen):
        assert "Quist" not in text
        assert "Zwicky" not in text
