"""Checks that hold a night back or stop a build, and decisions to publish all the same."""

from __future__ import annotations

import subprocess
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb
import pytest
from typer.testing import CliRunner

from bankcrm.audit import read_entries
from bankcrm.clock import today
from bankcrm.errors import BankcrmError, BlockedDate, FailedBuild, HeldDate, MissedDeadline
from bankcrm.failpoints import PERMISSION, PLACE, FailpointReached
from bankcrm.settings import Settings
from bankcrm.warehouse.versions import current_version, open_published, version_file
from pipelines.checks.reconciliation import UnbalancedBooks, check_raw_books, check_version_books
from pipelines.checks.volume_checks import compare_with_weeks_before
from pipelines.checks.waivers import list_waivers, revoke, waive
from pipelines.cli import app
from pipelines.contracts.contract import Deadline, get_contract, load_contracts
from pipelines.landing.control import ControlFile, control_path
from pipelines.loading.raw import open_raw
from pipelines.operations.journal import Journal
from pipelines.refresh.refresh import refresh
from tests.faults.homes import EIGHTH, NINTH, TENTH, deliver, fingerprints
from tests.integration.banks import Redelivery

OLD = "2024-02-02-001"
FAR = date(2999, 12, 31)


@pytest.fixture
def stop_before_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refresh ends with an error where it would start to build: it wants to publish."""
    monkeypatch.setenv(PERMISSION, "1")
    monkeypatch.setenv(PLACE, "build:before:error")


def deliver_next(settings: Settings, feed: str, rows: list[dict[str, str]], night: date) -> None:
    """Deliver a feed on a further night, with the sequence number that is due."""
    bank = Redelivery(settings)
    controls = sorted(bank.path(feed, night).parent.glob("*.control.json"))
    last = ControlFile.model_validate_json(controls[-1].read_text())
    update = {"business_date": night, "sequence": last.sequence + 1}
    control_path(bank.path(feed, night)).write_text(
        last.model_copy(update=update).model_dump_json()
    )
    bank.write(feed, night, rows)


@pytest.mark.usefixtures("stop_before_build")
def test_a_partial_snapshot_is_held_back_until_a_waiver_is_recorded(
    waiting_bank: Settings,
) -> None:
    managers = Redelivery(waiting_bank).read("branch.manager", date(2024, 2, 1))
    deliver_next(waiting_bank, "branch.manager", managers[: len(managers) // 2], NINTH)

    report = refresh(waiting_bank)
    assert isinstance(report.blocked, HeldDate)
    assert report.exit_code == 8
    assert "keys of the snapshot before are missing" in report.blocked.problem
    assert "bankcrm waive partial_snapshot:branch.manager --date 2024-02-03" in (
        report.blocked.remedy
    )
    assert current_version(waiting_bank) == OLD

    waive(
        waiting_bank, "partial_snapshot:branch.manager", NINTH, "two branches closed",
        until=FAR, today=today(),
    )  # fmt: skip
    with pytest.raises(FailpointReached):
        refresh(waiting_bank)


@pytest.mark.usefixtures("stop_before_build")
def test_a_waiver_that_has_ended_holds_the_night_back_again(waiting_bank: Settings) -> None:
    managers = Redelivery(waiting_bank).read("branch.manager", date(2024, 2, 1))
    deliver_next(waiting_bank, "branch.manager", managers[:1], NINTH)
    yesterday = today() - timedelta(days=1)
    waive(
        waiting_bank, "partial_snapshot:branch.manager", NINTH, "for one day",
        until=yesterday, today=yesterday,
    )  # fmt: skip
    assert refresh(waiting_bank).exit_code == 8


@pytest.mark.usefixtures("stop_before_build")
def test_a_bad_correction_of_a_published_night_never_takes_published_nights_away(
    bank: Settings,
) -> None:
    managers = Redelivery(bank).read("branch.manager", date(2024, 2, 1))
    Redelivery(bank).write("branch.manager", date(2024, 2, 1), managers[:1], rerun=1)
    report = refresh(bank)
    assert report.exit_code == 8
    assert current_version(bank) == OLD


def test_volume_and_mean_are_compared_with_the_weeks_before(tmp_path: Path) -> None:
    first = date(2024, 1, 1)
    with open_raw(Settings(home=tmp_path)) as raw:
        for day in range(40):
            rows, amount = (
                (100 + day % 7, 50) if day < 38 else (10, 50) if day == 38 else (100, 5000)
            )
            raw.execute(
                """insert into ops.load (load_id, source, feed, file_name, business_date, rerun,
                    status, rows_accepted)
                values ($1, 'teller', 'transaction', 'f', $2, 0, 'loaded', $3)""",
                [day + 1, first + timedelta(days=day), rows],
            )
            raw.execute(
                "insert into ops.load_total values ($1, 'amount', $2, $2, 0, 0)",
                [day + 1, rows * amount],
            )
        found = compare_with_weeks_before(raw, ())
        judged_before = compare_with_weeks_before(raw, range(1, 41))
    assert [(f.rule, f.load_id) for f in found] == [
        ("volume:teller.transaction", 39),
        ("mean:teller.transaction", 40),
    ]
    assert "10 rows, where the 35 days before had between 100 and 106 a day" in found[0].message
    assert "amount is 5000.00 a row on average" in found[1].message
    assert judged_before == []


def test_a_row_lost_in_the_raw_tables_is_found_before_the_build(bank: Settings) -> None:
    with open_raw(bank) as raw:
        assert check_raw_books(raw, ()) > 0
        raw.execute("delete from teller.transaction where file_line = 2 and load_id in ("
                    "select max(load_id) from ops.load where feed = 'transaction')")  # fmt: skip
        with pytest.raises(UnbalancedBooks, match=r"transaction_.*rows were accepted"):
            check_raw_books(raw, ())


def test_a_row_lost_on_the_way_to_the_star_is_found_before_publishing(bank: Settings) -> None:
    built = version_file(bank, OLD)
    assert check_version_books(bank.raw_file, built) > 0
    with duckdb.connect(str(built)) as connection:
        connection.execute("update meta.staged set rows = rows - 1 where feed = 'account'")
    with pytest.raises(UnbalancedBooks, match=r"branch\.account: "):
        check_version_books(bank.raw_file, built)


def count_children(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Command lines of the child processes that this process starts from now on."""
    children: list[list[str]] = []
    start = subprocess.Popen

    def note_and_start(command: list[str], **options: Any) -> subprocess.Popen[str]:
        children.append(command)
        return start(command, **options)

    monkeypatch.setattr(subprocess, "Popen", note_and_start)
    return children


def test_a_general_ledger_break_blocks_publishing_until_its_date_is_waived(
    published_bank: Settings, waiting_bank: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger of January comes again with another figure, and the subledger does not tie."""
    children = count_children(monkeypatch)
    month_end = date(2024, 1, 31)
    redelivery = Redelivery(waiting_bank)
    ledger = redelivery.read("finance.gl_balance", month_end)
    line = next(row for row in ledger if float(row["balance"]) > 1000)
    line["balance"] = f"{float(line['balance']) + 0.01:.2f}"
    redelivery.write("finance.gl_balance", month_end, ledger, rerun=1)

    with pytest.raises(FailedBuild, match="subledger_equals_general_ledger") as failed:
        refresh(waiting_bank)
    assert failed.value.exit_code == 5
    assert "See the dbt log" in failed.value.remedy
    children.clear()
    assert fingerprints(waiting_bank) == fingerprints(published_bank)

    words = ["waive", "subledger_equals_general_ledger", "--date", "2024-01-31"]
    words += ["--reason", "booked in February", "--until", str(FAR)]
    answer = CliRunner().invoke(app, [*words, "--home", str(waiting_bank.home)])
    assert answer.exit_code == 0, answer.output
    report = refresh(waiting_bank)
    assert (report.exit_code, report.version) == (0, "2024-02-03-001")
    assert report.build is not None and report.build.nodes > 100, "the whole build is counted"
    assert len(children) == 1, "the build and the waived test share one dbt child"
    with open_published(waiting_bank) as connection:
        waived = connection.execute(
            "select name, status, failures from meta.test where status <> 'pass'"
        ).fetchall()
    assert waived == [("subledger_equals_general_ledger", "waived", 1)]
    page = (waiting_bank.home / "status.html").read_text(encoding="utf-8")
    assert "booked in February" in page and ">1 break<" in page


@pytest.mark.parametrize(
    ("rule", "reason", "until", "problem"),
    [
        ("volume:no.feed", "why", FAR, "no rule"),
        ("delivered_key_is_unique", "why", FAR, "no rule"),
        ("mean:teller.transaction", " ", FAR, "needs a reason"),
        ("mean:teller.transaction", "why", date(2024, 1, 1), "has passed"),
    ],
)
def test_a_waiver_needs_a_known_rule_a_reason_and_an_end_to_come(
    tmp_path: Path, rule: str, reason: str, until: date, problem: str
) -> None:
    with pytest.raises(BankcrmError, match=problem):
        waive(Settings(home=tmp_path), rule, NINTH, reason, until=until, today=date(2024, 3, 1))
    assert list_waivers(Journal(tmp_path)) == []


def test_a_revoked_waiver_counts_no_longer_and_both_decisions_stay_on_record(
    tmp_path: Path,
) -> None:
    settings, day = Settings(home=tmp_path), date(2024, 3, 1)
    rule = "mean:teller.transaction"
    waive(settings, rule, NINTH, "known", until=FAR, today=day)
    with pytest.raises(BankcrmError, match="needs a reason"):
        revoke(settings, rule, NINTH, " ", day)
    with pytest.raises(BankcrmError, match="No waiver"):
        revoke(settings, rule, TENTH, "another night", day)
    revoke(settings, rule, NINTH, "not known after all", day)
    assert list_waivers(Journal(tmp_path)) == []
    with pytest.raises(BankcrmError, match="No waiver"):
        revoke(settings, rule, NINTH, "twice", day)
    assert [(e.action, e.subject, e.details["reason"]) for e in read_entries(settings)] == [
        ("waiver_granted", "mean:teller.transaction", "known"),
        ("waiver_revoked", "mean:teller.transaction", "not known after all"),
    ]


@pytest.mark.usefixtures("stop_before_build")
def test_a_missing_mandatory_feed_waits_and_the_late_file_brings_the_night(
    bank: Settings, later: Path
) -> None:
    deliver(later, bank, NINTH)
    late = Redelivery(bank).path("teller.transaction", NINTH)
    aside = [late, control_path(late)]
    for path in aside:
        path.rename(bank.home / path.name)
    report = refresh(bank)
    assert isinstance(report.blocked, BlockedDate)
    assert report.exit_code == 4
    assert "2024-02-03 waits for teller.transaction" in report.blocked.problem
    for path in aside:
        (bank.home / path.name).rename(path)
    with pytest.raises(FailpointReached):
        refresh(bank)


@pytest.mark.usefixtures("stop_before_build")
def test_yesterdays_file_under_todays_name_is_rejected(bank: Settings, later: Path) -> None:
    deliver(later, bank, NINTH)
    redelivery = Redelivery(bank)
    stale = redelivery.path("teller.transaction", EIGHTH)
    todays = redelivery.path("teller.transaction", NINTH)
    todays.write_bytes(stale.read_bytes())
    control_path(todays).write_bytes(control_path(stale).read_bytes())
    report = refresh(bank)
    assert report.exit_code == 4
    assert any("belong to transaction_2024-02-02_r0" in problem for problem in report.problems)

    stated = ControlFile.model_validate_json(control_path(stale).read_text())
    renamed = stated.model_copy(update={"business_date": NINTH})
    control_path(todays).write_text(renamed.model_dump_json())
    report = refresh(bank)
    assert report.exit_code == 4
    assert report.blocked is not None and "sequence number" in report.blocked.problem


@pytest.mark.usefixtures("stop_before_build")
def test_a_missed_night_is_caught_up_in_order(bank: Settings, later: Path) -> None:
    deliver(later, bank, TENTH)
    report = refresh(bank)
    assert report.exit_code == 4
    assert report.blocked is not None and "2024-02-03 was not delivered" in report.blocked.problem
    deliver(later, bank, NINTH)
    with pytest.raises(FailpointReached):
        refresh(bank)
    with open_raw(bank) as raw:
        nights = raw.execute(
            "select business_date from ops.load where business_date > $1 group by all"
            " order by min(load_id)",
            [EIGHTH],
        ).fetchall()
    assert nights == [(NINTH,), (TENTH,)]


class FrozenClock:
    """A clock that stands still: whoever sleeps on it would sleep for ever."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment.astimezone()

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing is gained by waiting")


def set_policy(monkeypatch: pytest.MonkeyPatch, feed: str, late: Literal["stale", "wait"]) -> None:
    contract = get_contract(feed).model_copy(update={"deadline": Deadline(late=late)})
    monkeypatch.setitem(load_contracts(), feed, contract)


AFTER_THE_DEADLINE = datetime(2024, 2, 4, 5)


def test_a_run_that_waited_in_vain_names_feed_deadline_and_remedy_with_exit_code_15(
    bank: Settings, later: Path
) -> None:
    deliver(later, bank, NINTH)
    Redelivery(bank).path("teller.transaction", NINTH).unlink()
    control_path(Redelivery(bank).path("teller.transaction", NINTH)).unlink()
    report = refresh(bank, wait=True, clock=FrozenClock(AFTER_THE_DEADLINE))
    assert isinstance(report.blocked, MissedDeadline)
    assert (report.exit_code, report.outcome) == (15, "late")
    assert "teller.transaction (due 2024-02-04 04:30)" in report.blocked.problem
    assert "`late: stale`" in report.blocked.remedy
    assert current_version(bank) == OLD
    assert refresh(bank).exit_code == 4, "a run that does not wait says that the night waits"


@pytest.mark.slow
def test_a_night_built_without_a_late_feed_says_so_and_is_healed_by_the_late_file(
    bank: Settings, later: Path, undisturbed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_policy(monkeypatch, "teller.transaction", "stale")
    deliver(later, bank, NINTH)
    late = Redelivery(bank).path("teller.transaction", NINTH)
    aside = [late, control_path(late)]
    for path in aside:
        path.rename(bank.home / path.name)
    report = refresh(bank, wait=True, clock=FrozenClock(AFTER_THE_DEADLINE))
    assert report.version == "2024-02-03-001", report
    assert [stale.feed for stale in report.stale] == ["teller.transaction"]
    with open_published(bank) as connection:
        told = connection.execute("select feed, since, nights from meta.stale_feed").fetchall()
    assert told == [("teller.transaction", NINTH, 1)]
    page = (bank.home / "status.html").read_text(encoding="utf-8")
    assert "stale since 2024-02-03" in page
    assert "deadline_missed" in {entry.action for entry in read_entries(bank)}

    for path in aside:
        (bank.home / path.name).rename(path)
    report = refresh(bank, clock=FrozenClock(AFTER_THE_DEADLINE))
    assert (report.version, report.stale) == ("2024-02-03-002", ())
    assert fingerprints(bank) == fingerprints(undisturbed)
