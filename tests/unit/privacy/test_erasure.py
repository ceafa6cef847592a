"""An erased customer is gone from the vault, stays gone, and stays one customer in the figures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bankcrm.audit import read_entries
from bankcrm.settings import Settings
from pipelines.cli import app
from pipelines.cli.screens import privacy
from pipelines.identity.review import decide
from pipelines.loading.raw import open_raw
from pipelines.privacy.erasure import erase_customers
from pipelines.privacy.register import REGISTER_NAME, Erasure
from pipelines.recovery.vault_copies import bring_back_vault, copy_vault, repeat_erasures
from tests.unit.identity.conftest import DAYS, Bank

RUNNER = CliRunner(env={"COLUMNS": "200"})
CUSTOMERS = [("branch", "B1"), ("card", "K7")]
KARL = {"document_type": "PASSPORT", "document_number": "Q77788899", "full_name": "Karl Zwicky"}
ANNA = {"full_name": "Anna Quist", "phone": "13911112222"}
"""She shares Karl's address and date of birth, and nothing else."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def home(settings: Settings) -> Iterator[Settings]:
    """Karl, whom two systems know, and Anna, who lives with him."""
    with open_raw(settings) as connection:
        bank = Bank(connection)
        bank.deliver(DAYS[0], "branch:B1", **KARL)
        bank.deliver(DAYS[0], "branch:B2", **ANNA)
        bank.deliver(DAYS[1], "card:K7", **(KARL | {"full_name": "Zwicky Karl"}))
        bank.link()
    yield settings


def run(settings: Settings, *words: str, exit_code: int = 0) -> str:
    result = RUNNER.invoke(app, ["privacy", *words, "--home", str(settings.home)])
    assert result.exit_code == exit_code, result.output
    return " ".join(result.output.split())


def erase(settings: Settings, customer: str) -> str:
    return run(settings, "erase", customer, "--reason", "Article 17", "--by", "Ann")


def values(settings: Settings) -> set[str]:
    with open_raw(settings) as connection:
        return {
            value for (value,) in connection.execute("select value from vault.entry").fetchall()
        }


def groups(settings: Settings) -> set[frozenset[str]]:
    with open_raw(settings) as connection:
        bank = Bank(connection)
        bank.loads = 1000
        bank.link()
        return bank.groups()


@pytest.fixture
def contradicting(home: Settings) -> Settings:
    """Karl, and Bruno whom a person took for him."""
    with open_raw(home) as connection:
        bank = Bank(connection)
        bank.loads = 500
        bruno = {"full_name": "Bruno Keller", "birth_date": date(1965, 2, 11)}
        bank.deliver(DAYS[2], "loan:L3", **bruno)
        bank.link()
        pair = ("branch", "B1"), ("loan", "L3")
        decide(connection, "accept", pair, decided_by="Ann", reason="by mistake")
        bank.link()
    return home


@pytest.mark.parametrize("command", ["show", "erase"])
def test_records_that_contradict_each_other_are_confirmed_by_their_number(
    contradicting: Settings, command: str
) -> None:
    words = [command, "branch:B1", "--reason", "Article 15", "--by", "Ann"]
    before = values(contradicting)
    screen = run(contradicting, *words, exit_code=1)
    assert "Source records: 3 (branch:B1, card:K7, loan:L3)" in screen
    assert "agree neither in name nor in date of birth" in screen
    assert "--records 3" in screen
    assert "Karl" not in screen
    screen = run(contradicting, *words, "--records", "2", exit_code=1)
    assert "has 3 source records, not 2" in screen
    assert values(contradicting) == before
    run(contradicting, *words, "--records", "3")
    assert (values(contradicting) == before) is (command == "show")


@pytest.mark.parametrize("answer", [True, False])
def test_who_sits_before_a_screen_is_asked(
    contradicting: Settings, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    asked: list[str] = []

    def confirm() -> bool:
        asked.append("asked")
        return answer

    monkeypatch.setattr(privacy, "_is_confirmed", confirm)
    words = ["erase", "branch:B1", "--reason", "Article 17", "--by", "Ann"]
    screen = run(contradicting, *words, exit_code=0 if answer else 1)
    assert asked
    assert ("values are gone" in screen) is answer


def test_records_that_agree_are_counted_and_not_asked_about(home: Settings) -> None:
    assert "Source records: 2 (branch:B1, card:K7)" in erase(home, "card:K7")


def test_what_only_the_erased_customer_held_is_gone_from_every_byte_of_the_vault(
    home: Settings,
) -> None:
    output = erase(home, "card:K7")
    assert "Erased branch:B1, card:K7: 4 values are gone" in output
    assert values(home) == {
        "Anna Quist", "13911112222", "1980-05-17", "No 356 Renmin Road Room 2504 Xian",
    }  # fmt: skip
    for path in home.vault_folder.iterdir():
        for gone in (b"Zwicky", b"Q77788899", b"13677322777"):
            assert gone not in path.read_bytes(), path.name
    assert not list(home.vault_folder.glob("*.part"))


def test_figures_stay_with_the_customer_who_was_erased(home: Settings) -> None:
    before = groups(home)
    assert frozenset({"branch:B1", "card:K7"}) in before
    erase(home, "branch:B1")
    assert groups(home) == before


def test_what_is_delivered_of_them_later_is_tokenised_and_does_not_enter_the_vault(
    home: Settings,
) -> None:
    erase(home, "branch:B1")
    with open_raw(home) as connection:
        bank = Bank(connection)
        bank.loads = 100
        bank.deliver(DAYS[3], "branch:B1", **(KARL | {"phone": "13500005555"}))
        bank.deliver(DAYS[3], "loan:L1", **(KARL | {"full_name": "K Zwicky"}))
        bank.link()
        ((system,),) = connection.execute(
            """select survivor_system from identity.link
            where is_current and source_customer_id = 'L1'"""
        ).fetchall()
    assert system == "branch", "the document of the loan customer still matches"
    assert "13500005555" not in values(home)
    assert "K Zwicky" in values(home), "a customer of another system is erased on its own"


def test_an_erasure_outlives_an_older_copy_of_the_vault(home: Settings, tmp_path: Path) -> None:
    copy_vault(home, tmp_path / "copy")
    assert {p.stat().st_mode & 0o077 for p in (tmp_path / "copy").glob("*.duckdb")} == {0}
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700
    erase(home, "branch:B1")
    register = (home.vault_folder / REGISTER_NAME).read_bytes()
    shutil.rmtree(home.vault_folder)
    home.vault_folder.mkdir(mode=0o700)
    (home.vault_folder / REGISTER_NAME).write_bytes(register)

    bring_back_vault(home, tmp_path / "copy")
    assert b"Zwicky" in home.vault_file.read_bytes(), "the copy is older than the erasure"
    assert repeat_erasures(home) == 4
    assert b"Zwicky" not in home.vault_file.read_bytes()


def test_the_vault_is_shown_with_a_reason_and_every_look_and_erasure_is_on_record(
    home: Settings,
) -> None:
    shown = run(home, "show", "branch:B1", "--reason", "complaint 4711", "--by", "Ann")
    for value in ("Karl Zwicky", "Zwicky Karl", "Q77788899", "1980-05-17", "13677322777"):
        assert value in shown
    assert "A reason is missing" in run(
        home, "show", "branch:B1", "--reason", " ", "--by", "Ann", exit_code=1
    )
    erase(home, "branch:B1")
    shown = run(home, "show", "branch:B1", "--reason", "check", "--by", "Ann")
    assert "(erased)" in shown and "Zwicky" not in shown
    entries = [(e.action, e.details["reason"]) for e in read_entries(home)]
    assert entries == [
        ("personal_values_shown", "complaint 4711"),
        ("customer_erased", "Article 17"),
        ("personal_values_shown", "check"),
    ]
    assert "Zwicky" not in str(read_entries(home))
    assert "Article 17" in run(home, "erased")


def test_an_unknown_customer_is_refused_with_the_next_step(home: Settings) -> None:
    assert "No delivery names a customer branch:B9" in run(
        home, "erase", "branch:B9", "--reason", "x", "--by", "Ann", exit_code=1
    )


def test_an_erasure_that_is_cut_short_is_finished_by_the_next_refresh(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", _fail)
        patch.setattr("pipelines.privacy.erasure.add_erasures", _remember)
        with open_raw(home) as connection, pytest.raises(RuntimeError):
            erase_customers(connection, home, CUSTOMERS, reason="x", erased_by="Ann")
    assert b"Zwicky" in home.vault_file.read_bytes()
    assert repeat_erasures(home) > 0
    assert not any(b"Q777" in path.read_bytes() for path in home.vault_folder.iterdir())


def _fail(*_: object) -> None:
    raise RuntimeError("killed")


def _remember(settings: Settings, erasures: list[Erasure]) -> None:
    path = settings.vault_folder / REGISTER_NAME
    path.write_text("".join(json.dumps(asdict(erasure)) + "\n" for erasure in erasures))
