"""Under CI a skipped test fails, unless ``allowed_skips.yml`` names it with its reason.

A pytest plugin; it also says at the end of a run what the machine lacks.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Generator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from tests.tools import write_missing

ALLOWED_FILE = Path(__file__).with_name("allowed_skips.yml")


class AllowedSkip(BaseModel):
    """Tests that may be skipped under CI."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tests: str
    """Pattern of node ids, as of a shell."""
    skipped: str
    """Text that is part of what the test says when it skips itself."""
    reason: str
    """Why that is no loss."""

    def covers(self, nodeid: str, said: str) -> bool:
        """Whether a skip is allowed by this entry."""
        return fnmatch.fnmatchcase(nodeid, self.tests) and self.skipped in said


class SkipsFail:
    """Turns a skip into a failure, in tests and in the collection of a file."""

    def __init__(self, allowed: list[AllowedSkip]) -> None:
        self._allowed = allowed

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self,
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A test, or a fixture of it, that skips itself."""
        report = yield
        if not hasattr(report, "wasxfail"):
            self._judge(report)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self,
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """A file that skips itself while it is imported."""
        report = yield
        self._judge(report)
        return report

    def _judge(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped:
            return
        said = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        if not any(entry.covers(report.nodeid, said) for entry in self._allowed):
            report.outcome = "failed"
            # With its place: xdist shows one of several errors of collection with the same text.
            rule = f"Under CI that fails, unless {ALLOWED_FILE.name} allows it."
            report.longrepr = f"{report.nodeid}: {said}. {rule}"


def read_allowed(file: Path) -> list[AllowedSkip]:
    """Entries of the list."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return TypeAdapter(list[AllowedSkip]).validate_python(content)


def pytest_configure(config: pytest.Config) -> None:
    """Judge skips where ``CI`` is true, as continuous integration sets it."""
    if os.environ.get("CI", "").lower() == "true":
        config.pluginmanager.register(SkipsFail(read_allowed(ALLOWED_FILE)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the machine lacks."""
    missing = write_missing()
    if missing:
        terminalreporter.write_line(missing)
