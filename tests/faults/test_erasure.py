"""An erasure outlives what would bring the customer back: an older backup, the old files again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bankcrm.failpoints import PERMISSION, PLACE, FailpointReached
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import open_published
from pipelines.cli import app
from pipelines.loading.raw import open_raw
from pipelines.privacy.register import REGISTER_NAME
from pipelines.recovery.backup import back_up, restore
from pipelines.refresh.refresh import refresh


def find_lonely_customer(settings: Settings) -> tuple[str, set[str]]:
    """Key of a customer and the documents and phones that nobody else has."""
    with open_raw(settings) as connection:
        ((system, number, *values),) = connection.execute(
            """select 'branch', customer_id, documents.value, phones.value
            from branch.customer
            join vault.entry as documents on documents.token = document_number_token
            join vault.entry as phones on phones.token = phone_token
            qualify count(*) over (partition by document_number_token) = 1
                and count(*) over (partition by phone_token) = 1
            order by customer_id limit 1"""
        ).fetchall()
    with open_published(settings) as version:
        ((key,),) = version.execute(
            """select customer_durable_key from marts.bridge_customer_xref
            where (source_system, source_customer_id) = ($1, $2)""",
            [system, number],
        ).fetchall()
    return str(key), set(values)


def held(settings: Settings, values: set[str]) -> set[str]:
    """Which of the values stand somewhere in the file of the vault, or in its log."""
    files = [path.read_bytes() for path in settings.vault_folder.glob("vault.duckdb*")]
    assert files
    return {value for value in values if any(value.encode() in content for content in files)}


def test_erased_values_do_not_come_back_with_an_older_backup_or_the_old_files(
    bank: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer, values = find_lonely_customer(bank)
    back_up(bank, tmp_path / "backup", tmp_path / "vault copy")
    words = ["privacy", "erase", customer, "--reason", "request", "--by", "Ann"]
    result = CliRunner().invoke(app, [*words, "--home", str(bank.home)])
    assert result.exit_code == 0, result.output
    assert not held(bank, values)

    clean = Settings(home=tmp_path / "clean", disk_reserve_bytes=0)
    clean.vault_folder.mkdir(mode=0o700, parents=True)
    shutil.copy(bank.vault_folder / REGISTER_NAME, clean.vault_folder)
    restore(clean, tmp_path / "backup", tmp_path / "vault copy")
    assert held(clean.model_copy(update={"vault": tmp_path / "vault copy"}), values) == values
    assert not held(clean, values)
    assert refresh(clean).exit_code == 0
    assert not held(clean, values)

    fresh = Settings(home=tmp_path / "fresh", vault=clean.vault_folder, disk_reserve_bytes=0)
    shutil.copytree(bank.landing_folder, fresh.landing_folder)
    monkeypatch.setenv(PERMISSION, "1")
    monkeypatch.setenv(PLACE, "build:before:error")
    with pytest.raises(FailpointReached):
        refresh(fresh)
    assert not held(fresh, values)
