"""Alerts and the heartbeat: failures are reported, and silence is noticed too."""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_string
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bankcrm.errors import DiskFull, NoSuccess, RemovedSetting
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import RollupState
from pipelines.checks.findings import Finding
from pipelines.monitoring.alerts import (
    alert_about_error,
    alert_about_ignored,
    alert_about_rollups,
    alert_about_run,
    alert_about_warnings,
    hide_parts,
)
from pipelines.operations.journal import Journal
from pipelines.operations.last_success import note_success, require_success
from pipelines.operations.runs import begin_run

SIX = time(6, 0)


class Received(list[str]):
    """What a web address or a mail server was sent."""


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def webhook(received: Received) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.append(self.rfile.read(length).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"json://127.0.0.1:{server.server_port}/hook"
        server.shutdown()


@pytest.fixture
def mail_port(received: Received) -> Iterator[int]:
    class Handler(socketserver.StreamRequestHandler):
        """As much of SMTP as one message needs."""

        def handle(self) -> None:
            self.wfile.write(b"220 ready\r\n")
            while line := self.rfile.readline():
                command = line.strip().upper()
                if command == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    message = b"".join(iter(self.rfile.readline, b".\r\n"))
                    received.append(message.decode())
                self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the settings in the current folder; not there yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "bankcrm.toml"


def fail_a_run(settings: Settings) -> int:
    with pytest.raises(DiskFull), begin_run(settings, "refresh") as run:
        raise DiskFull("The disk is full", "Free space.")
    return run.run_id


def test_a_failed_run_is_posted_with_problem_remedy_and_log(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_urls=(webhook,))
    alert_about_run(settings, fail_a_run(settings))
    sent = json.loads(received[0])
    assert sent["title"].startswith("bankcrm: run 1 failed on ")
    problem, remedy, log = sent["message"].splitlines()
    assert (problem, remedy) == ("The disk is full", "Next: Free space.")
    assert log.startswith("Log: ") and log.endswith("run-000001.jsonl")
    assert sent["type"] == "failure"


def test_a_failed_run_is_mailed(tmp_path: Path, mail_port: int, received: Received) -> None:
    url = f"mailto://127.0.0.1:{mail_port}?from=bank@bank.example&to=ops@bank.example&format=text"
    settings = Settings(home=tmp_path, alert_urls=(url,))
    alert_about_run(settings, fail_a_run(settings))
    mail = message_from_string(received[0])
    assert str(mail["To"]) == "ops@bank.example"
    assert str(make_header(decode_header(mail["Subject"]))).startswith("bankcrm: run 1 failed")
    text = mail.get_payload(decode=True)
    assert isinstance(text, bytes) and b"Next: Free space." in text


def test_every_url_gets_the_alert_whatever_becomes_of_the_others(
    tmp_path: Path, webhook: str, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANKCRM_ALERT_URLS", f"nonsense {webhook} {webhook}/2")
    settings = Settings(home=tmp_path)
    alert_about_run(settings, fail_a_run(settings))
    assert len(received) == 2
    (event,) = Journal(tmp_path).read("alert_failed")
    assert (event.name, event.run_id) == ("alert URL 1", 1)
    assert "it is no Apprise URL" in event.detail["problem"]


def test_a_run_that_succeeded_sends_no_alert(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_urls=(webhook,))
    with begin_run(settings, "refresh") as run:
        run.outcome = "published"
    alert_about_run(settings, run.run_id)
    assert received == []


def test_a_refused_rollup_of_a_published_night_is_a_warning(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_urls=(webhook,))
    ready = RollupState("flow.by_day", "rollup.flow", "d", 2, 9, 90, "ready")
    alert_about_rollups(settings, 7, "2024-02-03-001", [ready])
    assert received == []
    refused = replace(ready, state="refused", reason="rows of 2024-02-01: 9 in the fact, 8")
    alert_about_rollups(settings, 7, "2024-02-03-001", [ready, refused])
    sent = json.loads(received[0])
    assert "2024-02-03-001 is published without a rollup" in sent["title"]
    problem, remedy, log = sent["message"].splitlines()
    assert problem == "Refused rollups: flow.by_day: rows of 2024-02-01: 9 in the fact, 8"
    assert "the figures are right, only slower" in remedy
    assert log.endswith("run-000007.jsonl")
    assert sent["type"] == "warning"


def test_entries_that_a_published_night_passed_over_are_a_warning(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_urls=(webhook,))
    alert_about_ignored(settings, 7, [])
    assert received == []
    alert_about_ignored(settings, 7, [f"file {number} is a link" for number in range(7)])
    sent = json.loads(received[0])
    assert "entries of the landing folder were passed over" in sent["title"]
    problem, remedy, _ = sent["message"].splitlines()
    assert problem.endswith("file 4 is a link; and 2 more")
    assert "delivered again, with the right name and statement" in remedy


def test_an_alert_that_cannot_be_sent_is_noted_without_the_secrets_of_its_url(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    secrets = ("tokenofhook", "password%21", "ops-user", "hidden.example")
    url = "json://ops-user:password%21@hidden.example:9/services/tokenofhook"
    settings = Settings(home=tmp_path, alert_urls=(url,))
    alert_about_error(settings, DiskFull("The disk is full"))
    (event,) = Journal(tmp_path).read("alert_failed")
    assert event.name == "alert URL 1"
    assert event.detail["problem"].startswith("A Connection error occurred")
    captured = capfd.readouterr()
    everywhere = repr((settings, event, caplog.text, captured.out, captured.err))
    assert [secret for secret in secrets if secret in everywhere] == []


def test_any_part_of_a_url_is_hidden_in_a_message_about_it() -> None:
    url = "jsons://me:s%21cret@Hooks.example:8443/T0/B1?+key=k9"
    message = "me, s!cret, s%21cret at hooks.example:8443/T0/B1: key k9, error=404"
    assert hide_parts(message, url) == "***, ***, *** at ***:***/***/***: *** ***, error=404"


@pytest.mark.parametrize(
    ("name", "value", "url"),
    [
        ("alert_webhook", "https://hooks.example/secret", "jsons://"),
        ("alert_mail_to", "ops@bank.example", "mailto://"),
        ("smtp_port", "25", "mailto://"),
    ],
)
@pytest.mark.parametrize("is_variable", [True, False])
def test_a_removed_setting_is_refused_with_the_url_that_replaces_it(
    settings_file: Path, name: str, value: str, url: str, is_variable: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if is_variable:
            patch.setenv(f"BANKCRM_{name.upper()}", value)
        else:
            settings_file.write_text(f'{name} = "{value}"\n')
        with pytest.raises(RemovedSetting, match=f"BANKCRM_{name.upper()}") as refused:
            Settings()
    assert f"add {url}" in refused.value.remedy and "BANKCRM_ALERT_URLS" in refused.value.remedy
    assert value == "25" or value not in str(refused.value)


def test_alert_urls_of_the_settings_file_are_a_list_or_a_text(settings_file: Path) -> None:
    for text in ('["json://a", "json://b"]', '"json://a json://b"'):
        settings_file.write_text(f"alert_urls = {text}\n")
        assert Settings().alert_urls == ("json://a", "json://b")


def test_no_success_by_six_is_noticed_even_when_nothing_ran_at_all(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(NoSuccess, match="none ever"):
        require_success(settings, SIX)


@pytest.mark.parametrize(
    ("hours_after_six", "is_well"), [(-0.5, True), (0.5, True), (23.5, True), (24.5, False)]
)
def test_a_success_counts_until_the_next_deadline(
    tmp_path: Path, hours_after_six: float, is_well: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh succeeded at five; asked around six of this day and of the next."""
    six = datetime(2024, 3, 5, 6, tzinfo=UTC).astimezone().replace(hour=6, minute=0)
    success = six - timedelta(hours=1)
    monkeypatch.setattr("pipelines.operations.last_success.now", lambda: success.astimezone(UTC))
    settings = Settings(home=tmp_path)
    note_success(settings, 1, "2024-03-04-001")
    moment = six + timedelta(hours=hours_after_six)
    if is_well:
        assert require_success(settings, SIX, moment).run_id == 1
    else:
        with pytest.raises(NoSuccess, match="the last was run 1"):
            require_success(settings, SIX, moment)


def test_warnings_of_the_checks_are_sent_with_their_dates(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_urls=(webhook,))
    with begin_run(settings, "refresh") as run:
        day = datetime(2024, 2, 3, tzinfo=UTC).date()
        findings = [Finding("shares:f", n, day, f"account {n}", "warn") for n in range(7)]
        alert_about_warnings(settings, run.run_id, findings)
        alert_about_warnings(settings, run.run_id, [])
    (sent,) = map(json.loads, received)
    assert sent["type"] == "warning"
    assert "2024-02-03 account 0; 2024-02-03 account 1" in sent["message"]
    assert "; and 2 more" in sent["message"] and "Nothing is held back" in sent["message"]
