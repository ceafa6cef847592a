"""Rollback holds publishing, and every way out of it; what the audit log says of versions."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bankcrm.audit import read_entries, read_head, record
from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.warehouse.manifest import read_manifest
from bankcrm.warehouse.versions import current_version, version_file
from pipelines.monitoring.alerts import alert_about_run
from pipelines.monitoring.status import read_status
from pipelines.operations.journal import Journal
from pipelines.operations.runs import begin_run
from pipelines.publishing.audit_entries import record_found_version, record_published
from pipelines.publishing.hold import read_hold, release_publishing
from pipelines.publishing.publish import next_version, point_to, publish
from pipelines.publishing.rollback import roll_back

NIGHT = date(2024, 1, 31)
FIRST, SECOND, THIRD = (f"2024-01-31-00{number}" for number in (1, 2, 3))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Three versions, the third published."""
    settings = Settings(home=tmp_path)
    for number in range(3):
        build = tmp_path / "build"
        build.write_bytes(b"version" * (number + 1))
        version = next_version(settings, NIGHT)
        publish(settings, build, version)
        record_published(settings, version, NIGHT)
    return settings


def test_a_rollback_holds_publishing_and_says_why_and_whose_it_was(settings: Settings) -> None:
    assert read_hold(settings) is None
    roll_back(settings, reason="interest is doubled")
    hold = read_hold(settings)
    assert hold is not None and hold.version == SECOND
    assert "interest is doubled" in hold.describe() and hold.held_by in hold.describe()
    error = hold.as_error("2024-01-31-004")
    assert error.exit_code == 14 and "rollback --release" in error.remedy
    roll_back(settings, FIRST)
    hold = read_hold(settings)
    assert hold is not None and hold.version == FIRST


def test_a_release_needs_a_reason_and_a_hold(settings: Settings) -> None:
    with pytest.raises(BankcrmError, match="not held"):
        release_publishing(settings, "why not")
    roll_back(settings)
    with pytest.raises(BankcrmError, match="needs a reason"):
        release_publishing(settings, " ")
    assert release_publishing(settings, "fixed").version == SECOND
    assert read_hold(settings) is None
    roll_back(settings)
    assert read_hold(settings) is not None, "each rollback holds again"


def test_rolling_forward_to_the_newest_version_ends_the_hold(settings: Settings) -> None:
    roll_back(settings, FIRST)
    roll_back(settings, THIRD)
    assert current_version(settings) == THIRD
    assert read_hold(settings) is None
    assert read_entries(settings)[-2].action == "publishing_released"


def test_a_rollback_from_a_damaged_file_holds_nothing(settings: Settings) -> None:
    version_file(settings, THIRD).write_bytes(b"half")
    assert roll_back(settings) == SECOND
    assert read_hold(settings) is None
    assert read_entries(settings)[-1].details["publishing_held"] is False


def test_a_rollback_is_in_the_audit_log_with_what_it_passed_over(settings: Settings) -> None:
    roll_back(settings, FIRST, "wrong rates")
    last = read_entries(settings)[-1]
    assert (last.action, last.subject) == ("rolled_back", FIRST)
    assert last.details == {
        "passed_over": [SECOND, THIRD], "reason": "wrong rates", "publishing_held": True,
    }  # fmt: skip


def test_a_version_that_was_named_by_hand_or_before_a_crash_is_found(settings: Settings) -> None:
    assert record_found_version(settings) is None
    point_to(settings, FIRST)
    assert record_found_version(settings) == FIRST
    last = read_entries(settings)[-1]
    assert (last.action, last.details) == ("version_found", {"named_before": THIRD})
    assert record_found_version(settings) is None, "once"
    (settings.published_folder / "CURRENT").unlink()
    assert record_found_version(settings) is None


def test_the_manifest_of_a_version_knows_the_end_of_the_audit_log(settings: Settings) -> None:
    record(settings, "noted", "ann", "s")
    head = read_head(settings)
    (settings.home / "build").write_bytes(b"four")
    publish(settings, settings.home / "build", "2024-01-31-004")
    manifest = read_manifest(version_file(settings, "2024-01-31-004"))
    assert head is not None and manifest is not None
    assert manifest.audit == {"log": 1, "entries": head.entries, "sha256": head.sha256}


def test_status_reports_a_hold_and_of_a_broken_audit_log(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert (read_status(settings).hold, read_status(settings).audit.head) == (None, None)
    Journal(tmp_path).append("publishing_held", FIRST, reason="wrong", held_by="ann")
    status = read_status(settings)
    assert status.health == "waiting" and "rollback --release" in status.next_step
    record(settings, "noted", "ann", "s")
    record(settings, "noted", "ann", "s")
    log = tmp_path / "audit" / "audit-0001.jsonl"
    log.write_text(log.read_text().replace("ann", "bob", 1))
    status = read_status(settings)
    assert status.health == "bad" and "audit rotate" in status.next_step


def test_a_run_that_is_held_sends_no_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts: list[object] = []
    monkeypatch.setattr("pipelines.monitoring.alerts.send_alert", lambda *what: alerts.append(what))
    settings = Settings(home=tmp_path, alert_urls=("json://127.0.0.1:9",))
    for outcome in ("held", "audit log broken"):
        with begin_run(settings, "refresh") as run:
            run.outcome = outcome
        alert_about_run(settings, run.run_id)
    assert len(alerts) == 1
