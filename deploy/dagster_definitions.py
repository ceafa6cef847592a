"""The refresh as a Dagster job: ``dagster dev -f deploy/dagster_definitions.py``.

The package dagster is not among the dependencies of this project; `make proof-dagster` installs it
into an environment of its own and runs the job: a night that is published, one that waits, and one
that fails.
"""

import subprocess
from pathlib import Path

from dagster import Definitions, Failure, OpExecutionContext, ScheduleDefinition, job, op

# No `from __future__ import annotations` here: Dagster reads the annotation of `context` itself.

PROJECT_FOLDER = Path(__file__).resolve().parent.parent
WAITING = {
    3: "a file was rejected",
    4: "a business date waits",
    6: "another refresh is running",
    8: "a check holds a business date back",
    14: "publishing is held after a rollback",
}


@op
def refresh(context: OpExecutionContext) -> None:
    """Run the refresh; a night that waits for people is told, everything else fails the job."""
    done = subprocess.run(
        [".venv/bin/bankcrm", "refresh"],
        cwd=PROJECT_FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    context.log.info(done.stdout)
    if done.returncode in WAITING:
        context.log.warning(WAITING[done.returncode])
    elif done.returncode != 0:
        raise Failure(f"bankcrm refresh ended with {done.returncode}: {done.stderr}")


@job
def nightly() -> None:
    """One night."""
    refresh()


definitions = Definitions(
    jobs=[nightly], schedules=[ScheduleDefinition(job=nightly, cron_schedule="*/15 1-5 * * *")]
)
