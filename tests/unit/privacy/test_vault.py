"""The vault is its owner's alone, and belongs to one raw database and one key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bankcrm.errors import InvalidVault
from bankcrm.settings import Settings
from pipelines.loading.raw import open_raw
from tests.unit.raw_rows import insert_row

NIGHT = date(2024, 1, 1)
OTHER_KEY = "a5" * 32


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("BANKCRM_VAULT_KEY")
    return Settings(home=tmp_path / "home", vault=tmp_path / "vault")


def _open(settings: Settings) -> None:
    open_raw(settings).close()


def test_vault_and_key_are_made_at_first_use_and_nobody_else_may_read_them(
    settings: Settings,
) -> None:
    _open(settings)
    modes = {p.name: p.stat().st_mode & 0o777 for p in settings.vault_folder.iterdir()}
    assert modes == {"key": 0o600, "vault.duckdb": 0o600}
    assert settings.vault_folder.stat().st_mode & 0o777 == 0o700
    key = (settings.vault_folder / "key").read_text()
    _open(settings)
    assert (settings.vault_folder / "key").read_text() == key


@pytest.mark.parametrize("name", ["", "key"])
def test_a_vault_that_others_may_read_is_refused(settings: Settings, name: str) -> None:
    _open(settings)
    (settings.vault_folder / name).chmod(0o750)
    with pytest.raises(InvalidVault, match="Others than its owner"):
        _open(settings)


@pytest.mark.parametrize("name", ["key", "vault.duckdb"])
def test_a_missing_key_or_vault_is_not_made_again_for_rows_that_were_loaded(
    settings: Settings, name: str
) -> None:
    _open(settings)
    (settings.vault_folder / name).unlink()
    with pytest.raises(InvalidVault, match="is missing"):
        _open(settings)
    assert not (settings.vault_folder / name).exists()


def test_a_vault_that_is_not_mounted_is_not_made_in_its_place(settings: Settings) -> None:
    _open(settings)
    settings.vault_folder.rename(settings.vault_folder.with_name("elsewhere"))
    with pytest.raises(InvalidVault, match="is missing") as caught:
        _open(settings)
    assert not settings.vault_folder.exists()
    assert caught.tb is not None, "while the error is kept, others may open the raw database"
    open_raw(settings, with_vault=False).close()


def test_the_raw_database_is_read_without_a_vault_where_no_personal_value_is_needed(
    settings: Settings,
) -> None:
    _open(settings)
    settings.vault_file.unlink()
    with open_raw(settings, with_vault=False) as connection:
        assert connection.execute("select count(*) from ops.load").fetchall() == [(0,)]


def test_another_key_is_refused(settings: Settings) -> None:
    _open(settings)
    with pytest.raises(InvalidVault, match="another key"):
        _open(settings.model_copy(update={"vault_key": OTHER_KEY}))


def test_a_vault_of_another_raw_database_is_refused(settings: Settings, tmp_path: Path) -> None:
    _open(settings)
    other = Settings(home=tmp_path / "other", vault_key=OTHER_KEY)
    _open(other)
    settings.vault_file.replace(other.vault_file)
    with pytest.raises(InvalidVault, match="written under another key"):
        _open(other)


def test_a_raw_database_from_before_there_was_a_vault_is_refused(settings: Settings) -> None:
    with open_raw(settings, with_vault=False) as connection:
        insert_row(connection, "branch.account_balance", 1, NIGHT, account_id="A", balance=1)
        connection.execute("insert into ops.load (load_id, status) values (1, 'loaded')")
    with pytest.raises(InvalidVault, match="before there was a vault"):
        _open(settings)


@pytest.mark.parametrize("key", ["", "abc", "zz" * 32, "5a" * 31])
def test_a_key_of_the_environment_must_be_a_key_and_is_not_repeated(
    settings: Settings, key: str
) -> None:
    wrong = settings.model_copy(update={"vault_key": key})
    with pytest.raises(InvalidVault, match="BANKCRM_VAULT_KEY is no key") as caught:
        _open(wrong)
    assert not key or key not in str(caught.value)
    assert "vault_key" not in repr(wrong)
