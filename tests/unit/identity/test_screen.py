"""What the reviewer sees on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bankcrm.settings import Settings
from pipelines.cli import app
from pipelines.loading.raw import open_raw
from tests.unit.identity.conftest import DAYS, Bank

RUNNER = CliRunner(env={"COLUMNS": "160"})
TRUTH = "person_id,source_system,customer_id\nP1,branch,B1\nP1,card,K7\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Father and son under one roof, and the truth that they are one man."""
    with open_raw(Settings(home=tmp_path)) as connection:
        bank = Bank(connection)
        bank.deliver(DAYS[0], "branch:B1", document_type="PASSPORT", document_number="E1234567")
        bank.deliver(DAYS[0], "card:K7", full_name="Li Jianguo")
        bank.link()
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "customer_truth.csv").write_text(TRUTH)
    return tmp_path


def run(home: Path, *words: str, exit_code: int = 0) -> str:
    result = RUNNER.invoke(app, ["identity", *words, "--home", str(home)])
    assert result.exit_code == exit_code, result.output
    return " ".join(result.output.split())


def test_a_pair_is_shown_side_by_side_without_its_numbers_and_waits_until_it_is_decided(
    home: Path,
) -> None:
    screen = run(home, "review")
    for shown in ("branch:B1", "card:K7", "Li Weiqiang", "Li Jianguo", "1980-05-17", "*2777"):
        assert shown in screen
    assert "13677322777" not in screen
    assert "E1234567" not in screen
    assert "name one word equal, birth date equal" in screen

    pair_id = next(word for word in screen.split() if len(word) == 10 and word.isalnum())
    output = run(home, "accept", pair_id, "--reason", "same passport", "--by", "Ann")
    assert "are one customer from the next refresh on" in output
    assert "No pair of customers waits" in run(home, "review")


def test_precision_and_recall_are_printed_with_the_pairs_that_wait(home: Path) -> None:
    screen = run(home, "quality")
    assert "exact documents │ 1 │ 0 │ 0 │ │ 0.0000" in screen
    assert "Waiting for review: 1, rightly 1." in screen


def test_an_unknown_pair_is_refused_with_the_next_step(home: Path) -> None:
    screen = run(home, "reject", "0123456789", "--reason", "", "--by", "Ann", exit_code=1)
    assert "No pair of customers has the id" in screen
