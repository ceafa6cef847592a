"""Alerts: a run that did not succeed is reported to every Apprise URL of the settings.

An alert that cannot be sent is itself noted in the journal; it never changes how the run ended.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from typing import Literal
from urllib.parse import unquote

from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from bankcrm.text import join_first
from bankcrm.warehouse.rollup_states import REFUSED_REMEDY, RollupState, describe_refused
from pipelines.checks.findings import Finding
from pipelines.landing.folder import IGNORED_REMEDY
from pipelines.loading.load import LoadResult
from pipelines.operations.journal import Journal
from pipelines.operations.runs import find_run, run_log
from pipelines.validation.row_rules import CARD_NUMBER

MOST_NAMED = 5
"""Entries of the landing folder that one alert names."""
WARNINGS_REMEDY = (
    "Nothing is held back. Ask the source system whether it is right; a correction comes with"
    " the next rerun number."
)
NO_ALERT = ("published", "nothing new", "done", "held")
"""Runs that succeeded, or do what somebody decided: held back from publishing by a rollback."""
URL_DELIMITERS = re.compile(r"[/:@?&=,;#+]+")
HIDDEN = "***"


@dataclass(frozen=True)
class Alert:
    """What is reported: the problem in one line, and what to do about it."""

    title: str
    problem: str
    remedy: str
    run_id: int | None
    log: str | None
    severity: Literal["failure", "warning"] = "failure"

    def as_text(self) -> str:
        """The alert as people read it."""
        lines = [self.problem, f"Next: {self.remedy}" if self.remedy else ""]
        lines += [f"Log: {self.log}" if self.log else ""]
        return "\n".join(line for line in lines if line) + "\n"


def alert_about_run(settings: Settings, run_id: int) -> None:
    """Send an alert about a run, unless it succeeded."""
    if not run_id or not settings.alert_urls:
        return
    run = find_run(settings, run_id)
    if run.outcome in NO_ALERT:
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
    findings = [f"{name} holds {rows:,} card numbers" for name, rows in found.items() if rows]
    if findings:
        title = f"bankcrm: card numbers were delivered to {socket.gethostname()}"
        problem = f"{'; '.join(findings)} where tokens belong; the rows are in quarantine, masked"
        remedy = (
            "Have the source system deliver tokens, as a rerun; then delete the file from the"
            " landing folder and its copies: it holds the numbers in clear."
        )
        send_alert(settings, Alert(title, problem, remedy, run_id, None))


def alert_about_rollups(
    settings: Settings, run_id: int, version: str, refused: Iterable[RollupState]
) -> None:
    """Send a warning about rollups that a published version had to do without."""
    title = f"{version} is published without a rollup"
    _warn(settings, run_id, title, describe_refused(refused), REFUSED_REMEDY)


def alert_about_ignored(settings: Settings, run_id: int, ignored: Sequence[str]) -> None:
    """Send a warning about entries of the landing folder that a published night passed over."""
    title = "entries of the landing folder were passed over"
    _warn(settings, run_id, title, join_first(ignored, MOST_NAMED), IGNORED_REMEDY)


def alert_about_warnings(settings: Settings, run_id: int, warnings: Sequence[Finding]) -> None:
    """Send a warning about findings that hold no business date back."""
    told = [f"{warning.business_date} {warning.message}" for warning in warnings]
    problem = join_first(told, MOST_NAMED)
    _warn(settings, run_id, "checks of deliveries warn", problem, WARNINGS_REMEDY)


def _warn(settings: Settings, run_id: int, title: str, problem: str, remedy: str) -> None:
    """Send a warning of a run, unless there is nothing to tell."""
    if problem:
        title = f"bankcrm: {title} on {socket.gethostname()}"
        log = str(run_log(settings, run_id))
        send_alert(settings, Alert(title, problem, remedy, run_id, log, "warning"))


def alert_about_error(settings: Settings, error: BankcrmError) -> None:
    """Send an alert about an error outside a run."""
    title = f"bankcrm: {type(error).__name__} on {socket.gethostname()}"
    send_alert(settings, Alert(title, error.problem, error.remedy, None, None))


def send_alert(settings: Settings, alert: Alert) -> None:
    """Send an alert to every URL that is set; one that fails is noted in the journal."""
    journal = Journal(settings.home)
    for number, url in enumerate(settings.alert_urls, start=1):
        problem = _send(url, alert)
        if problem:
            journal.append("alert_failed", f"alert URL {number}", alert.run_id, problem=problem)


def _send(url: str, alert: Alert) -> str:
    """Send an alert to one URL; returns why it was not sent, or nothing."""
    # Imported here: nights without an alert do without its plug-ins.
    from apprise import Apprise, NotifyFormat, NotifyType  # noqa: PLC0415

    with _capture_log() as log:
        service = Apprise()
        if not service.add(url):
            return "it is no Apprise URL; jsons:// posts to a web address, mailto:// sends mail"
        sent = service.notify(
            body=alert.as_text(),
            title=alert.title,
            notify_type=NotifyType(alert.severity),
            body_format=NotifyFormat.TEXT,
        )
    return "" if sent else hide_parts(log.getvalue().strip(), url) or "it was not accepted"


@contextmanager
def _capture_log() -> Iterator[StringIO]:
    """The warnings of Apprise as a text. They reach no other log: they may hold parts of a URL."""
    logger, text = logging.getLogger("apprise"), StringIO()
    handler = logging.StreamHandler(text)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield text
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


def hide_parts(text: str, url: str) -> str:
    """The text without any part of a URL but its scheme: each may be a secret."""
    parts = {part for part in URL_DELIMITERS.split(url.partition(":")[2]) if part}
    parts |= {unquote(part) for part in parts}
    for part in sorted(parts, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", HIDDEN, text, flags=re.IGNORECASE)
    return text
