"""The examples for Dagster and Airflow, really started: ``make proof-dagster proof-airflow``.

Each scheduler is installed into an environment of its own and runs its example three times: on a
tiny bank whose first nights are delivered (published), on its next night with a file missing (it
waits, which is no failure), and on a disk that is said to be too small (the job fails).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.versions import current_version
from pipelines.sources.sample import make_sample_bank
from tests.integration.banks import keep_from

FIRST, LAST = date(2024, 1, 29), date(2024, 2, 2)
PUBLISHED = "2024-02-01-001"
PACKAGES = {
    "dagster": ["dagster==1.13.29"],
    "airflow": ["apache-airflow==3.3.2", "apache-airflow-providers-standard==1.21.0"],
}
LONGEST_RUN = 1800.0
Run = Callable[[dict[str, str]], subprocess.CompletedProcess[str]]


def main() -> int:
    """Start the scheduler that is asked for; exit code 1 when it does not do what it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scheduler", choices=sorted(PACKAGES))
    parser.add_argument("--folder", type=Path, default=Path("var/proof-schedulers"))
    arguments = parser.parse_args()
    folder = (arguments.folder / arguments.scheduler).resolve()
    scripts = _install(arguments.scheduler, folder)
    run = {"dagster": _prepare_dagster, "airflow": _prepare_airflow}[arguments.scheduler](
        scripts, folder
    )
    problems = _start_three_nights(run, folder)
    for problem in problems:
        print(problem)
    print(f"{arguments.scheduler}: " + ("breaches" if problems else "published, waited, failed"))
    return 1 if problems else 0


def _install(scheduler: str, folder: Path) -> Path:
    """An environment with the scheduler; returns the folder of its commands."""
    environment = folder / "venv"
    if not environment.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", str(environment)], check=True)
        python = str(environment / "bin" / "python")
        install = [uv, "pip", "install", "--quiet", "--python", python, *PACKAGES[scheduler]]
        subprocess.run(install, check=True)
    return environment / "bin"


def _prepare_dagster(scripts: Path, folder: Path) -> Run:
    home = _empty(folder / "dagster-home")
    definitions = str(PROJECT_FOLDER / "deploy" / "dagster_definitions.py")
    command = [str(scripts / "dagster"), "job", "execute", "-f", definitions, "-j", "nightly"]
    return lambda variables: _run(command, {"DAGSTER_HOME": str(home)} | variables)


def _prepare_airflow(scripts: Path, folder: Path) -> Run:
    home = _empty(folder / "airflow-home")
    dags = home / "dags"
    dags.mkdir()
    shutil.copy(PROJECT_FOLDER / "deploy" / "airflow_dag.py", dags)
    ours = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "BANKCRM_FOLDER": str(PROJECT_FOLDER),
        "PATH": f"{scripts}:{os.environ['PATH']}",
    }
    migrated = _run([str(scripts / "airflow"), "db", "migrate"], ours)
    assert migrated.returncode == 0, migrated.stdout
    command = [str(scripts / "airflow"), "dags", "test", "bankcrm_refresh"]
    return lambda variables: _run(command, ours | variables)


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _run(command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A command with our variables; nothing of this environment's Python reaches it."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    return subprocess.run(
        command,
        env=inherited | {"PYTHONDONTWRITEBYTECODE": "1"} | variables,
        cwd=PROJECT_FOLDER,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_RUN,
        check=False,
    )


def _start_three_nights(run: Run, folder: Path) -> list[str]:
    settings = Settings(home=_empty(folder / "bank"))
    make_sample_bank(settings.landing_folder, customers=60, days=5, start=FIRST)
    keep_from(settings, LAST, aside=folder / "bank" / "later")
    bank = {"BANKCRM_HOME": str(settings.home), "BANKCRM_DISK_RESERVE_BYTES": "0"}

    published = run(bank)
    problems = _judge("the first night", published, succeeds=True, says="What was built")
    if current_version(settings) != PUBLISHED:
        problems.append(f"published is {current_version(settings)}, not {PUBLISHED}")
    for path in (folder / "bank" / "later").glob("branch/account_balance/*"):
        target = settings.landing_folder / path.relative_to(folder / "bank" / "later")
        path.rename(target)
    problems += _judge("a waiting night", run(bank), succeeds=True, says="waits for")
    full = bank | {"BANKCRM_DISK_RESERVE_BYTES": "900000000000000"}
    return problems + _judge("a full disk", run(full), succeeds=False, says="DiskFull")


def _judge(
    night: str, done: subprocess.CompletedProcess[str], *, succeeds: bool, says: str
) -> list[str]:
    if (done.returncode == 0) == succeeds and says in done.stdout:
        return []
    return [f"{night}: exit code {done.returncode}, {done.stdout[-3000:]}"]


if __name__ == "__main__":
    raise SystemExit(main())
