"""Alerts: a run that did not end well is told to a web address and by mail, where they are set.

An alert that cannot be sent is itself noted in the journal; it never changes how the run ended.
"""

from __future__ import annotations

import json
import smtplib
import socket
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from http import HTTPStatus

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import REFUSED_REMEDY, RollupState, describe_refused
from pipelines.landing.folder import IGNORED_REMEDY
from pipelines.loading.load import LoadResult
from pipelines.operations.journal import Journal
from pipelines.operations.runs import find_run, run_log
from pipelines.validation.row_rules import CARD_NUMBER

SECONDS_TO_WAIT = 10.0
MOST_TOLD = 5
"""Entries of the landing folder that one alert names."""
TELL_NOBODY = ("published", "nothing new", "done", "held")
"""Runs that ended well, or do what somebody decided: held back from publishing by a rollback."""


@dataclass(frozen=True)
class Alert:
    """What people are told: one line, and what to do about it."""

    title: str
    problem: str
    remedy: str
    run_id: int | None
    log: str | None

    def as_text(self) -> str:
        """The alert as people read it."""
        lines = [self.problem, f"Next: {self.remedy}" if self.remedy else ""]
        lines += [f"Log: {self.log}" if self.log else ""]
        return "\n".join(line for line in lines if line) + "\n"


def alert_about_run(settings: Settings, run_id: int) -> None:
    """Send an alert about a run, unless it ended well."""
    if not run_id or not _is_wanted(settings):
        return
    run = find_run(settings, run_id)
    if run.outcome in TELL_NOBODY:
        return
    problem = run.detail.get("problem") or "; ".join(
        f"{rejected['file']}: {'; '.join(rejected['problems'])}"
        for rejected in run.detail.get("rejected", [])
    )
    title = f"bankcrm: run {run_id} {run.outcome} on {socket.gethostname()}"
    log = str(run_log(settings, run_id))
    send_alert(settings, Alert(title, problem, run.detail.get("remedy", ""), run_id, log))


def alert_about_card_numbers(
    settings: Settings, run_id: int, results: Iterable[LoadResult]
) -> None:
    """Send an alert about deliveries that hold card numbers where tokens belong."""
    found = {
        result.file_name: sum(
            rows for rule, rows in result.rules.items() if rule.endswith(f": {CARD_NUMBER}")
        )
        for result in results
    }
    told = [f"{name} holds {rows:,} card numbers" for name, rows in found.items() if rows]
    if told:
        title = f"bankcrm: card numbers were delivered to {socket.gethostname()}"
        problem = f"{'; '.join(told)} where tokens belong; the rows are in quarantine, masked"
        remedy = (
            "Have the source system deliver tokens, as a rerun; then delete the file from the"
            " landing folder and its copies: it holds the numbers in clear."
        )
        send_alert(settings, Alert(title, problem, remedy, run_id, None))


def alert_about_rollups(
    settings: Settings, run_id: int, version: str, refused: Iterable[RollupState]
) -> None:
    """Send a warning about rollups that a published version had to do without."""
    told = describe_refused(refused)
    if told:
        title = f"bankcrm: {version} is published without a rollup on {socket.gethostname()}"
        log = str(run_log(settings, run_id))
        send_alert(settings, Alert(title, told, REFUSED_REMEDY, run_id, log))


def alert_about_ignored(settings: Settings, run_id: int, ignored: Sequence[str]) -> None:
    """Send a warning about entries of the landing folder that a published night passed over."""
    if ignored:
        title = f"bankcrm: entries of the landing folder were passed over on {socket.gethostname()}"
        told = "; ".join(ignored[:MOST_TOLD])
        more = f"; and {len(ignored) - MOST_TOLD:,} more" if len(ignored) > MOST_TOLD else ""
        log = str(run_log(settings, run_id))
        send_alert(settings, Alert(title, told + more, IGNORED_REMEDY, run_id, log))


def alert_about_error(settings: Settings, error: BankcrmError) -> None:
    """Send an alert about an error outside a run."""
    title = f"bankcrm: {type(error).__name__} on {socket.gethostname()}"
    send_alert(settings, Alert(title, error.problem, error.remedy, None, None))


def send_alert(settings: Settings, alert: Alert) -> None:
    """Send an alert every way that is set; a way that fails is noted in the journal."""
    ways: dict[str, Callable[[], None]] = {}
    if settings.alert_webhook is not None:
        ways["webhook"] = lambda: _post(str(settings.alert_webhook), alert)
    if settings.alert_mail_to is not None:
        ways["mail"] = lambda: _mail(settings, alert)
    for name, send in ways.items():
        try:
            send()
        except (OSError, ValueError, smtplib.SMTPException) as error:
            journal = Journal(settings.home)
            journal.append("alert_failed", name, alert.run_id, problem=str(error))


def _is_wanted(settings: Settings) -> bool:
    return settings.alert_webhook is not None or settings.alert_mail_to is not None


def _post(address: str, alert: Alert) -> None:
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{address} is no web address")
    content = {"text": f"{alert.title}\n{alert.as_text()}"} | vars(alert)
    request = urllib.request.Request(
        address, json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS_TO_WAIT) as answer:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise OSError(f"{address} answered {answer.status}")


def _mail(settings: Settings, alert: Alert) -> None:
    message = EmailMessage()
    message["Subject"] = alert.title
    message["From"] = settings.alert_mail_from
    message["To"] = settings.alert_mail_to
    message.set_content(alert.as_text())
    with smtplib.SMTP(
        settings.smtp_host, settings.smtp_port, timeout=SECONDS_TO_WAIT
    ) as connection:
        connection.send_message(message)
