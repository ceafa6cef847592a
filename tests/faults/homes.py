"""A home to do harm to: a tiny bank whose eighth night is published and whose ninth waits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from bankcrm.failpoints import PERMISSION, PLACE
from bankcrm.settings import PROJECT_FOLDER, Settings
from bankcrm.warehouse.fingerprint import fingerprint_tables
from bankcrm.warehouse.versions import open_published

EIGHTH, NINTH, TENTH = date(2024, 2, 2), date(2024, 2, 3), date(2024, 2, 4)
LONGEST_REFRESH = 300.0
Fingerprints = dict[str, tuple[int, int]]


def copy_home(settings: Settings, home: Path) -> Settings:
    """A home of its own with everything another one holds."""
    shutil.copytree(settings.home, home)
    return Settings(home=home, disk_reserve_bytes=0)


def deliver(later: Path, settings: Settings, night: date) -> None:
    """Deliver what was held back of a night."""
    for path in later.glob(f"*/*/*_{night}_*"):
        target = settings.landing_folder / path.relative_to(later)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def start_refresh(
    settings: Settings, failpoint: str | None = None, **variables: str
) -> subprocess.Popen[str]:
    """The command as a scheduler starts it, in a process of its own."""
    environment = os.environ | {"BANKCRM_DISK_RESERVE_BYTES": "0", "COLUMNS": "160"} | variables
    if failpoint is not None:
        environment |= {PERMISSION: "1", PLACE: failpoint}
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "refresh", "--home", str(settings.home)],
        cwd=PROJECT_FOLDER,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_refresh(
    settings: Settings, failpoint: str | None = None, **variables: str
) -> tuple[int, str]:
    """Exit code and screen of a refresh in a process of its own."""
    process = start_refresh(settings, failpoint, **variables)
    screen, _ = process.communicate(timeout=LONGEST_REFRESH)
    return process.returncode, " ".join(screen.split())


def find_dbt(parent: int) -> int | None:
    """Process id of the dbt child of a refresh, if it runs."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_child = int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent
            if is_child and b"pipelines.build.dbt_child" in (folder / "cmdline").read_bytes():
                return int(folder.name)
        except (OSError, ValueError, IndexError):
            continue
    return None


def wait_for_dbt(process: subprocess.Popen[str]) -> int:
    """Process id of the dbt child, once it writes the build file."""
    last_moment = time.monotonic() + LONGEST_REFRESH
    while time.monotonic() < last_moment:
        child = find_dbt(process.pid)
        if child is not None:
            return child
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    raise AssertionError("dbt never started")


def is_running(process_id: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return ") Z " not in Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False


def fingerprints(settings: Settings, version: str | None = None) -> Fingerprints:
    """Fingerprint of every table of a version, the published one unless named."""
    with open_published(settings, version) as connection:
        return fingerprint_tables(connection)
