"""Run dbt on a private build file, as a child process, and seal the result.

dbt runs as a child because inside this process it would keep the file locked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from bankcrm.disk import REMEDY as NO_ROOM_REMEDY
from bankcrm.disk import is_about_space
from bankcrm.errors import DiskFull, FailedBuild
from bankcrm.settings import PROJECT_FOLDER, Settings
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
    done: int = 0
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)


def run_dbt(
    settings: Settings,
    build_file: Path,
    refresh_from: date,
    on_node: OnNode | None = None,
    without_tests: Sequence[str] = (),
) -> BuildReport:
    """Run ``dbt build`` on the build file from a business date on.

    Args:
        settings: where everything lies.
        build_file: private file to build in.
        refresh_from: first business date to rebuild.
        on_node: told of each finished node.
        without_tests: tests to leave out, because a waiver names them.

    Raises:
        FailedBuild: naming each model and test that failed.
        DiskFull: dbt could not write any further.
    """
    command = ["build", "--exclude-resource-type", "unit_test"]
    if without_tests:
        command += ["--exclude", *without_tests]
    exit_code, progress = _run_child(settings, command, build_file, refresh_from, on_node)
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
    command = ["docs", "generate", "--static", "--empty-catalog"]
    exit_code, progress = _run_child(settings, command, scratch / "docs.duckdb", date.min)
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
    return f"{remedy} dbt's own words are in {_dbt_log_folder(settings) / 'dbt.log'}."


def run_tests_apart(
    settings: Settings, build_file: Path, refresh_from: date, names: Sequence[str]
) -> None:
    """Run single tests and keep the rows they find in the build, in schema dbt_test__audit."""
    command = ["test", "--store-failures", "--select", *names]
    _run_child(settings, command, build_file, refresh_from)


def _run_child(
    settings: Settings,
    command: Sequence[str],
    build_file: Path,
    refresh_from: date,
    on_node: OnNode | None = None,
) -> tuple[int, _Progress]:
    """Run dbt to its end; returns its exit code and what it told on the way."""
    progress = _Progress()
    _run_results(settings).unlink(missing_ok=True)
    with subprocess.Popen(
        _dbt_command(settings, command),
        cwd=PROJECT_FOLDER,
        env=_dbt_environment(settings, build_file, refresh_from),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        assert child.stdout is not None
        for event in _read_events(child.stdout):
            _follow(event, progress, on_node)
    return child.returncode, progress


def _dbt_log_folder(settings: Settings) -> Path:
    return settings.log_folder.resolve() / "dbt"


def _target_folder(settings: Settings) -> Path:
    return settings.home.resolve() / "target"


def _run_results(settings: Settings) -> Path:
    return _target_folder(settings) / "run_results.json"


def _dbt_command(settings: Settings, command: Sequence[str]) -> list[str]:
    return [
        sys.executable, "-m", "pipelines.build.dbt_child",
        "--log-format", "json", "--no-use-colors",
        "--log-path", str(_dbt_log_folder(settings)), "--log-level-file", "info",
        *command,
        "--project-dir", str(PROJECT_FOLDER),
        "--profiles-dir", str(PROJECT_FOLDER),
        "--target-path", str(_target_folder(settings)),
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


def _read_events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            # A crash prints plain text; it is kept so that the error can name it.
            yield {"info": {"name": "PlainText", "level": "error", "msg": line.strip()}, "data": {}}


def _follow(event: dict[str, Any], progress: _Progress, on_node: OnNode | None) -> None:
    info, data = event["info"], event["data"]
    if info["name"] in FINISHED_NODE:
        progress.done = data["index"]
        if on_node is not None:
            total = data.get("total") or data["num_models"]
            on_node(data["node_info"]["node_name"], progress.done, total)
    elif info["name"] == "FinishedRunningStats":
        progress.seconds = float(data["execution_time"])
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
    told = "; ".join(failure.describe() for failure in failures)
    return told or " ".join(errors)[-2000:] or "dbt stopped without a word"


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
