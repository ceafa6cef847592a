"""The status page: one HTML file without scripts or anything from elsewhere.

Every run writes it to ``<home>/status.html``; the cube server shows it at ``/status``.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import duckdb

from bankcrm.errors import BankcrmError
from bankcrm.files import write_durably
from bankcrm.settings import Settings
from bankcrm.warehouse.rollup_states import describe_refused
from pipelines.build.project import identity_tests
from pipelines.loading.deadlines import StaleFeed
from pipelines.loading.raw import SECONDS_TO_WAIT
from pipelines.monitoring.status import FeedStatus, Status, TestStatus, read_status
from pipelines.operations.runs import RunRecord

STYLE = (Path(__file__).with_name("status_page.css")).read_text(encoding="utf-8")
MOODS = {"good": "All is well", "waiting": "Waiting", "bad": "Needs you"}
STEP_COLOURS = (
    "receive", "load", "verify", "link", "build", "rollup", "check", "publish", "export", "clean",
)  # fmt: skip
GENERAL_LEDGER_TEST = "subledger_equals_general_ledger"
logger = logging.getLogger("bankcrm.monitoring")


def write_status_page(settings: Settings) -> None:
    """Write the page anew. That it cannot be written is logged, and stops nobody's night."""
    try:
        page = render_status_page(read_status(settings, SECONDS_TO_WAIT))
        write_durably(settings.status_page_file, page)
    except (OSError, duckdb.Error, sqlite3.Error, BankcrmError):
        logger.exception("the status page could not be written")


def render_status_page(status: Status) -> str:
    """The page as HTML."""
    sections = [
        _render_head(status),
        _render_cards(status),
        _render_next(status),
        _render_feeds(status),
        '<div class="columns">' + _render_identities(status) + _render_versions(status) + "</div>",
        _render_runs(status.runs),
        _render_waivers(status),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>bankcrm: {MOODS[status.mood]}</title><style>{STYLE}</style></head>"
        f'<body class="{status.mood}"><main>{"".join(sections)}</main></body></html>\n'
    )


def _render_head(status: Status) -> str:
    published = (
        f"Version <b>{_text(status.version)}</b> is published"
        if status.version
        else "Nothing is published"
    )
    return (
        '<header><div><p class="brand">bankcrm</p>'
        f"<h1>{MOODS[status.mood]}</h1><p>{published}</p></div>"
        f'<p class="asked">as of<br><time>{status.asked_at:%Y-%m-%d %H:%M} UTC</time></p></header>'
    )


def _render_cards(status: Status) -> str:
    last = status.runs[0] if status.runs else None
    rows = sum(feed.last_rows for feed in _last_night(status))
    quarantined = sum(feed.quarantined for feed in status.feeds or ())
    success = status.last_success
    cards = [
        ("Business date", str(status.business_date or "none"), "of the published version"),
        ("Last night", f"{rows:,}", "rows accepted on its business date"),
        ("Quarantine", f"{quarantined:,}", "rows that wait for a correction"),
        ("General ledger", *_describe_ledger(status)),
        ("Last run", _duration(last), f"run {last.run_id}: {last.outcome}" if last else "no run"),
        (
            "Last success",
            f"{success.at:%H:%M}" if success else "never",
            f"{success.at:%Y-%m-%d} UTC, run {success.run_id}" if success else "no run ended well",
        ),
        ("Audit log", *_describe_audit(status)),
    ]
    return '<section class="cards">' + "".join(_card(*card) for card in cards) + "</section>"


def _describe_audit(status: Status) -> tuple[str, str]:
    """Whether the audit log is what was written."""
    head = status.audit.head
    if status.audit.problem is not None:
        return "broken", "bankcrm audit verify names the line"
    return "sound", f"lines: {head.entries:,}" if head else "nothing was entered yet"


def _card(title: str, figure: str, note: str) -> str:
    shown = f"<h3>{_text(title)}</h3><p>{_text(figure)}</p><small>{_text(note)}</small>"
    return f"<article>{shown}</article>"


def _describe_ledger(status: Status) -> tuple[str, str]:
    """Whether the subledger equals the general ledger, and over how much of it."""
    test = next((t for t in status.tests if t.name == GENERAL_LEDGER_TEST), None)
    if test is None or not status.ledger_lines:
        return "none", "no general ledger was delivered"
    months = f"{status.ledger_months} month end{'s' if status.ledger_months > 1 else ''}"
    extent = f"{status.ledger_lines:,} lines of {months}"
    if test.status == "pass":
        return "matches", f"{extent}, to the cent"
    breaks = f"{test.failures:,} break{'s' if test.failures != 1 else ''}"
    return breaks, f"{extent}; {test.status}"


def _last_night(status: Status) -> list[FeedStatus]:
    return [feed for feed in status.feeds or () if feed.nights_behind == 0]


def _render_next(status: Status) -> str:
    problem = status.problem or status.audit.problem
    problem = problem or (status.blocked.problem if status.blocked else None)
    problem = problem or (status.hold.describe() if status.hold else None)
    problem = problem or "; ".join(stale.describe() for stale in status.stale) or None
    warnings = (*status.ignored, describe_refused(status.refused_rollups))
    problem = problem or "; ".join(filter(None, warnings)) or None
    last = status.runs[0] if status.runs else None
    if problem is None and last is not None and last.outcome == "failed":
        problem = str(last.detail.get("problem", ""))
    told = f"<p>{_text(problem)}</p>" if problem else ""
    return (
        f'<section class="next"><h2>What to do next</h2>{told}'
        f"<p><b>{_commands(status.next_step)}</b></p></section>"
    )


def _commands(text: str) -> str:
    """Escaped text in which what stands between backquotes is shown as a command."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def _render_feeds(status: Status) -> str:
    if status.feeds is None:
        return "<section><h2>Feeds</h2><p>Shown when the refresh has finished.</p></section>"
    most = max((feed.rows for feed in status.feeds), default=1) or 1
    stale = {feed.feed: feed for feed in status.stale}
    rows = "".join(_feed_row(feed, most, stale.get(feed.feed)) for feed in status.feeds)
    heads = ("Feed", "Last delivery", "", "Rows", "Sums", "All rows", "Quarantine", "Rejected")
    return _table("Feeds", heads, rows, numeric={3, 5, 6, 7})


def _feed_row(feed: FeedStatus, most: int, stale: StaleFeed | None) -> str:
    sums = "<br>".join(
        f"<span>{_text(label)}</span> {amount:,.2f}" for label, amount in feed.last_sums
    )
    due = ' <i title="needed every night">nightly</i>' if feed.is_mandatory else ""
    share = 100 * (feed.rows / most) ** 0.5
    return (
        f"<tr><td><b>{_text(feed.feed)}</b>{due}</td><td>{feed.last_date}</td>"
        f"<td>{_render_lateness(feed, stale)}</td>"
        f'<td class="n">{feed.last_rows:,}</td><td class="sums">{sums}</td>'
        f'<td class="n bar" style="--share:{share:.0f}%">{feed.rows:,}</td>'
        f'<td class="n">{_warn(feed.quarantined)}</td>'
        f'<td class="n">{_warn(feed.rejected_files)}</td></tr>'
    )


def _render_lateness(feed: FeedStatus, stale: StaleFeed | None) -> str:
    if stale is not None:
        return f'<mark class="bad">stale since {stale.since}</mark>'
    if feed.nights_behind == 0:
        return '<mark class="good">on time</mark>'
    nights = f"{feed.nights_behind} night{'s' if feed.nights_behind > 1 else ''} ago"
    return f'<mark class="{"bad" if feed.is_late else "quiet"}">{nights}</mark>'


def _warn(count: int) -> str:
    return f'<mark class="waiting">{count:,}</mark>' if count else "<span>0</span>"


def _render_identities(status: Status) -> str:
    """The bank's identities as sentences; tests of single columns are only counted."""
    sentences = [test for test in status.tests if test.name in identity_tests()]
    others = len(status.tests) - len(sentences)
    items = "".join(_identity(test) for test in sentences)
    more = f"<li><small>and {others} checks of keys, columns and validities</small></li>"
    return (
        '<section><h2>Identities of the bank</h2><ul class="identities">'
        f"{items}{more if others else ''}</ul></section>"
    )


def _identity(test: TestStatus) -> str:
    sentence = test.name.replace("_", " ").capitalize()
    if test.status == "pass":
        return f'<li class="good">{_text(sentence)}</li>'
    found = f"{test.failures:,} rows, {test.status}"
    return f'<li class="waiting">{_text(sentence)} <mark class="waiting">{found}</mark></li>'


def _render_versions(status: Status) -> str:
    rows = "".join(
        f"<tr><td><b>{_text(v.name)}</b></td><td>{_version_state(v.is_published, v.problem)}</td>"
        f'<td class="n">{v.bytes / 1e6:,.1f} MB</td></tr>'
        for v in status.versions
    )
    return _table("Versions", ("Version", "State", "Size"), rows, numeric={2})


def _version_state(is_published: bool, problem: str | None) -> str:
    if problem:
        return f'<mark class="bad">damaged</mark> {_text(problem)}'
    return '<mark class="good">published</mark>' if is_published else "kept"


def _render_runs(runs: Sequence[RunRecord]) -> str:
    longest = max((_total_seconds(run) for run in runs), default=1.0) or 1.0
    rows = "".join(_run_row(run, longest) for run in runs)
    keys = "".join(f'<span class="{step}">{step}</span>' for step in STEP_COLOURS)
    heads = ("Run", "Started (UTC)", "Outcome", "Seconds", "Steps")
    return _table("Runs", heads, rows, numeric={3}, foot=f'<p class="legend">{keys}</p>')


def _run_row(run: RunRecord, longest: float) -> str:
    bars = "".join(
        f'<i class="{escape(step.name)}" style="width:{100 * (step.seconds or 0) / longest:.2f}%"'
        f' title="{escape(step.name)}: {step.seconds or 0:.1f} s"></i>'
        for step in run.steps
    )
    problem = run.detail.get("problem")
    told = f"<small>{_text(str(problem))}</small>" if problem else ""
    return (
        f"<tr><td><b>{run.run_id}</b></td><td>{run.started_at:%Y-%m-%d %H:%M:%S}</td>"
        f'<td><mark class="{_run_mood(run)}">{_text(run.outcome)}</mark></td>'
        f'<td class="n">{_total_seconds(run):.1f}</td>'
        f'<td class="steps"><div>{bars}</div>{told}</td></tr>'
    )


def _run_mood(run: RunRecord) -> str:
    if run.outcome in ("published", "done"):
        return "good"
    if run.outcome in ("failed", "interrupted", "stopped"):
        return "bad"
    return "quiet" if run.outcome == "nothing new" else "waiting"


def _total_seconds(run: RunRecord) -> float:
    return sum(step.seconds or 0 for step in run.steps)


def _duration(run: RunRecord | None) -> str:
    return f"{_total_seconds(run):.1f} s" if run else "none"


def _render_waivers(status: Status) -> str:
    if not status.waivers:
        return ""
    rows = "".join(
        f"<tr><td><b>{_text(w.rule)}</b></td><td>{w.business_date}</td><td>{w.until}</td>"
        f"<td>{_text(w.decided_by)}</td><td>{_text(w.reason)}</td></tr>"
        for w in status.waivers
    )
    return _table("Waivers that count", ("Rule", "Date", "Until", "Decided by", "Reason"), rows)


def _table(
    title: str, heads: Iterable[str], rows: str, numeric: Iterable[int] = (), foot: str = ""
) -> str:
    right = set(numeric)
    head = "".join(
        f'<th class="n">{_text(name)}</th>' if position in right else f"<th>{_text(name)}</th>"
        for position, name in enumerate(heads)
    )
    return (
        f'<section><h2>{_text(title)}</h2><div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{foot}</section>"
    )


def _text(value: object) -> str:
    return escape(str(value))
