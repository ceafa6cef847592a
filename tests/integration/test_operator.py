"""What the operator sees and what stays published on good and bad nights, as one story."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from bankcrm.audit import read_entries
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import current_version, open_published
from cube.compiler.rollup import Rollup
from cube.rollups import build as rollups
from pipelines.cli import app
from pipelines.monitoring import alerts
from pipelines.monitoring.alerts import Alert
from pipelines.operations.runs import read_runs
from tests.integration.banks import Redelivery, copy_bank, keep_from

SPOILT_ROLLUP = "transaction.by_month"
NINTH, TENTH = date(2024, 2, 3), date(2024, 2, 4)


class Operator:
    """Runs commands on one bank and reads the screen."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.runner = CliRunner(env={"COLUMNS": "160"})

    def run(self, *words: str, exit_code: int = 0) -> str:
        result = self.runner.invoke(app, [*words, "--home", str(self.settings.home)])
        assert result.exit_code == exit_code, result.output
        return " ".join(result.output.split())


@pytest.fixture(scope="module")
def operator(delivered_bank: Settings, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    folder = tmp_path_factory.mktemp("operator")
    settings = copy_bank(delivered_bank, folder / "bank")
    keep_from(settings, NINTH, aside=folder / "later")
    return Operator(settings)


@pytest.fixture(scope="module")
def later(operator: Operator) -> Path:
    return operator.settings.home.parent / "later"


def deliver(later: Path, settings: Settings, night: date) -> None:
    for path in later.glob(f"*/*/*_{night}_*"):
        path.rename(settings.landing_folder / path.relative_to(later))


def test_1_the_first_refresh_shows_what_came_in_what_was_built_and_three_answers(
    operator: Operator,
) -> None:
    screen = operator.run("refresh")
    assert "Deliveries loaded" in screen
    assert "Nothing was rejected or quarantined" in screen
    assert "version 2024-02-02-001" in screen
    assert "Profit contribution by branch" in screen
    assert "Balances by product" in screen
    assert "Transactions by channel" in screen


def test_2_the_same_files_again_do_nothing_and_say_so(operator: Operator) -> None:
    screen = operator.run("refresh")
    assert "No new delivery was loaded" in screen
    assert "Nothing new to publish" in screen
    assert current_version(operator.settings) == "2024-02-02-001"


def test_3_five_bad_rows_are_named_and_the_night_is_published_without_them(
    operator: Operator, later: Path
) -> None:
    deliver(later, operator.settings, NINTH)
    bank = Redelivery(operator.settings)
    rows = bank.read("teller.transaction", NINTH)
    good = [dict(row) for row in rows]
    good[0]["amount"], good[1]["amount"] = "1234.56", "0.00"
    rows[0]["amount"] = "1,234.56"
    rows[1]["amount"] = "abc"
    rows[2]["posting_date"] = "2024-02-30"
    rows[3]["debit_credit"] = "X"
    rows[4]["transaction_id"] = ""
    bank.write("teller.transaction", NINTH, rows, stated=good)

    screen = operator.run("refresh")
    assert "Rows in quarantine" in screen
    for rule in (
        "amount: bad_decimal",
        "posting_date: bad_date",
        "transaction_id: null_not_allowed",
    ):
        assert rule in screen
    assert "Rows in quarantine: 5" in screen
    for line in range(2, 7):
        assert f"│ transaction_2024-02-03_r0.csv.gz │ {line} │" in screen
    assert current_version(operator.settings) == "2024-02-03-001"
    with open_published(operator.settings) as connection:
        books = connection.execute(
            """select rows_delivered, rows_accepted, rows_quarantined from meta.load
            where feed = 'transaction' and business_date = $1""",
            [NINTH],
        ).fetchone()
        entries = connection.execute(
            "select count(*) from marts.fct_transaction "
            "where source_system = 'teller' and business_date = $1",
            [NINTH],
        ).fetchone()
    assert books == (len(rows), len(rows) - 5, 5)
    assert entries == (len(rows) - 5,)


def test_4_a_wrong_control_total_rejects_the_file_and_yesterday_stays_published(
    operator: Operator, later: Path
) -> None:
    deliver(later, operator.settings, TENTH)
    bank = Redelivery(operator.settings)
    rows = bank.read("teller.transaction", TENTH)
    bank.write("teller.transaction", TENTH, rows[:-1], stated=rows)

    screen = operator.run("refresh", exit_code=3)
    assert "Rejected transaction_2024-02-04_r0.csv.gz" in screen
    assert "deliver teller/transaction/transaction_2024-02-04_r1.csv.gz with its" in screen
    assert current_version(operator.settings) == "2024-02-03-001"
    assert "Waiting 2024-02-04 is not whole" in operator.run("refresh", exit_code=3)
    assert "Waiting" in operator.run("status")


def test_5_the_corrected_file_publishes_the_night_that_waited_and_warns_of_a_refused_rollup(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts_sent = spoil_a_rollup(monkeypatch)
    bank = Redelivery(operator.settings)
    good = bank.read("teller.transaction", TENTH)
    bank.write("teller.transaction", TENTH, good, rerun=1)
    stray = operator.settings.landing_folder / "teller" / "teller" / "notes.txt"
    stray.write_text("not a delivery")
    screen = operator.run("refresh")
    assert "Ignored" in operator.run("status")
    stray.unlink()
    assert "version 2024-02-04-001" in screen
    assert f"Rollup refused {SPOILT_ROLLUP}" in screen
    passed_over, alert = alerts_sent
    assert "notes.txt is neither data nor control file" in passed_over.problem
    assert "2024-02-04-001 is published without a rollup" in alert.title
    assert SPOILT_ROLLUP in alert.problem and "only slower" in alert.remedy
    status = operator.run("status")
    assert f"Slower Refused rollups: {SPOILT_ROLLUP}: rows of" in status
    assert "Next Correct the definition of the rollup or the model" in status
    assert SPOILT_ROLLUP in operator.settings.status_page_file.read_text(encoding="utf-8")


def spoil_a_rollup(monkeypatch: pytest.MonkeyPatch) -> list[Alert]:
    """One rollup loses a row as it is built; returns the alerts that will be posted."""
    fill, sent = rollups.fill_rollup, list[Alert]()

    def lose_a_row(
        connection: duckdb.DuckDBPyConnection, rollup: Rollup, refresh_from: date | None
    ) -> None:
        fill(connection, rollup, refresh_from)
        if rollup.name == SPOILT_ROLLUP:
            connection.execute(f"delete from {rollup.table} where rowid = 0")

    monkeypatch.setattr(rollups, "fill_rollup", lose_a_row)
    monkeypatch.setattr(alerts, "send_alert", lambda _, alert: sent.append(alert))
    monkeypatch.setenv("BANKCRM_ALERT_URLS", "json://127.0.0.1/alerts")
    return sent


def test_6_rollback_returns_to_the_version_before_and_holds_publishing_until_it_is_released(
    operator: Operator,
) -> None:
    output = operator.run("rollback", "--reason", "interest is doubled")
    assert "2024-02-03-001" in output and "Publishing is held" in output
    screen = operator.run("refresh", exit_code=14)
    assert "interest is doubled. Version 2024-02-04-002 is built and checked" in screen
    assert "bankcrm rollback --release --reason WHY" in screen
    assert current_version(operator.settings) == "2024-02-03-001"
    status = operator.run("status")
    assert "interest is doubled" in status and "Last run: 7, held" in status
    assert "interest is doubled" in operator.settings.status_page_file.read_text(encoding="utf-8")

    operator.run("rollback", "--release", exit_code=1)
    operator.run("rollback", "--release", "--reason", "it was right", "--to", "x", exit_code=1)
    operator.run("rollback", "--release", "--reason", "it was right")
    assert "version 2024-02-04-002" in operator.run("refresh")
    builds = [s for run in read_runs(operator.settings)[-2:] for s in run.steps]
    taken_up = [step.detail["taken_up"] for step in builds if step.name == "build"]
    assert taken_up == [False, True], "what was held is published as it was built"
    assert "Publishing is not held" in operator.run(
        "rollback", "--release", "--reason", "twice", exit_code=1
    )


def test_6b_the_audit_log_holds_every_event_and_verifies(operator: Operator) -> None:
    assert "Intact" in operator.run("audit", "verify")
    listed = [
        (entry.action, entry.subject)
        for entry in read_entries(operator.settings)
        if entry.action not in ("refresh_started", "refresh_ended")
    ]
    assert listed == [
        ("version_published", "2024-02-02-001"),
        ("version_published", "2024-02-03-001"),
        ("version_published", "2024-02-04-001"),
        ("rolled_back", "2024-02-03-001"),
        ("publishing_released", "2024-02-03-001"),
        ("version_published", "2024-02-04-002"),
    ]
    outcomes = [
        entry.details["outcome"]
        for entry in read_entries(operator.settings)
        if entry.action == "refresh_ended"
    ]
    assert outcomes == [
        "published", "nothing new", "published", "rejected", "rejected", "published", "held",
        "published",
    ]  # fmt: skip


def test_7_sql_reads_the_published_version_and_nothing_else(operator: Operator) -> None:
    assert "Branch counter" in operator.run("sql", "select channel_name from marts.dim_channel")
    for attack in (
        "select * from read_csv('/etc/hostname')",
        "copy marts.dim_channel to '/tmp/stolen.csv'",
        "attach '/tmp/other.duckdb'",
        "set enable_external_access = true",
        "delete from marts.dim_channel",
    ):
        operator.run("sql", attack, exit_code=1)
