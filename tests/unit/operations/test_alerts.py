"""Alerts and the dead man's file: somebody is told, and silence is noticed too."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bankcrm.errors import DiskFull, NoSuccess
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import RollupState
from pipelines.monitoring.alerts import (
    alert_about_error,
    alert_about_ignored,
    alert_about_rollups,
    alert_about_run,
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
        yield f"http://127.0.0.1:{server.server_port}/hook"
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


def fail_a_run(settings: Settings) -> int:
    with pytest.raises(DiskFull), begin_run(settings, "refresh") as run:
        raise DiskFull("The disk is full", "Free space.")
    return run.run_id


def test_a_failed_run_is_posted_with_problem_remedy_and_log(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_webhook=webhook)
    alert_about_run(settings, fail_a_run(settings))
    sent = json.loads(received[0])
    assert sent["problem"] == "The disk is full"
    assert sent["remedy"] == "Free space."
    assert sent["log"].endswith("run-000001.jsonl")
    assert "run 1 failed" in sent["text"]


def test_a_failed_run_is_mailed(tmp_path: Path, mail_port: int, received: Received) -> None:
    settings = Settings(
        home=tmp_path, alert_mail_to="ops@bank.example", smtp_host="127.0.0.1", smtp_port=mail_port
    )
    alert_about_run(settings, fail_a_run(settings))
    assert "Subject: bankcrm: run 1 failed" in received[0]
    assert "Next: Free space." in received[0]


def test_a_run_that_ended_well_tells_nobody(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_webhook=webhook)
    with begin_run(settings, "refresh") as run:
        run.outcome = "published"
    alert_about_run(settings, run.run_id)
    assert received == []


def test_a_refused_rollup_of_a_published_night_is_a_warning(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_webhook=webhook)
    ready = RollupState("flow.by_day", "rollup.flow", "d", 2, 9, 90, "ready")
    alert_about_rollups(settings, 7, "2024-02-03-001", [ready])
    assert received == []
    refused = replace(ready, state="refused", reason="rows of 2024-02-01: 9 in the fact, 8")
    alert_about_rollups(settings, 7, "2024-02-03-001", [ready, refused])
    sent = json.loads(received[0])
    assert "2024-02-03-001 is published without a rollup" in sent["title"]
    assert sent["problem"] == ("Refused rollups: flow.by_day: rows of 2024-02-01: 9 in the fact, 8")
    assert "the figures are right, only slower" in sent["remedy"]
    assert sent["log"].endswith("run-000007.jsonl")


def test_entries_that_a_published_night_passed_over_are_a_warning(
    tmp_path: Path, webhook: str, received: Received
) -> None:
    settings = Settings(home=tmp_path, alert_webhook=webhook)
    alert_about_ignored(settings, 7, [])
    assert received == []
    alert_about_ignored(settings, 7, [f"file {number} is a link" for number in range(7)])
    sent = json.loads(received[0])
    assert "entries of the landing folder were passed over" in sent["title"]
    assert sent["problem"].endswith("file 4 is a link; and 2 more")
    assert "delivered again, with the right name and statement" in sent["remedy"]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/none", "file:///etc/hostname"])
def test_an_alert_that_cannot_be_sent_is_noted_and_changes_nothing(
    tmp_path: Path, address: str
) -> None:
    settings = Settings(home=tmp_path, alert_webhook=address)
    alert_about_error(settings, DiskFull("The disk is full"))
    assert [event.name for event in Journal(tmp_path).read("alert_failed")] == ["webhook"]


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
    """A refresh ended well at five; asked around six of this day and of the next."""
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
