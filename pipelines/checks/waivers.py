"""Waivers: recorded decisions to publish although a check found something.

A waiver names one rule and one business date (or the month's end that a test's row carries), gives
a reason, and ends on a day. It lies in the journal, which is append-only: who decided what, and
until when, stays readable after it has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bankcrm.audit import acting_user, record
from bankcrm.errors import BankcrmError
from bankcrm.settings import Settings
from pipelines.build.project import identity_tests
from pipelines.checks.findings import RULES
from pipelines.contracts.contract import load_contracts
from pipelines.operations.journal import Event, Journal


@dataclass(frozen=True)
class Waiver:
    """A decision. ``until`` is the last day on which it counts."""

    number: int
    rule: str
    business_date: date
    reason: str
    until: date
    decided_by: str
    decided_at: datetime

    def covers(self, rule: str, business_date: date) -> bool:
        """Whether it is about this rule on this date."""
        return (self.rule, self.business_date) == (rule, business_date)


def waive(
    settings: Settings, rule: str, business_date: date, reason: str, *, until: date, today: date
) -> Waiver:
    """Record a waiver, in the journal and in the audit log.

    Args:
        settings: where everything lies.
        rule: name of a test under tests/dbt, or ``<check>:<source>.<feed>``.
        business_date: the date whose finding is waived.
        reason: why, in words an auditor understands.
        until: last day on which the waiver counts.
        today: the day of the decision.

    Raises:
        BankcrmError: there is no such rule, no reason, or it would have ended already.
    """
    if rule not in known_rules():
        checks = ", ".join(f"{check}:SOURCE.FEED" for check in RULES)
        raise BankcrmError(
            f"There is no rule {rule!r} that can be waived",
            f"Rules: {checks}, and {', '.join(sorted(identity_tests()))}.",
        )
    if not reason.strip():
        raise BankcrmError("A waiver needs a reason", "Give one with --reason.")
    if until < today:
        raise BankcrmError(f"{until} has passed", "Give a later day with --until.")
    user = acting_user()
    decision: dict[str, Any] = {
        "business_date": business_date,
        "reason": reason.strip(),
        "until": until,
    }
    record(settings, "waiver_granted", user, rule, decision)
    journal = Journal(settings.home)
    number = journal.append("waived", rule, **decision, decided_by=user)
    return next(w for w in list_waivers(journal) if w.number == number)


def revoke(
    settings: Settings, rule: str, business_date: date, reason: str, today: date
) -> list[Waiver]:
    """End the waivers of a rule on a date before their day; from the next refresh on the finding
    holds back again.

    Returns:
        The waivers that counted.

    Raises:
        BankcrmError: none counts, or no reason is given.
    """
    journal = Journal(settings.home)
    waivers = [w for w in list_waivers(journal, today) if w.covers(rule, business_date)]
    if not waivers:
        raise BankcrmError(
            f"No waiver of {rule} counts on {business_date}",
            "See `bankcrm status`.",
        )
    if not reason.strip():
        raise BankcrmError("Revoking a waiver needs a reason", "Give one with --reason.")
    decision = {"business_date": business_date, "reason": reason.strip()}
    record(settings, "waiver_revoked", acting_user(), rule, decision)
    for waiver in waivers:
        journal.append("waiver_revoked", rule, waiver=waiver.number, decided_by=acting_user())
    return waivers


def list_waivers(journal: Journal, today: date | None = None) -> list[Waiver]:
    """Waivers that were not revoked: all, or those that count on a day, as they were decided."""
    revoked = {event.detail["waiver"] for event in journal.read("waiver_revoked")}
    granted = [event for event in journal.read("waived") if event.event_id not in revoked]
    waivers = [_read_waiver(event) for event in granted]
    return [waiver for waiver in waivers if today is None or waiver.until >= today]


def waived_tests(waivers: Iterable[Waiver]) -> dict[str, frozenset[date]]:
    """Tests that are waived, each with the dates it is waived for."""
    tests = identity_tests()
    found: dict[str, frozenset[date]] = {}
    for waiver in waivers:
        if waiver.rule in tests:
            found[waiver.rule] = found.get(waiver.rule, frozenset()) | {waiver.business_date}
    return found


def known_rules() -> set[str]:
    """Everything that can be waived."""
    return identity_tests() | {f"{check}:{feed}" for check in RULES for feed in load_contracts()}


def _read_waiver(event: Event) -> Waiver:
    return Waiver(
        number=event.event_id,
        rule=event.name,
        business_date=date.fromisoformat(event.detail["business_date"]),
        reason=event.detail["reason"],
        until=date.fromisoformat(event.detail["until"]),
        decided_by=event.detail["decided_by"],
        decided_at=event.at,
    )
