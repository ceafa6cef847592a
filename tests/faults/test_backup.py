"""The drill: a backup brought back on a clean machine is the same bank, and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bankcrm.audit import read_entries
from bankcrm.errors import BankcrmError, Busy, DamagedVersion
from bankcrm.settings import Settings
from bankcrm.warehouse.fingerprint import fingerprint_tables
from bankcrm.warehouse.versions import current_version, verify_versions
from pipelines.checks.waivers import list_waivers
from pipelines.loading.raw import open_raw
from pipelines.operations.audit_check import check_audit_log, read_backup_anchor
from pipelines.operations.journal import Journal
from pipelines.operations.lock import hold_lock
from pipelines.recovery.backup import back_up, restore
from pipelines.refresh.refresh import refresh
from tests.faults.homes import NINTH, TENTH, Fingerprints, deliver, fingerprints
from tests.faults.test_checks import FAR


def raw_fingerprints(settings: Settings) -> Fingerprints:
    with open_raw(settings, with_vault=False) as connection:
        rows = connection.execute("select distinct schema_name from duckdb_tables()").fetchall()
        return fingerprint_tables(connection, tuple(schema for (schema,) in rows))


def test_restore_from_a_backup_on_a_clean_machine(
    bank: Settings, published_bank: Settings, later: Path, tmp_path: Path
) -> None:
    Journal(bank.home).append(
        "waived", "mean:teller.transaction", business_date=NINTH, reason="known", until=FAR,
        decided_by="drill",
    )  # fmt: skip
    note = back_up(bank, tmp_path / "backup", tmp_path / "backup of the vault")
    assert note.version == current_version(bank)
    assert not list((tmp_path / "backup").rglob("vault*")), "clear values are copied apart"

    clean = Settings(home=tmp_path / "clean", disk_reserve_bytes=0)
    restore(clean, tmp_path / "backup", tmp_path / "backup of the vault")
    assert fingerprints(clean) == fingerprints(published_bank)
    assert raw_fingerprints(clean) == raw_fingerprints(bank)
    assert set(verify_versions(clean).values()) == {None}
    assert [waiver.decided_by for waiver in list_waivers(Journal(clean.home))] == ["drill"]
    assert check_audit_log(clean, [read_backup_anchor(tmp_path / "backup")]).problem is None
    assert [entry.action for entry in read_entries(bank)][-1:] == ["backed_up"]
    kept = [(entry.action, entry.subject) for entry in read_entries(clean)]
    assert kept[-2:] == [("refresh_ended", "run 1"), ("restored", note.version)]
    assert refresh(clean).exit_code == 0, "nothing is new"

    deliver(later, clean, TENTH)
    report = refresh(clean)
    assert report.blocked is not None and "2024-02-03" in report.blocked.problem


def test_a_damaged_backup_is_refused_before_anything_is_written(
    bank: Settings, tmp_path: Path
) -> None:
    back_up(bank, tmp_path / "backup")
    with (tmp_path / "backup" / "warehouse" / "raw.duckdb").open("r+b") as stream:
        stream.seek(50_000)
        stream.write(b"x")
    clean = Settings(home=tmp_path / "clean")
    with pytest.raises(DamagedVersion, match=r"raw\.duckdb"):
        restore(clean, tmp_path / "backup")
    assert not clean.home.exists()


def test_a_restore_never_overwrites_and_a_backup_never_meets_a_refresh(
    bank: Settings, tmp_path: Path
) -> None:
    back_up(bank, tmp_path / "backup")
    with pytest.raises(BankcrmError, match="holds data already"):
        restore(bank, tmp_path / "backup")
    with pytest.raises(BankcrmError, match="exists already"):
        back_up(bank, tmp_path / "backup")
    with hold_lock(bank.home), pytest.raises(Busy, match="process"):
        back_up(bank, tmp_path / "second")
    with hold_lock(bank.home), pytest.raises(Busy):
        refresh(bank)
