"""The status page: one HTML file without scripts or anything from elsewhere.

Every run writes it to ``<home>/status.html``; the cube server shows it at ``/status``.
"""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bankcrm.errors import BankcrmError
from bankcrm.files import write_durably
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import describe_refused
from pipelines.build.project import identity_tests
from pipelines.loading.raw import SECONDS_TO_WAIT
from pipelines.monitoring.status import Health, Status, read_status
from pipelines.operations.runs import RunRecord, StepRecord

TEMPLATE = "status_page.html.j2"
FOLDER = Path(__file__).parent
HEADLINES: dict[Health, str] = {
    "good": "All is well",
    "waiting": "Waiting",
    "bad": "Action required",
}
STEPS = (
    "receive", "load", "verify", "link", "build", "rollup", "check", "publish", "export", "clean",
)  # fmt: skip
"""Steps of a run, each with a colour in the style sheet."""
GENERAL_LEDGER_TEST = "subledger_equals_general_ledger"
logger = logging.getLogger("bankcrm.monitoring")


class Card(NamedTuple):
    """A figure at the head of the page."""

    title: str
    figure: str
    note: str


@dataclass(frozen=True)
class RunRow:
    """A run as the page shows it."""

    record: RunRecord

    @property
    def seconds(self) -> float:
        """Seconds of all its steps."""
        return sum(step.seconds or 0 for step in self.record.steps)

    @property
    def health(self) -> str:
        """Style of its outcome."""
        if self.record.outcome in ("published", "done"):
            return "good"
        if self.record.outcome in ("failed", "interrupted", "stopped"):
            return "bad"
        return "quiet" if self.record.outcome == "nothing new" else "waiting"


def write_status_page(settings: Settings) -> None:
    """Write the page again. That it cannot be written is logged, and stops nobody's night."""
    try:
        page = render_status_page(read_status(settings, SECONDS_TO_WAIT))
        write_durably(settings.status_page_file, page)
    except (OSError, duckdb.Error, sqlite3.Error, BankcrmError):
        logger.exception("the status page could not be written")


def render_status_page(status: Status) -> str:
    """The page as HTML; every text of the bank is escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (FOLDER / "status_page.css").read_text(encoding="utf-8")
    identities = identity_tests()
    runs = [RunRow(record) for record in status.runs]
    most_rows = max((feed.rows for feed in status.feeds or ()), default=1) or 1
    longest = max((run.seconds for run in runs), default=1.0) or 1.0

    def bar_share(rows: int) -> str:
        return f"{100 * (rows / most_rows) ** 0.5:.0f}"

    def bar_width(step: StepRecord) -> str:
        return f"{100 * (step.seconds or 0) / longest:.2f}"

    return environment.get_template(TEMPLATE).render(
        status=status,
        health=HEADLINES[status.health],
        style=Markup(style),
        cards=_make_cards(status, runs[0] if runs else None),
        problem=_find_problem(status),
        stale={feed.feed: feed for feed in status.stale},
        # Tests of single columns are only counted.
        identities=[test for test in status.tests if test.name in identities],
        runs=runs,
        steps=STEPS,
        bar_share=bar_share,
        bar_width=bar_width,
    )


def _make_cards(status: Status, last: RunRow | None) -> list[Card]:
    feeds = status.feeds or ()
    rows = sum(feed.last_rows for feed in feeds if feed.nights_behind == 0)
    quarantined = sum(feed.quarantined for feed in feeds)
    return [
        Card("Business date", str(status.business_date or "none"), "of the published version"),
        Card("Last night", f"{rows:,}", "rows accepted on its business date"),
        Card("Quarantine", f"{quarantined:,}", "rows that wait for a correction"),
        _describe_ledger(status),
        _describe_run(last),
        _describe_success(status),
        _describe_audit(status),
    ]


def _describe_run(last: RunRow | None) -> Card:
    if last is None:
        return Card("Last run", "none", "no run")
    note = f"run {last.record.run_id}: {last.record.outcome}"
    return Card("Last run", f"{last.seconds:.1f} s", note)


def _describe_success(status: Status) -> Card:
    success = status.last_success
    if success is None:
        return Card("Last success", "never", "no run succeeded")
    note = f"{success.at:%Y-%m-%d} UTC, run {success.run_id}"
    return Card("Last success", f"{success.at:%H:%M}", note)


def _describe_audit(status: Status) -> Card:
    """Whether the audit log is what was written."""
    head = status.audit.head
    if status.audit.problem is not None:
        return Card("Audit log", "broken", "bankcrm audit verify names the line")
    note = f"lines: {head.entries:,}" if head else "nothing was entered yet"
    return Card("Audit log", "intact", note)


def _describe_ledger(status: Status) -> Card:
    """Whether the subledger equals the general ledger, and over how much of it."""
    test = next((t for t in status.tests if t.name == GENERAL_LEDGER_TEST), None)
    if test is None or not status.ledger_lines:
        return Card("General ledger", "none", "no general ledger was delivered")
    months = f"{status.ledger_months} month end{'s' if status.ledger_months > 1 else ''}"
    extent = f"{status.ledger_lines:,} lines of {months}"
    if test.status == "pass":
        return Card("General ledger", "matches", f"{extent}, to the cent")
    breaks = f"{test.failures:,} break{'s' if test.failures != 1 else ''}"
    return Card("General ledger", breaks, f"{extent}; {test.status}")


def _find_problem(status: Status) -> str | None:
    """The first thing that is wrong, the gravest first."""
    problem = status.problem or status.audit.problem
    problem = problem or (status.blocked.problem if status.blocked else None)
    problem = problem or (status.hold.describe() if status.hold else None)
    problem = problem or "; ".join(stale.describe() for stale in status.stale) or None
    warnings = (*status.ignored, describe_refused(status.refused_rollups))
    problem = problem or "; ".join(filter(None, warnings)) or None
    last = status.runs[0] if status.runs else None
    if problem is None and last is not None and last.outcome == "failed":
        problem = str(last.detail.get("problem", ""))
    return problem
