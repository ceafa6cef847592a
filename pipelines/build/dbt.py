"""Run dbt on a private build file, as a child process.

dbt runs as a child because inside this process it would keep the file locked. A build has one
child, whatever it runs: dbt takes seconds to start and to parse the project.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from bankcrm.disk import REMEDY as NO_ROOM_REMEDY
from bankcrm.disk import is_about_space
from bankcrm.errors import DiskFull, FailedBuild
from bankcrm.settings import PROJECT_FOLDER, Settings
from pipelines.build.dbt_child import THEN
from pipelines.build.failures import Failure, find_failures
from pipelines.build.project import identity_tests

FINISHED_NODE = {"LogModelResult", "LogTestResult", "LogSeedResult"}
OnNode = Callable[[str, int, int], None]
"""Called for each finished node with its name, how many are done, and how many there are."""


@dataclass(frozen=True)
class TestResult:
    """One dbt test of a build; ``failures`` counts the rows it found."""

    __test__ = False
    name: str
    status: str
    failures: int
    seconds: float


@dataclass(frozen=True)
class BuildReport:
    """What a build did: nodes that passed, seconds of the run, and its tests."""

    nodes: int
    seconds: float
    tests: tuple[TestResult, ...] = ()


@dataclass
class _Progress:
    """Progress of the first command that runs nodes; those behind it are not counted."""

    done: int = 0
    seconds: float = 0.0
    is_finished: bool = False
    errors: list[str] = field(default_factory=list)


def run_dbt(
    settings: Settings,
    build_file: Path,
    refresh_from: date,
    on_node: OnNode | None = None,
    waived_tests: Sequence[str] = (),
) -> BuildReport:
    """Run ``dbt build`` on the build file from a business date on.

    Waived tests do not stop the build: they run after it, and the rows that they find stay in the
    build file, in schema ``dbt_test__audit``.

    Args:
        settings: where everything lies.
        build_file: private file to build in.
        refresh_from: first business date to rebuild.
        on_node: called for each finished node.
        waived_tests: names of the tests that a waiver names.

    Raises:
        FailedBuild: naming each model and test that failed.
        DiskFull: dbt could not write any further.
    """
    commands = [["build", "--exclude-resource-type", "unit_test"]]
    if waived_tests:
        commands[0] += ["--exclude", *waived_tests]
        tests = ["test", "--store-failures", "--select", *waived_tests]
        commands = [["parse"], *commands, tests]
    exit_code, progress = _run_child(settings, commands, build_file, refresh_from, on_node)
    if exit_code != 0:
        failures = _find_failures(settings, build_file)
        problem = _describe_failures(failures, progress.errors)
        if is_about_space(problem):
            raise DiskFull("The disk is full: dbt could not go on", NO_ROOM_REMEDY)
        raise FailedBuild("dbt build failed: " + problem, _find_remedy(settings, failures))
    return BuildReport(progress.done, progress.seconds, _read_tests(_run_results(settings)))


def write_dbt_docs(scratch: Path, page: Path) -> Path:
    """Write dbt's documentation of the project as one page that needs nothing beside it.

    Args:
        scratch: a folder for what dbt leaves behind; no refresh may use it as its home.
        page: file to write.

    Returns:
        Path of dbt's ``manifest.json`` in the scratch folder.

    Raises:
        FailedBuild: dbt cannot read the project.
    """
    settings = Settings(home=scratch)
    settings.raw_file.parent.mkdir(parents=True, exist_ok=True)
    # Models that look whether they exist find an empty warehouse, and say how they are built whole.
    duckdb.connect(str(settings.raw_file)).close()
    commands = [["docs", "generate", "--static", "--empty-catalog"]]
    exit_code, progress = _run_child(settings, commands, scratch / "docs.duckdb", date.min)
    if exit_code != 0:
        problem = _describe_failures(_find_failures(settings, scratch), progress.errors)
        raise FailedBuild("dbt docs failed: " + problem, "Correct the project and try again.")
    (_target_folder(settings) / "static_index.html").rename(page)
    return _target_folder(settings) / "manifest.json"


def _find_remedy(settings: Settings, failures: Sequence[Failure]) -> str:
    remedy = "Nothing was published. Correct the data or the model, then run `bankcrm refresh`."
    broken = next((failure for failure in failures if failure.name in identity_tests()), None)
    if broken is not None:
        remedy += (
            f" If it is right as it is: `bankcrm waive {broken.name} --date"
            f" {broken.first_date or 'DATE'} --reason WHY --until DAY`."
        )
    return f"{remedy} See the dbt log {_dbt_log_folder(settings) / 'dbt.log'}."


def _run_child(
    settings: Settings,
    commands: Sequence[Sequence[str]],
    build_file: Path,
    refresh_from: date,
    on_node: OnNode | None = None,
) -> tuple[int, _Progress]:
    """Run dbt commands in one child to their end; returns its exit code and its progress."""
    progress = _Progress()
    _run_results(settings).unlink(missing_ok=True)
    with subprocess.Popen(
        _child_command(settings, commands),
        cwd=PROJECT_FOLDER,
        env=_dbt_environment(settings, build_file, refresh_from),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        for event in _read_events(child.stdout or ()):
            _follow(event, progress, on_node)
    return child.returncode, progress


def _dbt_log_folder(settings: Settings) -> Path:
    return settings.log_folder.resolve() / "dbt"


def _target_folder(settings: Settings) -> Path:
    return settings.home.resolve() / "target"


def _run_results(settings: Settings) -> Path:
    return _target_folder(settings) / "run_results.json"


def _child_command(settings: Settings, commands: Sequence[Sequence[str]]) -> list[str]:
    first, *others = (_dbt_command(settings, command) for command in commands)
    line = [sys.executable, "-m", "pipelines.build.dbt_child", *first]
    for command in others:
        line += [THEN, *command]
    return line


def _dbt_command(settings: Settings, command: Sequence[str]) -> list[str]:
    # Tests behind a build have a target of their own, which keeps the results of the build.
    target = _target_folder(settings)
    return [
        "--log-format", "json", "--no-use-colors",
        "--log-path", str(_dbt_log_folder(settings)), "--log-level-file", "info",
        *command,
        "--project-dir", str(PROJECT_FOLDER),
        "--profiles-dir", str(PROJECT_FOLDER),
        "--target-path", str(target / "waived" if command[0] == "test" else target),
    ]  # fmt: skip


def _dbt_environment(settings: Settings, build_file: Path, refresh_from: date) -> dict[str, str]:
    return os.environ | {
        "BANKCRM_BUILD_FILE": str(build_file.resolve()),
        "BANKCRM_RAW_FILE": str(settings.raw_file.resolve()),
        "BANKCRM_REFRESH_FROM": refresh_from.isoformat(),
        "BANKCRM_MEMORY_LIMIT": settings.memory_limit,
        "BANKCRM_THREADS": str(settings.threads),
        "DO_NOT_TRACK": "1",
    }


def _read_events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            # A crash prints plain text; it is kept so that the error can name it.
            yield {"info": {"name": "PlainText", "level": "error", "msg": line.strip()}, "data": {}}


def _follow(event: dict[str, Any], progress: _Progress, on_node: OnNode | None) -> None:
    info, data = event["info"], event["data"]
    if info["name"] in FINISHED_NODE and not progress.is_finished:
        progress.done = data["index"]
        if on_node is not None:
            total = data.get("total") or data["num_models"]
            on_node(data["node_info"]["node_name"], progress.done, total)
    elif info["name"] == "FinishedRunningStats" and not progress.is_finished:
        progress.seconds = float(data["execution_time"])
        progress.is_finished = True
    elif info["level"] == "error" and info["msg"].strip():
        progress.errors.append(" ".join(info["msg"].split()))


def _find_failures(settings: Settings, build_file: Path) -> list[Failure]:
    """The failed models and tests of a run; none where dbt did not come to run."""
    run_results = _run_results(settings)
    if not run_results.exists():
        return []
    return find_failures(_read_results(run_results), build_file, settings.raw_file)


def _describe_failures(failures: Sequence[Failure], errors: Sequence[str]) -> str:
    """What failed, or what dbt printed when it did not come to run."""
    described = "; ".join(failure.describe() for failure in failures)
    return described or " ".join(errors)[-2000:] or "dbt exited without output"


def _read_tests(run_results: Path) -> tuple[TestResult, ...]:
    return tuple(
        TestResult(
            name=result["unique_id"].split(".")[2],
            status=result["status"],
            failures=result["failures"] or 0,
            seconds=result["execution_time"],
        )
        for result in _read_results(run_results)
        if result["unique_id"].startswith("test.")
    )


def _read_results(run_results: Path) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    return results
