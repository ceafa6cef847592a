"""Run dbt on a private build file, as a child process, and seal the result.

dbt runs as a child because inside this process it would keep the file locked.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import FailedBuild
from pipelines.settings import PROJECT_FOLDER, Settings

MODEL_FOLDERS = ("models", "macros", "seeds", "tests/dbt")
FINISHED_NODE = {"LogModelResult", "LogTestResult", "LogSeedResult"}
OnNode = Callable[[str, int, int], None]
"""Called for each finished node with its name, how many are done, and how many there are."""


@dataclass(frozen=True)
class BuildReport:
    """What a build did: nodes that passed, and seconds of the run."""

    nodes: int
    seconds: float


@dataclass
class _Progress:
    done: int = 0
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)


def run_dbt(
    settings: Settings, build_file: Path, refresh_from: date, on_node: OnNode | None = None
) -> BuildReport:
    """Run ``dbt build`` on the build file from a business date on.

    Raises:
        FailedBuild: naming each model and test that failed.
    """
    progress = _Progress()
    log_folder = settings.log_folder.resolve() / "dbt"
    target_folder = settings.home.resolve() / "target"
    run_results = target_folder / "run_results.json"
    run_results.unlink(missing_ok=True)
    with subprocess.Popen(
        _dbt_command(target_folder, log_folder),
        cwd=PROJECT_FOLDER,
        env=_dbt_environment(settings, build_file, refresh_from),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as child:
        assert child.stdout is not None
        for event in _read_events(child.stdout):
            _follow(event, progress, on_node)
    if child.returncode != 0:
        raise FailedBuild(
            "dbt build failed: " + _describe_failures(run_results, progress.errors),
            f"Nothing was published. Read {log_folder / 'dbt.log'}, correct the data or the "
            "model, and run `bankcrm refresh` again.",
        )
    return BuildReport(nodes=progress.done, seconds=progress.seconds)


def seal(
    build_file: Path, raw_file: Path, version: str, business_date: date, project_hash: str
) -> None:
    """Write down what the version holds, drop what only the build needed, and checkpoint."""
    with duckdb.connect(str(build_file)) as connection:
        connection.execute(f"attach '{raw_file}' as raw (read_only)")
        connection.execute("drop schema if exists staging cascade")
        connection.execute("create schema if not exists meta")
        connection.execute(
            "create or replace table meta.version as select $1::varchar as version, "
            "$2::date as business_date, (select max(load_id) from raw.ops.load) as "
            "built_through_load, $3::varchar as project_hash",
            [version, business_date, project_hash],
        )
        connection.execute(
            "create or replace table meta.load as select load.* from raw.ops.load as load "
            "semi join raw.ops.whole_load as counting using (load_id) order by load_id"
        )
        connection.execute(
            "create or replace table meta.customer_link as "
            "from raw.identity.link order by source_system, source_customer_id, valid_from"
        )
        connection.execute("detach raw")
        connection.execute("checkpoint")


def hash_project() -> str:
    """Hash of the models, macros and tests: another hash means another warehouse.

    The rows of seeds are left out: each version knows its own, and they are compared row by row.
    """
    digest = hashlib.sha256()
    for folder in MODEL_FOLDERS:
        for path in sorted((PROJECT_FOLDER / folder).rglob("*")):
            if path.suffix in {".sql", ".yml"}:
                digest.update(str(path.relative_to(PROJECT_FOLDER)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _dbt_command(target_folder: Path, log_folder: Path) -> list[str]:
    return [
        sys.executable, "-c", "from dbt.cli.main import cli; cli()",
        "--log-format", "json", "--no-use-colors",
        "--log-path", str(log_folder), "--log-level-file", "info",
        "build", "--exclude-resource-type", "unit_test",
        "--project-dir", str(PROJECT_FOLDER),
        "--profiles-dir", str(PROJECT_FOLDER),
        "--target-path", str(target_folder),
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


def _describe_failures(run_results: Path, errors: list[str]) -> str:
    """The failed models and tests of a run, or what dbt printed when it did not come to run."""
    if not run_results.exists():
        return " ".join(errors)[-2000:] or "dbt stopped without a word"
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    failed = [result for result in results if result["status"] in {"error", "fail"}]
    return "; ".join(
        f"{result['unique_id'].split('.')[2]}: {' '.join((result['message'] or '').split())}"
        for result in failed
    )
