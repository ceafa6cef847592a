"""The refresh as a Dagster job: ``dagster dev -f deploy/dagster_definitions.py``.

The package dagster is not among the dependencies of this project, and this example was not started
with it here; the tests only check that the command it runs and its exit codes exist.
"""

from __future__ import annotations

import subprocess

from dagster import Definitions, Failure, OpExecutionContext, ScheduleDefinition, job, op

WAITING = {3: "a file was rejected", 4: "a business date waits", 8: "a check holds a night back"}


@op
def refresh(context: OpExecutionContext) -> None:
    """Run the refresh; a night that waits for people is told, everything else fails the job."""
    done = subprocess.run(
        [".venv/bin/bankcrm", "refresh"], capture_output=True, text=True, check=False
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
